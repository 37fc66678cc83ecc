/**
 * Calls that travel to the hub that drives an agent. A call is a record in the store, `open`, then `taken` by a driver, then `done`. Every step is a
 * compare-and-set. When a step fails, the caller's hub does this:
 *
 * | the caller's hub | fails with `sent: 'no'` | fails with `sent: 'maybe'` |
 * | --- | --- | --- |
 * | looks the prompt id up | `no`: nothing was written | the same |
 * | creates the record | `no` | withdraws it; only the withdrawal is a `no` |
 * | signals the driver, reads the result | reads again; signals again every two seconds | the same |
 * | withdraws the record when its time is over | tries again, for the same time; then `maybe` | the same |
 *
 * A driver takes a record that is open and younger than `waitsMs`. It begins before the caller gives up after twice that time, or never. Its error
 * keeps `sent: 'no'` unless an earlier driver had taken the record.
 */
import { sleep, type Clock } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { inTurnByKey } from '../../core/in-turn.js'
import { onAbort } from '../../core/on-abort.js'
import type { SignalboxError } from '../../errors.js'
import { afterEffect, asHubError, hubError, isoTime } from '../context.js'
import type { Table } from '../table.js'
import { fromWireError, toWireError } from '../wire/errors.js'
import { isOutage, storeAway } from './outage.js'
import type { RequestOp, RequestRecord, Signal } from './records.js'

export interface RequestsOptions {
  readonly table: Table<RequestRecord>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Tells the other hubs. */
  readonly notify: (signal: Signal) => Promise<void>
  /** How long a call waits for the hub that drives the agent. */
  readonly timeoutMs: number
  readonly report: (what: string, error: unknown) => void
}

/** Carries out a call. It must not begin after `until`, a monotonic time. */
export type Serve = (op: RequestOp, params: unknown, until: number) => Promise<unknown>

export interface Requests {
  /** Sends a call and waits for its result. Calls with the same `line` reach the driver in the order in which they were made. */
  call<Result>(source: string, op: RequestOp, params: unknown, line?: string): Promise<Result>
  /** A call came for a source that this hub drives. */
  take(id: string, source: string, fence: number, serve: Serve): Promise<void>
  /** Takes every call that waits for the source, also those that an earlier driver took and did not finish. */
  takeAll(source: string, fence: number, serve: Serve): Promise<void>
  /** A call of this hub may have a result now. */
  done(id: string): void
  /** Deletes the records of calls whose callers do not wait. */
  sweep(): Promise<void>
}

/** How often a caller reads its record and signals the driver again. */
const LOOK_MS = 2_000
/** The pause between attempts to store the result of a call while the store is away. */
const FINISH_AGAIN_MS = 500
/** A record is kept for so long after its call, because a write of its caller may still be on the way. */
const KEEP_MS = 120_000
/** A call waits this many times `timeoutMs` in all: once for a driver, and once more for the result. */
const WAITS = 2

