/** Joins a client's link to an upstream's. Bytes that go up are judged; bytes that come down wait for the client's window. */
import { systemClock, type Clock } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import { watchIdle } from '../core/idle.js'
import { onAbort } from '../core/on-abort.js'
import type { TurnBudget } from '../core/turn-budget.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason, Link } from '../transport.js'
import type { MessageFilter } from './message-filter.js'
import { Refusal } from './refusal.js'
import { watchSlowReader } from './slow-reader.js'

/** The limits of one relay. */
export interface RelayOptions {
  readonly filter: MessageFilter
  readonly stallTimeoutMs: number
  /** Silence in both directions. */
  readonly idleTimeoutMs: number
  /** How long each step of closing the upstream may take when the gateway ends the relay. */
  readonly refusalGraceMs: number
  /** Counts bytes that go up; a promise when the client has to wait before more is read. */
  readonly pace?: (bytes: number) => Promise<void> | undefined
  /** A promise while the client has not taken the replies to its refused messages. No more is read from it before. */
  readonly repliesSettled?: () => Promise<void> | undefined
  /** What all relays of a gateway share, so that many messages of some clients do not make the others wait. */
  readonly turns?: TurnBudget
  readonly clock?: Clock
  /** Ends the relay from outside: shutdown, revoked credential. */
  readonly signal: AbortSignal
}

/**
 * What a message and a chunk cost at least, in bytes of the client's rate: to judge a message of one byte is as much work as to read some
 * hundred bytes.
 */
const MIN_COST_BYTES = 512

/** Who ended a link, and why. */
export type RelayEnd =
  | { readonly kind: 'client' }
  | { readonly kind: 'upstream'; readonly reason: CloseReason }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/**
 * Runs until either side is gone. Then it begins to close the upstream and does not wait for that, because a child may end slowly. The
 * caller closes the link of the client, with the reason that is returned.
 */
export async function relay(client: Link, upstream: Link, options: RelayOptions): Promise<RelayEnd> {
  const {
    filter,
    pace,
    repliesSettled,
    turns,
    stallTimeoutMs,
    idleTimeoutMs,
    refusalGraceMs,
    clock = systemClock,
    signal,
  } = options
  const over = deferred<RelayEnd>()
  let end: RelayEnd | undefined
  const stop = (why: RelayEnd): void => {
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
  const watchReader = () => watchSlowReader(stallTimeoutMs, () => refuse(new Refusal('slow_consumer')), clock)
  const stall = watchReader()
  const replyStall = watchReader()

  const up = async (): Promise<void> => {
    for (;;) {
      const chunk = await client.read()
      idle.touch()
      const turn = turns?.next()
      if (turn) await turn
      const before = filter.judged
      for (const passed of filter.each(chunk)) {
        if (passed) await upstream.write(passed)
        // A message to the upstream is work for the gateway, and often for an upstream in the same process.
        const nextTurn = turns?.next()
        if (nextTurn) await nextTurn
      }
      const units = Math.max(1, filter.judged - before)
      const wait = chunk === null ? undefined : pace?.(Math.max(chunk.byteLength, units * MIN_COST_BYTES))
      if (wait) await wait
      const unread = repliesSettled?.()
      if (unread) {
        replyStall.begin()
        await unread
        replyStall.end()
      }
      if (chunk === null) return upstream.end()
    }
  }
  const down = async (): Promise<void> => {
    for (;;) {
      const chunk = await upstream.read()
      // A relay that the gateway stops closes with a reason. An `eof` before it would look like a complete answer.
      if (end) return
      idle.touch()
      if (chunk === null) return client.end()
      filter.received?.(chunk)
      stall.begin()
      await client.write(chunk)
      stall.end()
    }
  }
  const settle = (error: unknown): void => {
    if (error instanceof Refusal) refuse(error)
    // `closed` of the dead link gives a better reason than the failed write.
    else if (!SignalboxError.is(error)) refuse(new Refusal('upstream_failed'))
  }
  const pumps = Promise.all([up().catch(settle), down().catch(settle)])
  void upstream.closed.then(async (reason) => {
    // Bytes that the upstream sent before it closed must still reach the client.
    if (!end) await pumps
    stop({ kind: 'upstream', reason })
  })
  const why = await over.promise
  ignore()
  idle.stop()
  stall.stop()
  replyStall.stop()
  return why
}
