/** What a failure means for the queue: repeat, split, bury, or stop and say why. One place, one table. */
import { SignalboxError } from '../../errors.js'
import type { Delivery, OutboxItem, Verdict } from '../../store/outbox-types.js'
import { CatsyphonError, failure, FOREIGN_SESSION } from '../errors.js'
import type { Http } from '../http.js'
import type { ServerGeneration } from '../queue.js'
import type { Health } from '../schema.js'
import type { GenerationProbe } from './generation.js'
import { leaveInTheDark, type Tactics } from './tactics.js'

export interface JudgeOptions {
  readonly http: Http
  readonly probe: GenerationProbe
  /** The least pause after an outcome that nobody knows: the server may still be at work on it. */
  readonly ambiguousPauseMs: number
}

export interface FailedBatch {
  readonly error: unknown
  readonly items: readonly OutboxItem[]
  readonly tactics: Tactics
  /** Events before the first item that are not in the queue. */
  readonly offset: number
  readonly delivery: Delivery
  readonly generation: ServerGeneration
  readonly base: number
  /** Does the server store anything just now? False where nobody can find out; rejects where it does not. */
  readonly takesOthers: () => Promise<boolean>
}

/** A healthy server that refuses one event so often will always refuse it; unless its trouble is another, which cannot always be told. */
const REFUSALS = { many: 2, one: 3, oneUnproven: 6 }

/** Longer, and a proxy's slip would silence the outbox for good. */
const MAX_RETRY_AFTER_MS = 3_600_000

export function createJudge({ http, probe, ambiguousPauseMs }: JudgeOptions) {
  const later = (error: unknown, afterMs = 0): Verdict => {
    const known = typed(error)
    if (known.code === 'unreachable') probe.forget()
    if (isConfiguration(known)) return { kind: 'halt', error: known }
    return { kind: 'later', error: known, afterMs: Math.max(afterMs, Math.min(known.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)) }
  }

  const isHealthy = async ({ signal }: Delivery): Promise<boolean> => {
    try {
      const { status } = (await http({ op: 'health', path: '/health' }, { signal, timeoutMs: 10_000 })) as Health
      return status === 'healthy'
    } catch {
      return false
    }
  }

  /** Counts failures of a server that says it is healthy, in a row. */
  const refusedAgain = async (tactics: Tactics, delivery: Delivery): Promise<number> => {
    tactics.refusals = (await isHealthy(delivery)) ? tactics.refusals + 1 : 0
    return tactics.refusals
  }

  /** Smaller requests until one event stands alone; then it is the one. */
  const split = ({ items, tactics }: FailedBatch, reason: string): Verdict => {
    tactics.refusals = 0
    if (items.length === 1) return { kind: 'dead', reason }
    tactics.limit = Math.ceil(items.length / 2)
    return { kind: 'wait', afterMs: 0 }
  }

  const serverFault = async (failed: FailedBatch, error: SignalboxError): Promise<Verdict> => {
    const { items, tactics, generation, delivery, takesOthers } = failed
    // Older servers keep what stood before the failing event, without counting it: from here on, one at a time.
    if (generation !== 'hash') {
      leaveInTheDark(tactics, items)
      tactics.limit = 1
    }
    const refusals = await refusedAgain(tactics, delivery)
    if (refusals < (items.length > 1 ? REFUSALS.many : REFUSALS.one)) return later(error)
    if (items.length === 1) {
      // A full disk looks healthy too, and is no reason to bury anything.
      const takes = await takesOthers().catch(() => undefined)
      if (takes === undefined) tactics.refusals = 0
      if (!takes && tactics.refusals < REFUSALS.oneUnproven) return later(error)
    }
    return split(failed, 'The server answers 500 to this event alone, while it is healthy: it cannot store it.')
  }

  const refusedFields = (failed: FailedBatch, error: CatsyphonError): Verdict => {
    const { items, tactics, offset } = failed
    const fields = error.refused ?? []
    if (fields.some(({ loc }) => loc[0] === 'header')) return { kind: 'halt', error }
    for (const { loc, type } of fields) {
      const item = loc[1] === 'events' && typeof loc[2] === 'number' ? items[loc[2] - offset] : undefined
      if (item) tactics.condemned.set(item.position, `The server refuses ${loc.slice(3).join('.') || 'the event'}: ${type}.`)
    }
    if (tactics.condemned.size > 0) return { kind: 'wait', afterMs: 0 }
    return split(failed, 'The server refuses the request, and does not say which event is to blame.')
  }

  /** Numbers are missing on an older server: they were dropped, buried, or lost with its database. */
  const gap = ({ tactics, base, items }: FailedBatch, error: CatsyphonError): Verdict => {
    probe.learn('sequence')
    const expected = error.expectedSequence ?? 0
    const first = base + (items[0]?.ordinal ?? 0)
    // Its own answer to the filler: then it does not work as we know it, and a pause is all that is left.
    if (expected <= 0 || expected >= first || tactics.fillAt === expected) return later(error, ambiguousPauseMs)
    tactics.fillAt = expected
    return { kind: 'wait', afterMs: 0 }
  }

  return {
    later,
    async events(failed: FailedBatch): Promise<Verdict> {
      const error = typed(failed.error)
      const refused = error instanceof CatsyphonError ? error : undefined
      if (error.status === 409 && refused) return gap(failed, refused)
      if (error.status === 413) return split(failed, 'A proxy refuses this event for its size.')
      if (error.status === 422 && refused) return refusedFields(failed, refused)
      if (error.code === 'invalid_argument' && error.status === 400 && error.remoteCode !== 'Invalid collector ID format') {
        return split(failed, 'The server cannot read this event.')
      }
      if (error.status === 500) return await serverFault(failed, error)
      if (error.sent !== 'no') leaveInTheDark(failed.tactics, failed.items)
      return later(error, error.sent === 'no' ? 0 : ambiguousPauseMs)
    },
    async command(cause: unknown, tactics: Tactics, delivery: Delivery): Promise<Verdict> {
      const error = typed(cause)
      // The session was begun under other credentials: its session_end event has closed it already.
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
      if (error.status === 500 && (await refusedAgain(tactics, delivery)) >= REFUSALS.oneUnproven) {
        tactics.refusals = 0
        return { kind: 'dead', reason: 'The server answers 500 to the completion, while it is healthy.' }
      }
      return later(error)
    },
  }
}

const CONFIGURATION: ReadonlySet<number> = new Set([400, 401, 403, 404, 405])

/** Nothing but a change by somebody makes these go away. */
function isConfiguration(error: SignalboxError): boolean {
  if (error.code === 'incompatible' || error.code === 'unsupported') return true
  return error.status !== undefined && CONFIGURATION.has(error.status)
}

function typed(error: unknown): SignalboxError {
  if (SignalboxError.is(error)) return error
  return failure('protocol', `The delivery failed: ${error}`, { sent: 'maybe', cause: error })
}
