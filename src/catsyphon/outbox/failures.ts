/** Decides after a failure: repeat the batch, split it, give up one event, or stop with a reason. All such decisions are in this file. */
import { SignalboxError } from '../../errors.js'
import type { Delivery, OutboxItem, Verdict } from '../../store/outbox/types.js'
import { CatsyphonError, failure, FOREIGN_SESSION } from '../errors.js'
import type { Http } from '../http.js'
import type { Health } from '../schema.js'
import type { GenerationProbe } from './generation.js'
import type { Attempt } from './numbers.js'
import { markUnknown, type SendState } from './send-state.js'

export interface FailuresOptions {
  readonly http: Http
  readonly probe: GenerationProbe
  /** The least pause after an unknown outcome: the server may still be at work on the request. */
  readonly ambiguousPauseMs: number
}

export interface FailedBatch {
  readonly error: unknown
  readonly items: readonly OutboxItem[]
  readonly state: SendState
  /** Events before the first item that are not in the queue. */
  readonly offset: number
  readonly attempt: Attempt
  /** Whether the server stores other events at the moment. False when nobody can find out; rejects when it stores none. */
  readonly storesOthers: () => Promise<boolean>
}

export interface Failures {
  /** The failure of a request that concerns no single event. */
  later(error: unknown, afterMs?: number): Verdict
  ofBatch(failed: FailedBatch): Promise<Verdict>
  ofCompletion(error: unknown, state: SendState, delivery: Delivery): Promise<Verdict>
}

/**
 * How many refusals by a healthy server it takes until an event is given up: of a batch, of a single event, and of a single event where
 * nobody can find out whether the server stores anything at all.
 */
const REFUSALS = { batch: 2, one: 3, oneUnproven: 6 }

/** A longer `Retry-After` is a mistake of a proxy, and would stop the outbox for good. */
const MAX_RETRY_AFTER_MS = 3_600_000

