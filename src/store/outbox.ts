/**
 * The outbox: what is appended is durable before the caller hears of it, leaves in order, lane by lane, under one sender, with the same
 * bytes on every attempt, and is deleted only when the receiver has it. It knows nothing of any system: `deliver` does.
 */
import { tell } from '../core/policy/policy.js'
import { systemClock } from '../core/clock.js'
import { abortError, createDeadline, raceSignal } from '../core/deadline.js'
import { deferred, type Deferred } from '../core/deferred.js'
import { SignalboxError } from '../errors.js'
import { createSlots } from './outbox-gate.js'
import { openLedger, type Ledger } from './outbox-ledger.js'
import { createDeadLetters, type DeadLetters } from './outbox-dead.js'
import { startSender, type Sender, type SenderContext } from './outbox-sender.js'
import { loadLane, type LaneState } from './outbox-state.js'
import type { FlushReport, LaneTuning, OutboxCounts, OutboxOptions, OutboxReport } from './outbox-types.js'

export type {
  DeadLetter,
  Deliver,
  Delivery,
  FlushReport,
  LaneTuning,
  Memo,
  OutboxCounts,
  OutboxItem,
  OutboxLimits,
  OutboxOptions,
  OutboxOverflow,
  OutboxReport,
  Verdict,
} from './outbox-types.js'
export type { LaneState } from './outbox-state.js'

export interface AppendItemOptions {
  /** Does it take an ordinal? Default true. */
  readonly numbered?: boolean
  readonly signal?: AbortSignal
}

export interface FlushOptions {
  /** Default: every lane. */
  readonly lane?: string
  readonly signal?: AbortSignal
  /** When it has passed, the report says what still waits. Default: until everything is settled, or the outbox has stopped. */
  readonly timeoutMs?: number
}

export interface Outbox extends AsyncDisposable {
  /** Resolves when the item is as durable as the store makes it; false when the overflow policy dropped it. */
  append(lane: string, body: Uint8Array, options?: AppendItemOptions): Promise<boolean>
  /** Delivers without waiting for company. Failures of delivery are in the report; only an abort rejects. */
  flush(options?: FlushOptions): Promise<FlushReport>
  /** How long this lane waits for company, where it differs from the rest. */
  tune(lane: string, tuning: LaneTuning): void
  /** Takes up what earlier lives left; gives the lanes that had something. */
  recover(): Promise<string[]>
  /** What a lane remembers: counts, memo, how far it is settled. */
  state(lane: string): Promise<LaneState>
  /** Items that wait, in this object's lanes. */
  pending(lane?: string): number
  /** Since this object was made. */
  readonly counts: OutboxCounts
  readonly halted: SignalboxError | undefined
  /** Ends a halt, after what caused it was changed. */
  resume(): void
  /** Ends every pause between attempts, as when the network is back. */
  nudge(): void
  readonly deadLetters: DeadLetters
  /** Stops sending and frees everything; what waits stays in the store. In flight gets `graceMs`, default 2,000. */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

const DAY_MS = 86_400_000
/** Lanes that were tuned before they were used. */
const MAX_TUNINGS = 1000

interface Lane {
  readonly ledger: Ledger
  readonly inherited: number
  sender: Sender | undefined
  readonly watchers: Set<() => void>
  tuning: LaneTuning
  /** The last in line of those who wait for room. */
  admitting: Promise<void>
  blocked: number
}

export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { store, name, clock = systemClock, maxConcurrent = 4 } = options
  const { maxItems = 100_000, maxBytes = 256 * 1024 * 1024, overflow = 'block', forgetAfterMs = 30 * DAY_MS } = options
  const kv = await store.kv(name)
  const lease = await store.lease(name)
  const lanes = new Map<string, Promise<Lane>>()
  const open = new Map<string, Lane>()
  const tunings = new Map<string, LaneTuning>()
  const slots = createSlots(maxConcurrent)
  const counts = { delivered: 0, dead: 0, dropped: 0, ambiguous: 0 }
  let waiting = { items: 0, bytes: 0 }
  let roomWaiters: Deferred<void>[] = []
  let halted: SignalboxError | undefined
  let closing: Promise<void> | undefined

  const report = (event: OutboxReport): void => {
    if (event.type === 'delivered') counts.delivered += event.count
    if (event.type === 'dead') counts.dead += 1
    if (event.type === 'dropped') counts.dropped += event.count
    if (event.type === 'ambiguous') counts.ambiguous += event.count
    tell(options.onReport, event)
  }
  const releaseRoom = (): void => {
    const waiters = roomWaiters
    roomWaiters = []
    for (const waiter of waiters) waiter.resolve()
  }
  const deadLetters = createDeadLetters(store, `${name}/dead`, options.maxDeadLetters ?? 10_000, (count) =>
    report({ type: 'dropped', lane: '', count, why: 'overflow' }),
  )
  const context: SenderContext = {
    options,
    clock,
    lease,
    report,
    halted: () => halted,
    halt(error) {
      if (halted) return
      halted = error
      report({ type: 'halted', error })
      for (const lane of open.values()) lane.sender?.wake()
    },
    takeSlot: () => slots.take(),
    bury: (lane, item, reason) => deadLetters.add(lane, item, reason),
  }

