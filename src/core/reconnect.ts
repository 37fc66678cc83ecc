/** Keeps a stream of batches alive over links that die. Reconnect is not resume: what lies between is the caller's to say. */
import { SignalboxError } from '../errors.js'
import type { Backoff } from './backoff.js'
import { sleep, systemClock, type Clock } from './clock.js'
import { abortError } from './deadline.js'

/** A peer may ask for patience, but not for ever. */
const MAX_RETRY_AFTER_MS = 300_000

export interface ReconnectOptions<Item> {
  /** Opens the stream again, from wherever the caller's cursor stands. Its generator must free its link on return. */
  open(attempt: number): AsyncIterable<readonly Item[]> | Promise<AsyncIterable<readonly Item[]>>
  readonly backoff: Backoff
  readonly signal: AbortSignal
  readonly clock?: Clock
  /** May this failure be cured by another attempt? Default: the error's own hint. A normal end is always cured. */
  recoverable?(error: SignalboxError): boolean
  /** What to tell the consumer before the next attempt: a gap, or nothing where the cursor makes the streams meet. */
  onDown?(cause: SignalboxError | undefined, delayMs: number): readonly Item[]
}

export async function* reconnecting<Item>(options: ReconnectOptions<Item>): AsyncGenerator<readonly Item[], void, void> {
  const { backoff, signal, clock = systemClock } = options
  const recoverable = options.recoverable ?? ((error: SignalboxError) => error.retryable)
  for (let attempt = 1; ; attempt += 1) {
    let cause: SignalboxError | undefined
    try {
      const stream = await options.open(attempt)
      backoff.opened()
      yield* stream
    } catch (error) {
      if (signal.aborted) throw SignalboxError.is(error, 'aborted') ? error : abortError(signal, { sent: 'yes', cause: error })
      if (!SignalboxError.is(error) || !recoverable(error)) throw error
      cause = error
    }
    // An end that the abort brought about is told from one that the peer made: the consumer would take it for the whole.
    if (signal.aborted) throw abortError(signal, { sent: 'yes' })
    const drawnMs = backoff.next()
    if (drawnMs === null) {
      throw (
        cause ??
        new SignalboxError({ code: 'closed', message: 'The peer ended the stream and the attempts are used up.', sent: 'yes' })
      )
    }
    const delayMs = Math.max(drawnMs, Math.min(cause?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS))
    const told = options.onDown?.(cause, delayMs) ?? []
    if (told.length > 0) yield told
    await sleep(clock, delayMs, signal).catch(() => {
      throw abortError(signal, { sent: 'yes', ...(cause === undefined ? {} : { cause }) })
    })
  }
}