export function createFailures({ http, probe, ambiguousPauseMs }: FailuresOptions): Failures {
  const later = (cause: unknown, afterMs = 0): Verdict => {
    const error = typedError(cause)
    if (error.code === 'unreachable') probe.forget()
    if (isConfiguration(error)) return { kind: 'halt', error }
    return { kind: 'later', error, afterMs: Math.max(afterMs, Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)) }
  }

  const isHealthy = async ({ signal }: Delivery): Promise<boolean> => {
    try {
      const { status } = (await http({ op: 'health', path: '/health' }, { signal, timeoutMs: 10_000 })) as Health
      return status === 'healthy'
    } catch {
      return false
    }
  }

  /** Counts failures in a row of a server that says it is healthy. */
  const countFailure = async (state: SendState, delivery: Delivery): Promise<number> => {
    state.failures = (await isHealthy(delivery)) ? state.failures + 1 : 0
    return state.failures
  }

  const serverFault = async (failed: FailedBatch, error: SignalboxError): Promise<Verdict> => {
    const { items, state, attempt, storesOthers } = failed
    // Older servers store the events before the failing event, without counting them: from here on, one event at a time.
    if (attempt.generation !== 'hash') {
      markUnknown(state, items)
      state.maxEvents = 1
    }
    const failures = await countFailure(state, attempt.delivery)
    if (failures < (items.length > 1 ? REFUSALS.batch : REFUSALS.one)) return later(error)
    if (items.length === 1) {
      // A server with a full disk looks healthy, too. Then no event is to blame.
      const stores = await storesOthers().catch(() => undefined)
      if (stores === undefined) state.failures = 0
      if (!stores && state.failures < REFUSALS.oneUnproven) return later(error)
    }
    return split(failed, 'The server answers 500 to this event alone, while it is healthy: it cannot store it.')
  }

  /** Sequence numbers are missing on the server: their events were dropped, became dead letters, or were lost with its database. */
  const gap = ({ state, attempt, items }: FailedBatch, error: CatsyphonError): Verdict => {
    probe.learn('sequence')
    const expected = error.expectedSequence ?? 0
    const first = attempt.base + (items[0]?.ordinal ?? 0)
    // The filler itself got this answer, or the number makes no sense: this server works otherwise than known, so only a pause is left.
    if (expected <= 0 || expected >= first || state.fillAt === expected) return later(error, ambiguousPauseMs)
    state.fillAt = expected
    return { kind: 'wait', afterMs: 0 }
  }

  return {
    later,
    async ofBatch(failed) {
      const error = typedError(failed.error)
      const refusal = error instanceof CatsyphonError ? error : undefined
      if (error.status === 409 && refusal) return gap(failed, refusal)
      if (error.status === 413) return split(failed, 'A proxy refuses this event for its size.')
      if (error.status === 422 && refusal) return refusedFields(failed, refusal)
      if (error.code === 'invalid_argument' && error.status === 400 && error.remoteCode !== 'Invalid collector ID format') {
        return split(failed, 'The server cannot read this event.')
      }
      if (error.status === 500) return await serverFault(failed, error)
      // The head of a success came, so the server has finished the request: only its answer was cut off.
      const isFinished = error.status !== undefined && error.status < 300
      if (error.sent !== 'no' && !isFinished) markUnknown(failed.state, failed.items)
      return later(error, error.sent === 'no' || isFinished ? 0 : ambiguousPauseMs)
    },
    async ofCompletion(cause, state, delivery) {
      const error = typedError(cause)
      // Other credentials began the session. Its session_end event has closed it already.
      if (error.remoteCode === FOREIGN_SESSION) return { kind: 'delivered', count: 1 }
      if (error.status === 404 && error.remoteCode?.startsWith('No events received')) {
        return {
          kind: 'dead',
          reason: 'The server knows nothing of this session: nothing was stored, or its database was replaced.',
        }
      }
      if (error.status === 413 || error.status === 422) {
        return { kind: 'dead', reason: 'The server refuses to complete the session with these values.' }
      }
      if (error.status === 500 && (await countFailure(state, delivery)) >= REFUSALS.oneUnproven) {
        state.failures = 0
        return { kind: 'dead', reason: 'The server answers 500 to the completion, while it is healthy.' }
      }
      return later(error)
    },
  }
}

/** Makes requests smaller until a request has one event. If that request fails, its event is the cause. */
function split({ items, state }: FailedBatch, reason: string): Verdict {
  state.failures = 0
  if (items.length === 1) return { kind: 'dead', reason }
  state.maxEvents = Math.ceil(items.length / 2)
  return { kind: 'wait', afterMs: 0 }
}

/** A 422 names the fields that it refuses, and with them the events. */
function refusedFields(failed: FailedBatch, error: CatsyphonError): Verdict {
  const { items, state, offset } = failed
  const fields = error.refused ?? []
  if (fields.some(({ loc }) => loc[0] === 'header')) return { kind: 'halt', error }
  for (const { loc, type } of fields) {
    const item = loc[1] === 'events' && typeof loc[2] === 'number' ? items[loc[2] - offset] : undefined
    if (item) state.refused.set(item.position, `The server refuses ${loc.slice(3).join('.') || 'the event'}: ${type}.`)
  }
  if (state.refused.size > 0) return { kind: 'wait', afterMs: 0 }
  return split(failed, 'The server refuses the request, and does not say which event is to blame.')
}

const CONFIGURATION: ReadonlySet<number> = new Set([400, 401, 403, 404, 405])

/** Whether the error stays until a person changes something. */
function isConfiguration(error: SignalboxError): boolean {
  if (error.code === 'incompatible' || error.code === 'unsupported') return true
  return error.status !== undefined && CONFIGURATION.has(error.status)
}

function typedError(error: unknown): SignalboxError {
  if (SignalboxError.is(error)) return error
  return failure('protocol', `The delivery failed: ${error}`, { sent: 'maybe', cause: error })
}