/** Long because the side that calls and the side that serves keep one record, and its steps are read together. */
export function createRequests(options: RequestsOptions): Requests {
  const { table, clock, signal, notify, timeoutMs, report } = options
  const waiting = new Map<string, Waker>()
  const taking = new Set<string>()
  /** Calls that this hub may have taken: the outcome of the write is unknown. They were not carried out. */
  const maybeTaken = new Map<string, number>()
  /** Keeps the order of calls, because a store may answer two requests in another order. */
  const inTurn = inTurnByKey()
  const inTurnOfSource = inTurnByKey()
  const caller = crypto.randomUUID()
  let calls = 0
  const nextId = (): string => {
    calls += 1
    return `${sortable(clock.now())}-${caller}-${sortable(calls)}`
  }
  /** The waiting calls of a source are being listed. A later call is not taken before them. */
  const listing = new Map<string, Promise<void>>()
  onAbort(signal, () => {
    for (const waker of waiting.values()) waker.wake()
  })

  const resultOf = (record: RequestRecord): unknown => {
    if (record.error) throw fromWireError(record.error, record.op)
    return record.result
  }
  /** Withdraws the call. True when nobody will carry it out. False when somebody has taken it. */
  const withdraw = async (record: RequestRecord): Promise<boolean> => {
    const { id } = record
    const over: RequestRecord = { ...record, params: null, state: 'done' }
    const stored = await table.get(id)
    // The record of the call may still be on its way. It cannot be stored over this one.
    if (!stored) return (await table.create(id, over)) !== undefined
    if (stored.record.state === 'done') return stored.record.params === null
    return (await table.change(id, (now) => (now.state === 'open' ? over : undefined), stored)) !== undefined
  }
  let pausing: Promise<void> | undefined
  /** One pause for all calls whose result waits for the store. */
  const pauseForStore = (): Promise<void> => {
    pausing ??= sleep(clock, FINISH_AGAIN_MS, signal).finally(() => {
      pausing = undefined
    })
    return pausing
  }
  const forget = (id: string): void => void table.delete(id).catch(() => {})

  const call = async (source: string, op: RequestOp, params: unknown, line?: string): Promise<unknown> => {
    const id = nextId()
    const until = clock.monotonic() + timeoutMs
    const record: RequestRecord = {
      id,
      source,
      op,
      params,
      at: isoTime(clock),
      ...(line === undefined ? {} : { line }),
      waitsMs: timeoutMs,
      state: 'open',
    }
    const create = () => table.create(id, record)
    const isStored = await (line === undefined ? create() : inTurn(`call ${line}`, create)).then(
      () => true,
      (error: unknown) => {
        if (!isOutage(error)) throw error
        if (error.sent === 'no') throw storeAway(op, error)
        // It may have been stored, or may still be, and a driver may find it.
        return false
      },
    )
    // From here on only a withdrawal proves that nobody carries the call out.
    const found = await settle(record, until, isStored).catch((error: unknown) => {
      throw afterEffect(error, op)
    })
    if (found) {
      forget(id)
      return resultOf(found)
    }
    const message = `No hub that drives the source ${source} took the call within ${timeoutMs} ms. The call is withdrawn.`
    throw hubError({ code: 'unavailable', op, message, retryable: true })
  }
  /** Waits for the result. Undefined: the call is withdrawn. */
  const settle = async (record: RequestRecord, until: number, stored: boolean): Promise<RequestRecord | undefined> => {
    const { id, source, op } = record
    let isStored = stored
    const noResult = (cause?: unknown): SignalboxError => {
      const message = `The hub that drives the source ${source} did not report the result of the call.`
      return hubError({ code: 'unavailable', op, message, sent: 'maybe', ...(cause === undefined ? {} : { cause }) })
    }
    const waker = createWaker()
    waiting.set(id, waker)
    try {
      for (;;) {
        // Repeated: a driver that has just begun, or could not reach the store, did not get the earlier signal.
        if (isStored) void notify({ kind: 'request', id, source }).catch((error) => report('telling the driver of a call', error))
        await waker.wait(clock, LOOK_MS)
        if (signal.aborted) {
          if (await withdraw(record).catch(() => false)) return undefined
          throw noResult(signal.reason)
        }
        const now = (await table.get(id).catch(ignoreOutage))?.record
        // A record without its parameters was withdrawn.
        if (now?.state === 'done' && now.params !== null) return now
        isStored ||= now !== undefined
        if (clock.monotonic() < until && isStored) continue
        if (await withdraw(record).catch(ignoreOutage)) return undefined
        // A driver has it, or the store is away. It gets as much time again.
        if (clock.monotonic() >= until + timeoutMs * (WAITS - 1)) throw noResult()
      }
    } finally {
      waiting.delete(id)
    }
  }

  const ageOf = ({ at }: RequestRecord): number => Math.max(0, clock.now() - Date.parse(at))
  const tooOld = (op: RequestOp, sent: 'no' | 'maybe'): SignalboxError =>
    hubError({
      code: 'unavailable',
      op,
      message: 'The call is too old: its caller has given up. If this is so for every call, the clocks of the machines differ.',
      sent,
    })

  const take = async (id: string, source: string, fence: number, serve: Serve): Promise<void> => {
    if (taking.has(id)) return
    taking.add(id)
    try {
      const reading = table.get(id)
      // The read is awaited later, in its turn. Without a handler its failure would be an unhandled rejection.
      reading.catch(() => {})
      const stored = await inTurnOfSource(source, () => reading)
      if (!stored || stored.record.state === 'done') return void maybeTaken.delete(id)
      const { op, params, state, line, waitsMs = KEEP_MS } = stored.record
      // A driver that lost its lease must not take a call from its successor.
      const isMine = (record: RequestRecord): boolean =>
        record.state !== 'done' && ((record.fence ?? 0) < fence || (record.fence === fence && maybeTaken.get(id) === fence))
      if (!isMine(stored.record)) return
      const wasTaken = state === 'taken' && stored.record.fence !== fence
      // The caller of an open call withdraws it when this time is over, the caller of a taken one gives up.
      const leftMs = waitsMs * WAITS - ageOf(stored.record)
      const isStale = leftMs <= (state === 'taken' ? 0 : waitsMs * (WAITS - 1))
      const until = clock.monotonic() + leftMs
      const change = () =>
        table.change(
          id,
          (record) => (record.state === state && isMine(record) ? { ...record, state: 'taken', fence } : undefined),
          stored,
        )
      const taken = await (line === undefined ? change() : inTurn(`take ${line}`, change)).catch((error: unknown) => {
        if (isOutage(error) && error.sent !== 'no') maybeTaken.set(id, fence)
        throw error
      })
      maybeTaken.delete(id)
      if (!taken) return
      const failed = (error: unknown): Pick<RequestRecord, 'error'> => ({
        // An earlier driver may have carried it out.
        error: toWireError(wasTaken ? afterEffect(error, op) : asHubError(error, op), op),
      })
      const finish = async (outcome: Pick<RequestRecord, 'result' | 'error'>): Promise<void> => {
        for (;;) {
          try {
            await table.change(
              id,
              (record) => (record.fence === fence ? { ...record, ...outcome, state: 'done' } : undefined),
              taken,
            )
            break
          } catch (error) {
            if (!isOutage(error) || signal.aborted || clock.monotonic() >= until) throw error
          }
          await pauseForStore()
        }
        await notify({ kind: 'done', id })
      }
      // Only a prompt can be carried out twice: its id makes it the same turn.
      if (wasTaken && op !== 'prompt') {
        const message = 'The hub that drove the agent stopped during the call.'
        return await finish(failed(hubError({ code: 'unavailable', op, message })))
      }
      if (isStale) return await finish(failed(tooOld(op, 'no')))
      let outcome: Pick<RequestRecord, 'result' | 'error'>
      try {
        outcome = { result: (await serve(op, params, until)) ?? null }
      } catch (error) {
        outcome = failed(error)
      }
      await finish(outcome).catch((error: unknown) => {
        if (isOutage(error) || signal.aborted) throw error
        // The result is too large for the store.
        return finish({ error: toWireError(afterEffect(error, op), op) })
      })
    } finally {
      taking.delete(id)
    }
  }

  return {
    call: <Result>(source: string, op: RequestOp, params: unknown, line?: string) =>
      call(source, op, params, line) as Promise<Result>,
    async take(id, source, fence, serve) {
      await listing.get(source)
      await take(id, source, fence, serve)
    },
    async takeAll(source, fence, serve) {
      const listed = deferred()
      listing.set(source, listed.promise)
      try {
        for await (const { key, record } of table.all()) {
          if (record.state === 'done' || record.source !== source) continue
          take(key, source, fence, serve).catch((error) => report('carrying out a call of another hub', error))
        }
      } finally {
        if (listing.get(source) === listed.promise) listing.delete(source)
        listed.resolve()
      }
    },
    done(id) {
      waiting.get(id)?.wake()
    },
    async sweep() {
      for await (const { key, record, version } of table.all()) {
        if (waiting.has(key) || taking.has(key)) continue
        if (ageOf(record) > (record.waitsMs ?? 0) * WAITS + KEEP_MS) await table.delete(key, version)
      }
    },
  }
}

/** The order of the texts is the order of the numbers. */
const sortable = (value: number): string => value.toString(36).padStart(9, '0')

const ignoreOutage = (error: unknown): undefined => {
  if (!isOutage(error)) throw error
  return undefined
}

interface Waker {
  wake(): void
  /** Resolves at the next wake-up, at once when there was one since the last wait, or after the time. */
  wait(clock: Clock, ms: number): Promise<void>
}

function createWaker(): Waker {
  let pending = false
  let resume: (() => void) | undefined
  return {
    wake() {
      pending = true
      resume?.()
    },
    async wait(clock, ms) {
      if (!pending) {
        const { promise, resolve } = deferred()
        const timer = clock.after(ms, resolve)
        resume = resolve
        await promise
        timer.cancel()
      }
      resume = undefined
      pending = false
    },
  }
}
