/** Joins a client's link to an upstream's. Bytes that go up are judged; bytes that come down wait for the client's window. */
import { systemClock, type Clock } from '../core/clock.js'
import { watchIdle } from '../core/idle.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason, Link } from '../transport.js'
import type { Judge } from './judge.js'
import { Refusal } from './refusal.js'

export interface BridgeOptions {
  readonly judge: Judge
  readonly stallTimeoutMs: number
  /** Silence in both directions. */
  readonly idleTimeoutMs: number
  readonly clock?: Clock
  /** Ends the bridge from outside: shutdown, revoked credential. */
  readonly signal: AbortSignal
}

export type BridgeEnd =
  | { readonly kind: 'client' }
  | { readonly kind: 'upstream'; readonly reason: CloseReason }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Runs until either side is gone, and leaves the upstream closed. The client's link is the caller's to close, with the reason given. */
export async function bridge(client: Link, upstream: Link, options: BridgeOptions): Promise<BridgeEnd> {
  const { judge, stallTimeoutMs, idleTimeoutMs, clock = systemClock, signal } = options
  let end: BridgeEnd | undefined
  const stop = (why: BridgeEnd): void => {
    if (end) return
    end = why
    void upstream.close({ reason: why.kind })
  }
  const drained = (): void =>
    stop({ kind: 'refused', refusal: signal.reason instanceof Refusal ? signal.reason : new Refusal('draining') })
  if (signal.aborted) drained()
  else signal.addEventListener('abort', drained, { once: true })
  void client.closed.then(() => stop({ kind: 'client' }))
  using idle = watchIdle(
    idleTimeoutMs,
    () => stop({ kind: 'refused', refusal: new Refusal('idle', { limit: 'idleTimeoutMs' }) }),
    clock,
  )

  const up = async (): Promise<void> => {
    for (;;) {
      const chunk = await client.read()
      idle.touch()
      const passed = chunk === null ? judge.end() : judge.push(chunk)
      for (const bytes of passed) await upstream.write(bytes)
      if (chunk === null) return upstream.end()
    }
  }
  const down = async (): Promise<void> => {
    for (;;) {
      const chunk = await upstream.read()
      idle.touch()
      // A bridge that was stopped from this side closes with its reason; an `eof` before it would look like a whole answer.
      if (chunk === null) return end ? undefined : client.end()
      const timer = clock.after(stallTimeoutMs, () => stop({ kind: 'refused', refusal: new Refusal('slow_consumer') }))
      try {
        await client.write(chunk)
      } finally {
        timer.cancel()
      }
    }
  }
  const settle = (error: unknown): void => {
    if (error instanceof Refusal) stop({ kind: 'refused', refusal: error })
    // A dead half shows itself in `closed` of the link it belongs to, with a better reason than a failed write has.
    else if (!SignalboxError.is(error)) stop({ kind: 'refused', refusal: new Refusal('upstream_failed') })
  }
  const pumps = Promise.all([up().catch(settle), down().catch(settle)])
  const reason = await upstream.closed
  if (!end) {
    // What the upstream said before it went must still reach the client.
    await pumps
    end ??= { kind: 'upstream', reason }
  }
  signal.removeEventListener('abort', drained)
  return end
}