  const openLane = (lane: string): Promise<Lane> => {
    const known = lanes.get(lane)
    if (known) return known
    const opening = (async () => {
      const log = await store.log(`${name}:${lane}`)
      const onChange = (items: number, bytes: number): void => {
        waiting = { items: waiting.items + items, bytes: waiting.bytes + bytes }
        if (items < 0) releaseRoom()
      }
      try {
        const ledger = await openLedger({ lane, log, kv, now: () => clock.now(), report, onChange })
        const made: Lane = {
          ledger,
          inherited: ledger.tip,
          sender: undefined,
          watchers: new Set(),
          tuning: tunings.get(lane) ?? {},
          admitting: Promise.resolve(),
          blocked: 0,
        }
        open.set(lane, made)
        tunings.delete(lane)
        return made
      } catch (error) {
        await log[Symbol.asyncDispose]()
        throw error
      }
    })()
    lanes.set(lane, opening)
    opening.catch(() => lanes.delete(lane))
    return opening
  }
  const letGo = async (lane: string, held: Lane): Promise<void> => {
    if (open.get(lane) !== held || held.sender || held.ledger.items > 0 || held.blocked > 0 || closing) return
    open.delete(lane)
    lanes.delete(lane)
    await held.ledger.close()
  }
  const settledIn = (lane: Lane): void => {
    for (const watcher of lane.watchers) watcher()
  }
  const ensureSender = (lane: string, held: Lane): void => {
    if (closing) return
    if (held.sender) {
      held.sender.wake()
      return
    }
    const sender = startSender({ lane, ...held, context, settled: () => settledIn(held) })
    held.sender = sender
    void sender.done.then(() => {
      held.sender = undefined
      settledIn(held)
      if (closing) return
      // Something may have come while it was leaving.
      if (held.ledger.items > 0) ensureSender(lane, held)
      else void letGo(lane, held).catch(() => {})
    })
  }

  const isFull = (bytes: number): boolean => waiting.items + 1 > maxItems || waiting.bytes + bytes > maxBytes
  const full = (): SignalboxError =>
    new SignalboxError({
      code: 'unavailable',
      message: `The outbox ${JSON.stringify(name)} is full: ${waiting.items} items, ${waiting.bytes} bytes wait.`,
      hint: 'Find out why nothing is delivered, raise maxItems or maxBytes, or choose another overflow policy.',
    })
  /** Makes room as the policy says; false to drop the new item. */
  const makeRoom = async (lane: Lane, laneName: string, bytes: number, signal: AbortSignal | undefined): Promise<boolean> => {
    while (isFull(bytes)) {
      if (closing) throw closed(name)
      if (overflow === 'reject' || bytes > maxBytes) throw full()
      if (overflow === 'drop-newest') return false
      if (overflow === 'drop-oldest') {
        await lane.ledger.appended()
        const [oldest] = await lane.ledger.page(1, 1)
        if (!oldest) throw full()
        await lane.ledger.settle([oldest], { dropped: 1 })
        report({ type: 'dropped', lane: laneName, count: 1, why: 'overflow' })
        continue
      }
      const waiter = deferred()
      roomWaiters.push(waiter)
      try {
        await (signal ? raceSignal(waiter.promise, signal) : waiter.promise)
      } finally {
        roomWaiters = roomWaiters.filter((other) => other !== waiter)
      }
    }
    return true
  }

  const settledEverywhere = (wanted: ReadonlyMap<Lane, number>): boolean =>
    [...wanted].every(([lane, tip]) => lane.ledger.state.position >= tip || lane.ledger.items === 0)

  /**
   * Who waits for room keeps its place: nobody of the same lane overtakes it, and the room it found is taken before the next one looks.
   * Whoever gives up leaves at once, also from behind another; what was begun by then is seen through.
   */
  const admit = async (
    held: Lane,
    signal: AbortSignal | undefined,
    room: () => Promise<boolean>,
    begin: () => Promise<number>,
  ): Promise<boolean> => {
    let begun = false
    const turn = held.admitting.then(async () => {
      if (signal?.aborted || !(await room()) || signal?.aborted) return undefined
      begun = true
      return { appending: begin() }
    })
    held.admitting = turn.then(
      () => {},
      () => {},
    )
    held.blocked += 1
    try {
      const admitted = await (signal ? raceSignal(turn, signal) : turn).catch((error: unknown) => {
        if (begun) return turn
        throw signal?.aborted ? abortError(signal, { op: 'append', sent: 'no' }) : error
      })
      await admitted?.appending
      return admitted !== undefined
    } finally {
      held.blocked -= 1
    }
  }

