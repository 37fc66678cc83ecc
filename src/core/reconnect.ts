/** Keeps a stream of batches alive over links that die. Reconnect is not resume: what lies between is the caller's to say. */
import { SignalboxError } from '../errors.js'
import type { Backoff } from './backoff.js'
import { sleep, systemClock, type Clock } from './clock.js'

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
      if (signal.aborted || !SignalboxError.is(error) || !recoverable(error)) throw error
      cause = error
    }
    if (signal.aborted) return
    const delayMs = backoff.next()
    if (delayMs === null) {
      throw (
        cause ??
        new SignalboxError({ code: 'closed', message: 'The peer ended the stream and the attempts are used up.', sent: 'yes' })
      )
    }
    const told = options.onDown?.(cause, delayMs) ?? []
    if (told.length > 0) yield told
    try {
      await sleep(clock, delayMs, signal)
    } catch {
      return
    }
  }
}
