/** Finds the lease of a fence, so that the server can check it with each write. */
import type { Fence } from '../../src/store/store.js'
import { leaseLost } from './failures.js'
import { HEADER, type JetStream, type Published } from './jetstream.js'
import type { Headers } from './wire.js'
import { readLease } from './lease-record.js'
import type { Subjects } from './names.js'

/** A lease that this store object holds. */
export interface Holding {
  readonly subject: string
  /** The sequence of the newest renewal. */
  seq: number
  /** False when the lease is lost by the clock of the holder. */
  isAlive(): boolean
  /** Resolves when no renewal is under way. */
  settled(): Promise<void>
  /** The server has refused the holder. */
  lose(): void
}

export interface Fences {
  add(token: number, holding: Holding): void
  remove(token: number): void
  /**
   * Writes under a fence. `write` gets headers that make the server refuse it unless the lease still has this holder. A renewal changes
   * what the server expects, so a refused write is repeated with the new sequence. Rejects with `conflict` when the lease has another holder
   * or none; a result that is refused means that the server refused it for another reason.
   */
  under(label: string, fence: Fence, write: (headers: Headers) => Promise<Published>): Promise<Published>
  /** Rejects with `conflict` unless the fence is that of the present holder. */
  check(label: string, fence: Fence): Promise<void>
}

export function createFences(jetstream: JetStream, subjects: Subjects): Fences {
  const holdings = new Map<number, Holding>()

  /** A fence that came from another process or another store object. */
  const lookUp = async (label: string, { key, token }: Fence): Promise<Holding | undefined> => {
    const filter = { subjects_filter: subjects.leases(key) }
    const info = await jetstream.ask<{ state: { subjects?: Record<string, number> }; ts: string }>(label, 'STREAM.INFO', filter)
    for (const subject of Object.keys(info?.state.subjects ?? {})) {
      const message = await jetstream.last(label, subject)
      const record = message && readLease(message)
      if (record?.token === token && record.ttlMs > 0) {
        return { subject, seq: message?.seq ?? 0, isAlive: () => true, settled: async () => {}, lose: () => {} }
      }
    }
    return undefined
  }
  const find = async (label: string, fence: Fence): Promise<Holding> => {
    const holding = holdings.get(fence.token) ?? (await lookUp(label, fence))
    if (!holding?.isAlive()) throw leaseLost(label, fence.key)
    return holding
  }

  return {
    add: (token, holding) => void holdings.set(token, holding),
    remove: (token) => void holdings.delete(token),
    async under(label, fence, write) {
      let maybe = false
      for (;;) {
        const holding = await find(label, fence).catch((error: unknown) => {
          throw maybe ? leaseLost(label, fence.key, 'maybe') : error
        })
        await holding.settled()
        const { seq, subject } = holding
        if (!holding.isAlive()) throw leaseLost(label, fence.key, maybe ? 'maybe' : 'no')
        const written = await write({ [HEADER.expected]: seq, [HEADER.expectedOn]: subject })
        if (!written.refused) return written
        maybe ||= written.maybe
        await holding.settled()
        if (holding.seq !== seq) continue
        const message = maybe ? await jetstream.lastAfterWrite(label, subject) : await jetstream.last(label, subject)
        if (message?.seq === seq) return { refused: true, maybe }
        // The holder may have renewed its lease while it was read.
        await holding.settled()
        if (holding.seq !== seq) continue
        // For a lease of another store object, the look-up finds out whether it was renewed.
        if (holdings.get(fence.token) === holding) holding.lose()
      }
    },
    async check(label, fence) {
      const holding = await find(label, fence)
      await holding.settled()
      const message = await jetstream.last(label, holding.subject)
      if (!holding.isAlive() || message?.seq !== holding.seq) throw leaseLost(label, fence.key)
    },
  }
}
