/**
 * Leases as messages that the server deletes when their time is over. Acquiring, renewing and releasing each expect the sequence of the
 * message before, so the server decides between two holders.
 */
import { sleep } from '../../src/core/clock.js'
import { checkKey, checkPosition, storeClosed } from '../../src/store/rules.js'
import type { Lease } from '../../src/store/store.js'
import type { Fences } from './fences.js'
import { createHeldLease } from './held-lease.js'
import { HEADER, type JetStream, type Published } from './jetstream.js'
import { readLease, writeLease, type LeaseRecord } from './lease-record.js'
import type { Subjects } from './names.js'
import { toMs, type Headers } from './wire.js'

/** Ten years. The server cannot count much longer. */
const LONGEST_TTL_S = 315_360_000
/** With the pauses between them, about a second and a half. */
const MAX_ATTEMPTS = 40

export interface LeaseOptions {
  readonly jetstream: JetStream
  readonly subjects: Subjects
  readonly fences: Fences
  readonly name: string
}

export function createNatsLease({ jetstream, subjects, fences, name }: LeaseOptions, release: () => void): Lease {
  const label = `The lease store ${name}`
  const { clock } = jetstream
  const held = new Set<() => Promise<void>>()
  let closed = false
  const checkOpen = (): void => {
    if (closed) throw storeClosed(label)
  }

  /** Replaces the message with this sequence. Undefined: another message is there. */
  const replace = async (subject: string, seq: number, record: Partial<LeaseRecord>): Promise<number | undefined> => {
    const ttl = `${Math.min(LONGEST_TTL_S, Math.max(1, Math.ceil((record.ttlMs ?? 0) / 1000)))}s`
    const bytes = writeLease(record)
    const ids = new Set<string>()
    for (let attempt = 1; ; attempt += 1) {
      const id = crypto.randomUUID()
      ids.add(id)
      const headers: Headers = { [HEADER.id]: id, [HEADER.expected]: seq, [HEADER.rollup]: 'sub', [HEADER.ttl]: ttl }
      const written: Published = await jetstream.publish(label, { subject, bytes, headers })
      if (!written.refused) return written.seq
      const now = await (written.maybe ? jetstream.lastAfterWrite(label, subject) : jetstream.last(label, subject))
      // An attempt without an answer may have been stored. Then the message that is there now is ours.
      if (now && ids.has(String(now.header(HEADER.id)))) return now.seq
      if ((now?.seq ?? 0) !== seq || attempt === MAX_ATTEMPTS) return undefined
      // The leader of a cluster also refuses while an append that names this lease is under way.
      await sleep(clock, Math.min(5 * attempt, 50))
    }
  }

  /** The sequence to replace in order to take the lease. Undefined while it is held. */
  const replaceable = async (subject: string): Promise<number | undefined> => {
    const message = await jetstream.last(label, subject)
    if (!message) return 0
    const { ttlMs } = readLease(message)
    if (ttlMs === 0) return message.seq
    // The server deletes whole seconds late. Both times are the server's, so no clock of a client counts.
    const info = await jetstream.ask<{ ts: string }>(label, 'STREAM.INFO')
    return info && toMs(info.ts) >= message.at + ttlMs ? message.seq : undefined
  }

  const take = async (subject: string, ttlMs: number): Promise<number | undefined> => {
    let expected: number | undefined = 0
    // A refusal means that another message is there, or that one has just expired.
    for (let round = 0; round < 5 && expected !== undefined; round += 1) {
      const token = await replace(subject, expected, { ttlMs })
      if (token !== undefined) return token
      expected = await replaceable(subject)
    }
    return undefined
  }

  return {
    async acquire(key, { ttlMs }) {
      checkOpen()
      checkKey(key)
      checkPosition(ttlMs, 'ttlMs', 1)
      const subject = subjects.lease(name, key)
      const askedAtMs = clock.monotonic()
      const token = await take(subject, ttlMs)
      if (token === undefined) return null

      const { lease, releaseHeld } = createHeldLease({
        key,
        subject,
        token,
        ttlMs,
        askedAtMs,
        clock,
        fences,
        checkOpen,
        replace: (seq, record) => replace(subject, seq, record),
        onEnd: () => void held.delete(releaseHeld),
      })
      held.add(releaseHeld)
      // The store was closed meanwhile: nobody can use this lease.
      if (closed) await releaseHeld().catch(() => {})
      checkOpen()
      return lease
    },
    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      // The next holder need not wait until the time has passed.
      await Promise.all([...held].map((releaseHeld) => releaseHeld().catch(() => {})))
      release()
    },
  }
}
