/** Whether a usage limit is worth waiting for. Opt-in: the wait may be hours. */
import { SignalboxError } from '../../errors.js'
import type { TurnEnd } from '../messages/turn-end.js'

/** A moment past the reset, because clocks differ. */
const MARGIN_MS = 1_000

/** How long to wait before the message is sent again; undefined for not at all. */
export function resendDelay(end: TurnEnd, longestMs: number | undefined): number | undefined {
  if (longestMs === undefined || !SignalboxError.is(end.error, 'rate_limited')) return undefined
  if (end.error.remoteCode !== 'usage_limit_reached') return undefined
  const waitMs = end.error.retryAfterMs
  return waitMs !== undefined && waitMs <= longestMs ? waitMs + MARGIN_MS : undefined
}
