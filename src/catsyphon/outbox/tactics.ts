/** How carefully a session is sent just now. In memory only: it is learned anew after a restart. */

export interface Tactics {
  /** Events per request; halves when a batch is refused, grows when batches pass. */
  limit: number
  /** Up to this position an attempt was made whose outcome nobody knows: these may be stored, or be stored yet. */
  darkUpTo: number
  /** The server may still be at work on such an attempt. */
  needsBarrier: boolean
  /** The holding of the lane for which it was already asked what others may have sent. */
  hold: number
  /** Refused by name: the reason, by position. */
  readonly condemned: Map<number, string>
  /** Failures with a healthy server, in a row, for one head of the queue. */
  refusals: number
  /** How often this session stood back for its parent. */
  waits: number
  /** The number that an older server still waits for. */
  fillAt: number | undefined
}

type Positioned = { readonly position: number }

export const MAX_EVENTS = 50
/** Lanes whose tactics are remembered; forgetting one costs a few requests. */
const MAX_KNOWN = 1000

export function tacticsOf(known: Map<string, Tactics>, lane: string): Tactics {
  const found = known.get(lane)
  if (found) return found
  const made: Tactics = {
    limit: MAX_EVENTS,
    darkUpTo: 0,
    needsBarrier: false,
    hold: 0,
    condemned: new Map(),
    refusals: 0,
    waits: 0,
    fillAt: undefined,
  }
  known.set(lane, made)
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value as string)
  return made
}

/** Nobody heard what became of these. */
export function leaveInTheDark(tactics: Tactics, items: readonly Positioned[]): void {
  tactics.darkUpTo = Math.max(tactics.darkUpTo, items.at(-1)?.position ?? 0)
  tactics.needsBarrier = true
}

export function afterSuccess(tactics: Tactics, sent: readonly Positioned[], growsSlowly: boolean): void {
  for (const { position } of sent) tactics.condemned.delete(position)
  const isOut = (sent.at(-1)?.position ?? 0) >= tactics.darkUpTo
  if (isOut || !growsSlowly) tactics.limit = Math.min(MAX_EVENTS, tactics.limit * 2)
  tactics.needsBarrier = false
  tactics.refusals = 0
  tactics.fillAt = undefined
}
