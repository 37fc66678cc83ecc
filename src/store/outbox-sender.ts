/** The one sender of a lane: holds the lane's lease, hands over the oldest items, and does what the verdict says. */
import { SignalboxError } from '../errors.js'
import type { Clock } from '../core/clock.js'
import { createGate, type Gate } from './outbox-gate.js'
import type { Ledger } from './outbox-ledger.js'
import type { Delivery, LaneTuning, Memo, OutboxItem, OutboxOptions, OutboxReport, Verdict } from './outbox-types.js'
import type { HeldLease, Lease } from './store.js'

export interface SenderContext {
  readonly options: OutboxOptions
  readonly clock: Clock
  readonly lease: Lease
  /** Keeps an item that can never be delivered. */
  readonly bury: (lane: string, item: OutboxItem, reason: string) => Promise<void>
  readonly report: (report: OutboxReport) => void
  readonly halted: () => SignalboxError | undefined
  readonly halt: (error: SignalboxError) => void
  readonly takeSlot: () => Promise<() => void>
}

export interface Sender {
  /** New items, a flush, or the end of a halt. */
  wake(): void
  /** Delivers without waiting for company. Stays until the lane is empty. */
  hurry(): void
  /** Tries again at once. */
  nudge(): void
  /** Takes nothing more; what is in flight gets this long. */
  stop(graceMs: number): Promise<void>
  /** Ends when there is nothing left to send, or after `stop`. Never rejects. */
  readonly done: Promise<void>
  readonly lastError: SignalboxError | undefined
}

const POLL_MS = 1000

export interface SenderOptions {
  readonly lane: string
  readonly ledger: Ledger
  readonly context: SenderContext
  /** What stood in the log when this life began: an earlier one may have sent it. */
  readonly inherited: number
  readonly tuning: LaneTuning
  /** Told whenever somebody who waits for the lane should look again. */
  readonly settled: () => void
}

