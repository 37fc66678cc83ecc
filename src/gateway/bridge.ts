/** Joins a client's link to an upstream's. Bytes that go up are judged; bytes that come down wait for the client's window. */
import { systemClock, type Clock } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import { watchIdle } from '../core/idle.js'
import { onAbort } from '../core/on-abort.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason, Link } from '../transport.js'
import type { Judge } from './judge.js'
import { Refusal } from './refusal.js'
import { watchStall } from './stall.js'

export interface BridgeOptions {
  readonly judge: Judge
  readonly stallTimeoutMs: number
  /** Silence in both directions. */
  readonly idleTimeoutMs: number
  /** Patience with an upstream, for each step of its closing, when the gateway ends the bridge. */
  readonly refusalGraceMs: number
  readonly clock?: Clock
  /** Ends the bridge from outside: shutdown, revoked credential. */
  readonly signal: AbortSignal
}

export type BridgeEnd =
  | { readonly kind: 'client' }
  | { readonly kind: 'upstream'; readonly reason: CloseReason }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/**
 * Runs until either side is gone, and begins to close the upstream; a stubborn child may take its time, the client is not to wait for it.
 * The client's link is the caller's to close, with the reason given.
 */
export async function bridge(client: Link, upstream: Link, options: BridgeOptions): Promise<BridgeEnd> {
  const { judge, stallTimeoutMs, idleTimeoutMs, refusalGraceMs, clock = systemClock, signal } = options
  const over = deferred<BridgeEnd>()
  let end: BridgeEnd | undefined
  const stop = (why: BridgeEnd): void => {
    if (end) return
    end = why
    void upstream.close({ reason: why.kind, ...(why.kind === 'refused' ? { graceMs: refusalGraceMs } : {}) })
    over.resolve(why)
  }
  const refuse = (refusal: Refusal): void => stop({ kind: 'refused', refusal })
  const ended = (): void => refuse(signal.reason instanceof Refusal ? signal.reason : new Refusal('draining'))
  const ignore = onAbort(signal, ended)
  void client.closed.then(() => stop({ kind: 'client' }))
  const idle = watchIdle(idleTimeoutMs, () => refuse(new Refusal('idle', { limit: 'idleTimeoutMs' })), clock)
  const stall = watchStall(stallTimeoutMs, () => refuse(new Refusal('slow_consumer')), clock)

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
      // A bridge that was stopped from this side closes with its reason; an `eof` before it would look like a whole answer.
      if (end) return
      idle.touch()
      if (chunk === null) return client.end()
      stall.begin()
      await client.write(chunk)
      stall.end()
    }
  }
  const settle = (error: unknown): void => {
    if (error instanceof Refusal) refuse(error)
    // A dead half shows itself in `closed` of the link it belongs to, with a better reason than a failed write has.
    else if (!SignalboxError.is(error)) refuse(new Refusal('upstream_failed'))
  }
  const pumps = Promise.all([up().catch(settle), down().catch(settle)])
  void upstream.closed.then(async (reason) => {
    // What the upstream said before it went must still reach the client.
    if (!end) await pumps
    stop({ kind: 'upstream', reason })
  })
  const why = await over.promise
  ignore()
  idle.stop()
  stall.stop()
  return why
}
