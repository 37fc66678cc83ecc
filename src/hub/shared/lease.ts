/**
 * The lease of a source, over outages of the store. While it is not certain that the lease is held, its hub does nothing for the agents of
 * the source. When the store is back, the hub takes the lease again and goes on, unless another hub has driven the source meanwhile.
 */
import { sleep, type Clock, type Timer } from '../../core/clock.js'
import { SignalboxError } from '../../errors.js'
import type { Fence, HeldLease, Lease, Log } from '../../store/store.js'
import { hubError } from '../context.js'
import type { Table } from '../table.js'
import type { DriveRecord } from './records.js'

export interface SourceLease {
  /** The lease that an append must name now. */
  readonly fence: Fence
  /** Undefined while the lease is held. Otherwise settles when it is held again, and rejects when another hub has it. */
  pause(): Promise<void> | undefined
  /** Takes the lease under a new token, so that no write that is still under way can arrive. */
  retake(): Promise<void>
  /** True after `hurry`: calls no longer wait for the store. */
  readonly closing: boolean
  /** Ends all waits for the store. A call that fails afterwards is not repeated. */
  hurry(): void
  release(): Promise<void>
}

export interface SourceLeaseOptions {
  readonly lease: Lease
  readonly held: HeldLease
  readonly source: string
  readonly log: Log
  readonly drives: Table<DriveRecord>
  readonly clock: Clock
  readonly ttlMs: number
  /** Ends the drive. */
  readonly signal: AbortSignal
  readonly onLost: (error: SignalboxError) => void
}

/** The key of the lease of a source. */
export const leaseKey = (source: string): string => `source:${source}`

export function createSourceLease(options: SourceLeaseOptions): SourceLease {
  const { lease, source, log, drives, clock, ttlMs, signal, onLost } = options
  let held = options.held
  /** Every token that this hub has held or tried to hold in this drive. */
  const ownTokens = new Set([held.token])
  let retaking: Promise<void> | undefined
  let over: SignalboxError | undefined
  let closing = false
  let timer: Timer | undefined

  const lose = (cause?: unknown): never => {
    const message = `Another hub drives the source ${source} now.`
    over ??= hubError({ code: 'conflict', message, ...(cause === undefined ? {} : { cause }) })
    timer?.cancel()
    onLost(over)
    throw over
  }
  /** One attempt. False when the lease is not free yet. */
  const tryAgain = async (): Promise<boolean> => {
    const before = await drives.get(source)
    if (!before || !ownTokens.has(before.record.token)) return lose()
    const next = await lease.acquire(leaseKey(source), { ttlMs })
    if (!next) return false
    ownTokens.add(next.token)
    const isOurs = await drives.change(source, (record) =>
      ownTokens.has(record.token) ? { ...record, token: next.token } : undefined,
    )
    if (!isOurs) {
      await next.release().catch(() => {})
      return lose()
    }
    await log.append([], { fence: next })
    held = next
    return true
  }
  const take = async (): Promise<void> => {
    // A lease that cannot be released runs out.
    await held.release().catch(() => {})
    for (;;) {
      if (over) throw over
      try {
        if (await tryAgain()) return
      } catch (error) {
        if (over || closing || SignalboxError.is(error, 'closed')) throw error
        // The store is still away, or another hub has the lease. The next attempt reads the record, which names that hub.
      }
      await sleep(clock, Math.ceil(ttlMs / 20), signal)
    }
  }
  const retake = (): Promise<void> => {
    retaking ??= take().finally(() => {
      retaking = undefined
    })
    // A caller that does not wait for it must not cause an unhandled rejection.
    retaking.catch(() => {})
    return retaking
  }
  const renew = async (): Promise<void> => {
    if (!retaking) {
      try {
        if (!(await held.renew(ttlMs)) && !retaking) void retake()
      } catch {
        // The store may be back before the lease has run out.
        if (held.remainingMs() === 0) void retake()
      }
    }
    arm()
  }
  const arm = (): void => {
    if (!over && !signal.aborted) timer = clock.after(Math.ceil(ttlMs / 3), () => void renew())
  }
  arm()
  return {
    get fence() {
      return held
    },
    pause() {
      if (over) return Promise.reject(over)
      if (signal.aborted && !closing) return Promise.reject(signal.reason)
      if (retaking) return retaking
      return held.remainingMs() > 0 ? undefined : retake()
    },
    retake,
    get closing() {
      return closing
    },
    hurry() {
      closing = true
      timer?.cancel()
    },
    async release() {
      timer?.cancel()
      over ??= hubError({ code: 'closed', message: `The hub no longer drives the source ${source}.` })
      await held.release().catch(() => {})
    },
  }
}
