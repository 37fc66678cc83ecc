/** Decides whether to wait for the reset of a usage limit. Off by default, because the wait can take hours. */
import { SignalboxError } from '../../errors.js'
import type { TurnEnd } from '../messages/turn-end.js'

/** Waits a little longer than the reset, because clocks differ. */
const MARGIN_MS = 1_000

/** How long to wait before the message is sent again; undefined when it is not sent again. */
export function resendDelay(end: TurnEnd, longestMs: number | undefined): number | undefined {
  if (longestMs === undefined || !SignalboxError.is(end.error, 'rate_limited')) return undefined
  if (end.error.remoteCode !== 'usage_limit_reached') return undefined
  const waitMs = end.error.retryAfterMs
  return waitMs !== undefined && waitMs <= longestMs ? waitMs + MARGIN_MS : undefined
}