  const outbox: Outbox = {
    async append(lane, body, { numbered = true, signal } = {}) {
      if (closing) throw closed(name)
      let held = await openLane(lane)
      // It may have been let go, idle, in the very moment in which it was found.
      while (open.get(lane) !== held && !closing) held = await openLane(lane)
      const begin = (): Promise<number> => {
        if (closing) throw closed(name)
        return held.ledger.append(body, clock.now(), numbered)
      }
      if (held.blocked > 0 || isFull(body.byteLength)) {
        if (!(await admit(held, signal, () => makeRoom(held, lane, body.byteLength, signal), begin))) {
          report({ type: 'dropped', lane, count: 1, why: 'overflow' })
          return false
        }
      } else await begin()
      ensureSender(lane, held)
      return true
    },
    async flush({ lane, signal, timeoutMs } = {}) {
      const chosen = [...lanes.entries()].filter(([known]) => lane === undefined || known === lane)
      const held = (await Promise.allSettled(chosen.map(([, opening]) => opening))).flatMap((result) =>
        result.status === 'fulfilled' ? [result.value] : [],
      )
      const wanted = new Map(held.map((one) => [one, one.ledger.tip]))
      for (const [index, one] of held.entries()) {
        if (one.ledger.items > 0) ensureSender(chosen[index]?.[0] ?? '', one)
        one.sender?.hurry()
      }
      const deadline = createDeadline({ signal, timeoutMs, clock })
      let change: Deferred<void> | undefined
      const look = (): void => change?.resolve()
      for (const one of held) one.watchers.add(look)
      try {
        while (!settledEverywhere(wanted) && !halted && !closing) {
          change = deferred()
          await raceSignal(change.promise, deadline.signal)
        }
      } catch (error) {
        // What waits goes on: only the waiting ends.
        if (signal?.aborted) throw abortError(signal, { op: 'flush', sent: 'maybe' })
        if (!deadline.signal.aborted) throw error
      } finally {
        for (const one of held) one.watchers.delete(look)
        deadline[Symbol.dispose]()
      }
      const pending = held.reduce((sum, one) => sum + one.ledger.items, 0)
      const error = halted ?? held.map((one) => one.sender?.lastError).find((found) => found !== undefined)
      return pending > 0 && error ? { pending, error } : { pending }
    },
    tune(lane, tuning) {
      const held = open.get(lane)
      if (held) Object.assign(held.tuning, tuning)
      else if (Object.keys(tuning).length > 0) {
        tunings.set(lane, { ...tuning })
        if (tunings.size > MAX_TUNINGS) tunings.delete(tunings.keys().next().value as string)
      }
    },
    async recover() {
      const found: string[] = []
      const takeUp = async (lane: string): Promise<void> => {
        // Another process may be at work on it; then it is not ours to take up.
        const held = await openLane(lane).catch(() => undefined)
        if (!held) return
        if (held.ledger.items > 0) {
          found.push(lane)
          ensureSender(lane, held)
          return
        }
        const { at } = held.ledger.state
        // Housekeeping: what could not be put away now is looked at again by the next recovery, and stops nothing.
        await letGo(lane, held).catch(() => {})
        if (at > 0 && clock.now() - at > forgetAfterMs) await kv.delete(lane).catch(() => {})
      }
      for (let after: string | undefined; ; ) {
        // Some at a time: a month of sessions is thousands, and each of them is a look at the disk.
        const keys = await kv.list(after === undefined ? {} : { after })
        if (keys.length === 0) return found
        after = keys.at(-1)
        for (let from = 0; from < keys.length; from += 32) await Promise.all(keys.slice(from, from + 32).map(takeUp))
      }
    },
    async state(lane) {
      const held = await lanes.get(lane)?.catch(() => undefined)
      return held?.ledger.state ?? (await loadLane(kv, lane)).state
    },
    pending: (lane) => (lane === undefined ? waiting.items : (open.get(lane)?.ledger.items ?? 0)),
    get counts() {
      return { ...counts }
    },
    get halted() {
      return halted
    },
    resume() {
      if (!halted) return
      halted = undefined
      report({ type: 'resumed' })
      for (const lane of open.values()) lane.sender?.nudge()
    },
    nudge() {
      for (const lane of open.values()) lane.sender?.nudge()
    },
    deadLetters,
    close({ graceMs = 2000 } = {}) {
      closing ??= (async () => {
        // `closing` must be set before anybody looks at it again.
        await Promise.resolve()
        releaseRoom()
        await Promise.allSettled(lanes.values())
        await Promise.all([...open.values()].map((lane) => lane.sender?.stop(graceMs)))
        await Promise.all([...open.values()].map((lane) => lane.ledger.close().catch(() => {})))
        for (const lane of open.values()) settledIn(lane)
        open.clear()
        lanes.clear()
        await Promise.all([kv, lease].map((part) => part[Symbol.asyncDispose]()))
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => outbox.close(),
  }
  return outbox
}

const closed = (name: string): SignalboxError =>
  new SignalboxError({ code: 'closed', message: `The outbox ${JSON.stringify(name)} is closed.` })
