/** The one sender of a queue: it holds the queue's lease, hands over the oldest items, and does what the verdict says. */
import type { Clock } from '../../core/clock.js'
import { onAbort } from '../../core/on-abort.js'
import { SignalboxError } from '../../errors.js'
import type { HeldLease, Lease } from '../store.js'
import { ambiguityReport, defaultPause, expired, pauseBeforeSend, usable } from './decisions.js'
import { keepLease } from './keep-lease.js'
import type { QueueStore } from './queue-store.js'
import type { Delivery, OutboxItem, OutboxOptions, OutboxReport, QueueTuning, Verdict } from './types.js'
import { createWake, type Wake } from './wake.js'

/** Values that all senders of an outbox share. */
export interface SenderContext {
  readonly options: OutboxOptions
  readonly clock: Clock
  readonly lease: Lease
  readonly report: (report: OutboxReport) => void
  /** Keeps an item that can never be delivered. */
  readonly keepDead: (queue: string, item: OutboxItem, reason: string) => Promise<void>
  readonly halted: () => SignalboxError | undefined
  readonly halt: (error: SignalboxError) => void
  readonly takeSlot: () => Promise<() => void>
}

export interface Sender {
  /** There are new items, or the outbox was halted. */
  wake(): void
  /** Delivers without waiting for more items, until the queue is empty. */
  hurry(): void
  /** Ends the pause after a failure. */
  nudge(): void
  /** Takes no more items. A request under way gets so long. */
  stop(graceMs: number): Promise<void>
  /** Resolves when there is nothing left to send, or after `stop`. Never rejects. */
  readonly done: Promise<void>
  readonly lastError: SignalboxError | undefined
}

export interface SenderOptions {
  readonly queue: string
  readonly stored: QueueStore
  readonly context: SenderContext
  /** The last position that was in the log when this outbox opened it: an earlier process may have sent items up to it. */
  readonly inherited: number
  readonly tuning: QueueTuning
  /** Called whenever a flush should look at the queue again. */
  readonly settled: () => void
}

/** A sender at work: its options and what changes. */
interface Run extends SenderOptions {
  readonly wake: Wake
  readonly abort: AbortController
  stopping: boolean
  holds: number
  hurried: boolean
  /** Waits for more items. An append need not wake it before the batch is full. */
  lingering: boolean
  /** The oldest item that waits. */
  first: OutboxItem | undefined
  nudged: boolean
  failures: number
  lastError: SignalboxError | undefined
  /** Another process may have sent items up to this position. */
  inheritedUpTo: number
}

/** How long to wait before the lease, or an empty queue, is looked at again. */
const POLL_MS = 1000

export function startSender(options: SenderOptions): Sender {
  const run: Run = {
    ...options,
    wake: createWake(),
    abort: new AbortController(),
    stopping: false,
    holds: 0,
    hurried: false,
    lingering: false,
    first: undefined,
    nudged: false,
    failures: 0,
    lastError: undefined,
    inheritedUpTo: options.inherited,
  }
  const done = work(run).catch((error: unknown) => {
    run.lastError = typedError(error)
    run.settled()
  })
  return {
    wake() {
      if (!run.lingering || pauseOf(run) === 0) run.wake.wake()
    },
    hurry() {
      run.hurried = true
      run.wake.wake()
    },
    nudge() {
      run.nudged = true
      run.wake.wake()
    },
    async stop(graceMs) {
      run.stopping = true
      run.wake.wake()
      const timer = run.context.clock.after(graceMs, () =>
        run.abort.abort(new SignalboxError({ code: 'closed', message: 'The outbox was closed.' })),
      )
      await done
      timer.cancel()
    },
    done,
    get lastError() {
      return run.lastError
    },
  }
}

/** Acquires the lease again and again, until the queue is empty. */
async function work(run: Run): Promise<void> {
  const { stored, settled, context, wake } = run
  while (!run.stopping) {
    const lease = await acquire(run)
    if (lease) {
      try {
        await deliverWhileHeld(run, lease)
      } catch (error) {
        if (!SignalboxError.is(error, 'conflict')) run.lastError = typedError(error)
        settled()
        if (!run.stopping) await wake.wait(POLL_MS, context.clock)
      } finally {
        await lease.release().catch(() => {})
      }
    } else await wake.wait(POLL_MS, context.clock)
    await stored.refresh().catch(() => {})
    settled()
    if (stored.waiting.items === 0) return
    // The other holder of the lease may have sent any of these items.
    if (!lease) run.inheritedUpTo = Math.max(run.inheritedUpTo, stored.tip)
  }
}

async function acquire(run: Run): Promise<HeldLease | null> {
  const { queue, context } = run
  try {
    return await context.lease.acquire(queue, { ttlMs: context.options.leaseMs ?? 30_000 })
  } catch (cause) {
    const error = typedError(cause)
    run.lastError = error
    // Sending needs a lease, and this store has no leases.
    if (error.code === 'unsupported') context.halt(error)
    if (error.code === 'closed') run.stopping = true
    return null
  }
}

