/**
 * Calls that travel to the hub that drives an agent. A call is a record in the store: its caller withdraws it with compare-and-set while
 * nobody has taken it, so a call that failed with `sent: 'no'` is never carried out later.
 */
import type { Clock } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { onAbort } from '../../core/on-abort.js'
import type { SignalboxError } from '../../errors.js'
import { asHubError, hubError, isoTime } from '../context.js'
import type { Table } from '../table.js'
import { fromWireError, toWireError } from '../wire/errors.js'
import { isOutage } from './outage.js'
import type { RequestOp, RequestRecord, Signal } from './records.js'

export interface RequestsOptions {
  readonly table: Table<RequestRecord>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Tells the other hubs. */
  readonly tell: (signal: Signal) => Promise<void>
  /** How long a call waits for the hub that drives the agent. */
  readonly timeoutMs: number
  readonly report: (what: string, error: unknown) => void
}

/** Carries out a call. */
export type Serve = (op: RequestOp, params: unknown) => Promise<unknown>

export interface Requests {
  /** Sends a call and waits for its result. */
  call<Result>(source: string, op: RequestOp, params: unknown): Promise<Result>
  /** A call came for a source that this hub drives. */
  take(id: string, fence: number, serve: Serve): Promise<void>
  /** Takes every call that waits for the source, also those that an earlier driver took and did not finish. */
  takeAll(source: string, fence: number, serve: Serve): Promise<void>
  /** A call of this hub may have its result. */
  done(id: string): void
}

/** A call that is older was made by a hub that died: nobody waits for it. */
const STALE_MS = 120_000
/** How often a caller looks at its record without a signal. */
const LOOK_MS = 2_000

/** Long because the side that calls and the side that serves keep one record, and its steps are read together. */
export function createRequests(options: RequestsOptions): Requests {
  const { table, clock, signal, tell, timeoutMs, report } = options
  const waiting = new Map<string, Waker>()
  const taking = new Set<string>()
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
  const lookAt = async (id: string): Promise<RequestRecord | undefined> => {
    const stored = await table.get(id)
    // A record without its parameters was withdrawn.
    return stored?.record.state === 'done' && stored.record.params !== null ? stored.record : undefined
  }
  const forget = (id: string): void => void table.delete(id).catch(() => {})

  const call = async (source: string, op: RequestOp, params: unknown): Promise<unknown> => {
    const id = crypto.randomUUID()
    const until = clock.monotonic() + timeoutMs
    const record: RequestRecord = { id, source, op, params, at: isoTime(clock), state: 'open' }
    const unavailable = (sent: 'no' | 'maybe', cause?: unknown): SignalboxError =>
      hubError({
        code: 'unavailable',
        op,
        message:
          sent === 'no'
            ? `No hub that drives the source ${source} took the call within ${timeoutMs} ms. The call is withdrawn.`
            : `The hub that drives the source ${source} did not report the result of the call.`,
        sent,
        retryable: sent === 'no',
        ...(cause === undefined ? {} : { cause }),
      })
    const waker = createWaker()
    let unsure: SignalboxError | undefined
    waiting.set(id, waker)
    try {
      await table.create(id, record).catch(async (error: unknown) => {
        if (!isOutage(error) || error.sent === 'no') throw error
        // It may have been stored, or may still be, and a driver may find it.
        unsure = error
      })
      // The driver also finds the record without this signal, but later.
      if (!unsure) await tell({ kind: 'request', id, source }).catch((error) => report('telling the driver of a call', error))
      for (;;) {
        await waker.wait(clock, LOOK_MS)
        if (signal.aborted) throw unavailable('maybe', signal.reason)
        const found = await lookAt(id).catch(ignoreOutage)
        if (found) {
          forget(id)
          return resultOf(found)
        }
        if (clock.monotonic() < until && !unsure) continue
        if (await withdraw(record).catch(ignoreOutage)) throw unavailable('no', unsure)
        // A driver has it, or the store is away. It gets as much time again.
        if (clock.monotonic() >= until + timeoutMs) throw unavailable('maybe')
      }
    } finally {
      waiting.delete(id)
    }
  }

  const take = async (id: string, fence: number, serve: Serve): Promise<void> => {
    if (taking.has(id)) return
    taking.add(id)
    try {
      const stored = await table.get(id)
      // A driver that lost its lease must not take a call from its successor.
      const isMine = (record: RequestRecord): boolean => record.state !== 'done' && (record.fence ?? 0) < fence
      if (!stored || !isMine(stored.record)) return
      const { op, params, at, state } = stored.record
      const isStale = clock.now() - Date.parse(at) > STALE_MS
      // Only a prompt can be carried out twice: its id makes it the same turn.
      const lost = state === 'taken' && op !== 'prompt'
      const taken = await table.change(
        id,
        (record) => (record.state === state && isMine(record) ? { ...record, state: 'taken', fence } : undefined),
        stored,
      )
      if (!taken) return
      const finish = async (outcome: Pick<RequestRecord, 'result' | 'error'>): Promise<void> => {
        await table.change(id, (record) => (record.fence === fence ? { ...record, ...outcome, state: 'done' } : undefined), taken)
        await tell({ kind: 'done', id })
      }
      if (isStale || lost) {
        const message = isStale ? 'The call is too old.' : 'The hub that drove the agent stopped during the call.'
        return await finish({ error: toWireError(hubError({ code: 'unavailable', message, sent: lost ? 'maybe' : 'no' }), op) })
      }
      let outcome: Pick<RequestRecord, 'result' | 'error'>
      try {
        outcome = { result: (await serve(op, params)) ?? null }
      } catch (error) {
        outcome = { error: toWireError(asHubError(error, op), op) }
      }
      await finish(outcome).catch((error: unknown) => {
        if (isOutage(error)) throw error
        // The result is too large for the store.
        return finish({ error: toWireError(asHubError(error, op), op) })
      })
    } finally {
      taking.delete(id)
    }
  }

  return {
    call: <Result>(source: string, op: RequestOp, params: unknown) => call(source, op, params) as Promise<Result>,
    take,
    async takeAll(source, fence, serve) {
      for await (const { key, record } of table.all()) {
        if (record.state === 'done') {
          if (clock.now() - Date.parse(record.at) > STALE_MS) forget(key)
        } else if (record.source === source) {
          take(key, fence, serve).catch((error) => report('carrying out a call of another hub', error))
        }
      }
    },
    done(id) {
      waiting.get(id)?.wake()
    },
  }
}

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
