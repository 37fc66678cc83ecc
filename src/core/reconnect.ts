/** Opens a stream of batches again when its link dies. The caller says whether events may be missing after a reconnect. */
import { SignalboxError } from '../errors.js'
import type { Backoff } from './backoff.js'
import { sleep, systemClock, type Clock } from './clock.js'
import { abortError } from './deadline.js'

/** The longest pause that a peer may ask for. */
const MAX_RETRY_AFTER_MS = 300_000

export interface ReconnectOptions<Item> {
  /** Opens the stream again, from the caller's cursor. Its generator must free its link on return. */
  open(attempt: number): AsyncIterable<readonly Item[]> | Promise<AsyncIterable<readonly Item[]>>
  readonly backoff: Backoff
  readonly signal: AbortSignal
  readonly clock?: Clock
  /** Whether to try again after this failure. Default: `retryable` of the error. After a normal end it always tries again. */
  recoverable?(error: SignalboxError): boolean
  /** The item for the consumer before the next attempt: a gap, or none if the stream resumes from a cursor. */
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
    // An end after an abort throws, because the consumer would mistake it for a complete stream.
    if (signal.aborted) throw abortError(signal, { sent: 'yes' })
    const drawnMs = backoff.next()
    if (drawnMs === null) {
      throw (
        cause ??
        new SignalboxError({ code: 'closed', message: 'The peer ended the stream and the attempts are used up.', sent: 'yes' })
      )
    }
    const delayMs = Math.max(drawnMs, Math.min(cause?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS))
    const itemsOnDown = options.onDown?.(cause, delayMs) ?? []
    if (itemsOnDown.length > 0) yield itemsOnDown
    await sleep(clock, delayMs, signal).catch(() => {
      throw abortError(signal, { sent: 'yes', ...(cause === undefined ? {} : { cause }) })
    })
  }
}