/** Delivers until the queue is idle, the lease is lost, or the sender stops. */
async function deliverWhileHeld(run: Run, lease: HeldLease): Promise<void> {
  const { queue, stored, context, wake, settled } = run
  const { options, clock } = context
  const { leaseMs = 30_000, idleMs = 5000, maxBatchItems = 50, maxBatchBytes = 1_000_000 } = options
  run.holds += 1
  await stored.refresh()
  const ended = new AbortController()
  const kept = keepLease(lease, leaseMs, clock, () => {
    ended.abort(new SignalboxError({ code: 'conflict', message: `Another sender took over the queue ${JSON.stringify(queue)}.` }))
    wake.wake()
  })
  const unfollow = onAbort(run.abort.signal, () => ended.abort(run.abort.signal.reason))
  try {
    let idleSince = clock.monotonic()
    while (!kept.isLost() && !run.stopping) {
      const halted = context.halted()
      if (halted) {
        run.lastError = halted
        settled()
        await wake.wait(Number.POSITIVE_INFINITY, clock)
        continue
      }
      const items = await stored.page(maxBatchItems, maxBatchBytes)
      if (items.length === 0) {
        run.hurried = false
        settled()
        if (clock.monotonic() - idleSince >= idleMs) return
        await wake.wait(Math.min(POLL_MS, idleMs), clock)
        continue
      }
      run.first = items[0]
      const pauseMs = pauseOf(run)
      if (pauseMs > 0) await linger(run, pauseMs)
      else if (!(await dropExpired(run, items))) await attempt(run, items, ended.signal, kept.isLost)
      idleSince = clock.monotonic()
    }
  } finally {
    kept.stop()
    unfollow()
  }
}

async function linger(run: Run, ms: number): Promise<void> {
  run.lingering = true
  await run.wake.wait(Math.min(ms, POLL_MS), run.context.clock)
  run.lingering = false
}

function pauseOf({ first, tuning, hurried, inheritedUpTo, stored, context }: Run): number {
  const { options, clock } = context
  return pauseBeforeSend(first, {
    waiting: stored.ready,
    batchSize: tuning.batchSize ?? options.batchSize ?? 20,
    lingerMs: tuning.lingerMs ?? options.lingerMs ?? 5000,
    hurried,
    inheritedUpTo,
    now: clock.now(),
  })
}

async function dropExpired({ queue, stored, context }: Run, items: readonly OutboxItem[]): Promise<boolean> {
  const { options, clock, report } = context
  const old = expired(items, clock.now(), options.maxAgeMs ?? Number.POSITIVE_INFINITY)
  if (old.length === 0) return false
  await stored.settle(old, { dropped: old.length })
  report({ type: 'dropped', queue, count: old.length, why: 'expired' })
  return true
}

/** One call of `deliver`, and what follows from its verdict. */
async function attempt(run: Run, items: readonly OutboxItem[], signal: AbortSignal, isLost: () => boolean): Promise<void> {
  const { queue, stored, context, failures, holds: hold } = run
  const release = await context.takeSlot()
  let verdict: Verdict
  try {
    if (run.stopping || isLost()) return
    const delivery: Delivery = {
      queue,
      items,
      memo: stored.state.memo,
      failures,
      resumed: (items[0]?.position ?? 0) <= run.inheritedUpTo,
      hold,
      saveMemo: stored.saveMemo,
      signal,
    }
    verdict = usable(await context.options.deliver(delivery), items.length)
  } catch (error) {
    verdict = { kind: 'later', error: typedError(error) }
  } finally {
    release()
  }
  // The verdict counts even if the lease was lost meanwhile, because the receiver has the items.
  if (verdict.kind === 'delivered') await settleDelivered(run, items.slice(0, verdict.count), verdict)
  else if (verdict.kind === 'dead') await settleDead(run, items[0], verdict.reason)
  else if (verdict.kind === 'halt') {
    run.lastError = verdict.error
    context.halt(verdict.error)
  } else if (verdict.kind === 'wait') await pause(run, verdict.afterMs)
  else if (!signal.aborted) await retryLater(run, verdict.error, verdict.afterMs ?? 0)
}

async function settleDelivered(
  run: Run,
  items: readonly OutboxItem[],
  { memo, ambiguous = 0 }: Extract<Verdict, { kind: 'delivered' }>,
): Promise<void> {
  const { queue, stored, context } = run
  run.failures = 0
  run.lastError = undefined
  if (ambiguous > 0) context.report(ambiguityReport(queue, items, ambiguous))
  await stored.settle(items, { delivered: items.length, ambiguous, ...(memo ? { memo } : {}) })
  context.report({ type: 'delivered', queue, count: items.length })
  run.settled()
}

async function settleDead(run: Run, item: OutboxItem | undefined, reason: string): Promise<void> {
  if (!item) return
  const { queue, stored, context } = run
  run.failures = 0
  run.lastError = undefined
  // Kept first, then settled: a crash between the two keeps it twice, with one ordinal.
  await context.keepDead(queue, item, reason)
  await stored.settle([item], { dead: 1 })
  context.report({ type: 'dead', queue, ordinal: item.ordinal, reason })
  run.settled()
}

async function retryLater(run: Run, error: SignalboxError, afterMs: number): Promise<void> {
  const { queue, context } = run
  run.failures += 1
  run.lastError = error
  const delayMs = Math.max(afterMs, (context.options.pauseMs ?? defaultPause)(run.failures))
  context.report({ type: 'retrying', queue, failures: run.failures, delayMs, error })
  run.settled()
  run.nudged = false
  await pause(run, delayMs)
}

/** Ends when the time has passed, at a nudge, at a halt, or at the stop. New items do not end it: they do not make a server recover. */
async function pause(run: Run, ms: number): Promise<void> {
  const { clock, halted } = run.context
  const until = clock.monotonic() + ms
  while (!run.stopping && !run.nudged && !halted() && clock.monotonic() < until) {
    await run.wake.wait(until - clock.monotonic(), clock)
  }
  run.nudged = false
}

const typedError = (cause: unknown): SignalboxError =>
  SignalboxError.is(cause)
    ? cause
    : new SignalboxError({ code: 'protocol', message: `The delivery failed: ${String(cause)}`, sent: 'maybe', cause })