export function startSender({ lane, ledger, context, inherited, tuning, settled }: SenderOptions): Sender {
  const { options, clock, report } = context
  const { leaseMs = 30_000, idleMs = 5000, maxBatchItems = 50, maxBatchBytes = 1_000_000 } = options
  const gate: Gate = createGate()
  const abort = new AbortController()
  let stopping = false
  let holds = 0
  let hurried = false
  let nudged = false
  let failures = 0
  let lastError: SignalboxError | undefined
  /** Others may have sent what stood in the log up to here. */
  let suspectUpTo = inherited

  /** Holds the lane until it is idle, lost, or we stop. */
  const hold = async (held: HeldLease): Promise<void> => {
    holds += 1
    await ledger.refresh()
    let lost = false
    // Asked each time: a store that is silent, or a machine that slept, tells nobody that the time is up.
    const isLost = (): boolean => lost || held.remainingMs() <= 0
    let renewal = clock.after(leaseMs / 3, () => void renew())
    const ended = new AbortController()
    const lose = (): void => {
      lost = true
      ended.abort(new SignalboxError({ code: 'conflict', message: `The lane ${JSON.stringify(lane)} went to another sender.` }))
      gate.wake()
    }
    const renew = async (): Promise<void> => {
      const kept = await held.renew().catch(() => held.remainingMs() > 0)
      if (lost || stopping) return
      if (kept) renewal = clock.after(leaseMs / 3, () => void renew())
      else lose()
    }
    const close = (): void => ended.abort(abort.signal.reason)
    abort.signal.addEventListener('abort', close, { once: true })
    try {
      let idleSince = clock.monotonic()
      while (!isLost() && !stopping) {
        const error = context.halted()
        if (error) {
          lastError = error
          settled()
          await gate.wait(Number.POSITIVE_INFINITY, clock)
          continue
        }
        const items = await ledger.page(maxBatchItems, maxBatchBytes)
        if (items.length === 0) {
          hurried = false
          settled()
          if (clock.monotonic() - idleSince >= idleMs) return
          await gate.wait(Math.min(POLL_MS, idleMs), clock)
          continue
        }
        const pause = dueIn(items)
        if (pause > 0) await gate.wait(Math.min(pause, POLL_MS), clock)
        else if (!(await dropExpired(items))) await attempt(items, ended.signal, isLost)
        idleSince = clock.monotonic()
      }
    } finally {
      // Also for a renewal that is under way.
      lost = true
      renewal.cancel()
      abort.signal.removeEventListener('abort', close)
    }
  }

  /** How long these may still wait for company. What is left of an earlier life waits no longer. */
  const dueIn = (items: readonly OutboxItem[]): number => {
    const [first] = items
    const { batchSize = options.batchSize ?? 20, lingerMs = options.lingerMs ?? 5000 } = tuning
    if (!first || hurried || ledger.items >= batchSize || first.position <= suspectUpTo) return 0
    return Math.max(0, Math.min(lingerMs, first.at + lingerMs - clock.now()))
  }

  const dropExpired = async (items: readonly OutboxItem[]): Promise<boolean> => {
    const { maxAgeMs = Number.POSITIVE_INFINITY } = options
    const fresh = items.findIndex((item) => clock.now() - item.at <= maxAgeMs)
    const old = fresh === -1 ? items : items.slice(0, fresh)
    if (old.length === 0) return false
    await ledger.settle(old, { dropped: old.length })
    report({ type: 'dropped', lane, count: old.length, why: 'expired' })
    return true
  }

  const attempt = async (items: readonly OutboxItem[], signal: AbortSignal, isLost: () => boolean): Promise<void> => {
    const release = await context.takeSlot()
    let verdict: Verdict
    try {
      if (stopping || isLost()) return
      const resumed = (items[0]?.position ?? 0) <= suspectUpTo
      const delivery: Delivery = {
        lane,
        items,
        memo: ledger.state.memo,
        failures,
        resumed,
        hold: holds,
        saveMemo: (memo) => ledger.saveMemo(memo),
        signal,
      }
      verdict = await options.deliver(delivery)
    } catch (error) {
      verdict = { kind: 'later', error: SignalboxError.is(error) ? error : unexpected(error) }
    } finally {
      release()
    }
    // An answer that came is good, even if the lease went meanwhile: what was delivered is delivered.
    if (verdict.kind === 'delivered') await delivered(items.slice(0, verdict.count), verdict)
    else if (verdict.kind === 'dead') await bury(items[0], verdict.reason)
    else if (verdict.kind === 'halt') {
      lastError = verdict.error
      context.halt(verdict.error)
    } else if (verdict.kind === 'wait') await pause(verdict.afterMs)
    else await later(verdict.error, verdict.afterMs ?? 0, signal)
  }

  const delivered = async (
    items: readonly OutboxItem[],
    { memo, ambiguous = 0 }: { memo?: Memo; ambiguous?: number },
  ): Promise<void> => {
    failures = 0
    lastError = undefined
    if (ambiguous > 0) report(ambiguity(lane, items, ambiguous))
    await ledger.settle(items, { delivered: items.length, ambiguous, ...(memo ? { memo } : {}) })
    report({ type: 'delivered', lane, count: items.length })
    settled()
  }

  const bury = async (item: OutboxItem | undefined, reason: string): Promise<void> => {
    if (!item) return
    failures = 0
    lastError = undefined
    // First kept, then settled: a crash between the two keeps it twice, under one ordinal.
    await context.bury(lane, item, reason)
    await ledger.settle([item], { dead: 1 })
    report({ type: 'dead', lane, ordinal: item.ordinal, reason })
    settled()
  }

  const later = async (error: SignalboxError, afterMs: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return
    failures += 1
    lastError = error
    const { pauseMs = defaultPause } = options
    const delayMs = Math.max(afterMs, pauseMs(failures))
    report({ type: 'retrying', lane, failures, delayMs, error })
    settled()
    nudged = false
    await pause(delayMs)
  }

  /** Only the end of the time, a nudge, or the stop ends a pause: new items do not make a server recover. */
  const pause = async (ms: number): Promise<void> => {
    const until = clock.monotonic() + ms
    while (!stopping && !nudged && !context.halted() && clock.monotonic() < until) {
      await gate.wait(until - clock.monotonic(), clock)
    }
    nudged = false
  }

  const run = async (): Promise<void> => {
    while (!stopping) {
      const held = await context.lease.acquire(lane, { ttlMs: leaseMs }).catch((error: unknown) => {
        lastError = SignalboxError.is(error) ? error : unexpected(error)
        // Without leases nobody may send, and time changes nothing about that.
        if (lastError.code === 'unsupported') context.halt(lastError)
        // The store was closed under us: there is nothing left to hold.
        if (lastError.code === 'closed') stopping = true
        return null
      })
      if (held) {
        try {
          await hold(held)
        } catch (error) {
          if (!SignalboxError.is(error, 'conflict')) lastError = SignalboxError.is(error) ? error : unexpected(error)
          settled()
          if (!stopping) await gate.wait(POLL_MS, clock)
        } finally {
          await held.release().catch(() => {})
        }
      } else await gate.wait(POLL_MS, clock)
      await ledger.refresh().catch(() => {})
      settled()
      if (ledger.items === 0) return
      // Whoever held the lane meanwhile may have sent any of these.
      if (!held) suspectUpTo = Math.max(suspectUpTo, ledger.tip)
    }
  }

  const done = run().catch((error: unknown) => {
    lastError = SignalboxError.is(error) ? error : unexpected(error)
    settled()
  })
  return {
    wake: () => gate.wake(),
    hurry() {
      hurried = true
      gate.wake()
    },
    nudge() {
      nudged = true
      gate.wake()
    },
    async stop(graceMs) {
      stopping = true
      gate.wake()
      const timer = clock.after(graceMs, () =>
        abort.abort(new SignalboxError({ code: 'closed', message: 'The outbox was closed.' })),
      )
      await done
      timer.cancel()
    },
    done,
    get lastError() {
      return lastError
    },
  }
}

function ambiguity(lane: string, items: readonly OutboxItem[], count: number): OutboxReport {
  return {
    type: 'ambiguous',
    lane,
    from: items[0]?.ordinal ?? 0,
    to: items[count - 1]?.ordinal ?? items.at(-1)?.ordinal ?? 0,
    count,
  }
}

const defaultPause = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 30_000)

const unexpected = (cause: unknown): SignalboxError =>
  new SignalboxError({ code: 'protocol', message: `The delivery failed: ${String(cause)}`, sent: 'maybe', cause })
