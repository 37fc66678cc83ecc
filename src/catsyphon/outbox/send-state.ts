/** The state of sending a session, such as the size of its requests. Kept in memory only: after a restart it is learned again. */

export interface SendState {
  /** Events per request. Halved when a batch is refused, doubled when a batch passes. */
  maxEvents: number
  /** Up to this position an attempt was made whose outcome is unknown: the server may have these events, or may store them yet. */
  unknownUpTo: number
  /** The server may still be at work on such an attempt. */
  needsBarrier: boolean
  /** The acquisition of the lease for which `unknownUpTo` covers what another sender may have sent. */
  hold: number
  /** Events that the server refused by name: the reason, by position. */
  readonly refused: Map<number, string>
  /** Failures of a healthy server, in a row, for one head of the queue. */
  failures: number
  /** How often this session waited for its parent. */
  parentWaits: number
  /** The sequence that a sequence server still waits for. */
  fillAt: number | undefined
}

type Positioned = { readonly position: number }

/** The server takes 1 to 50 events in a request. */
export const MAX_EVENTS = 50
/** How many sessions are remembered. A forgotten one costs a few requests. */
const MAX_KNOWN = 1000

/** Gives the state of a session, a new one where there is none. */
export function createSendStates(): (sessionId: string) => SendState {
  const states = new Map<string, SendState>()
  return (sessionId) => {
    const found = states.get(sessionId)
    if (found) return found
    const made: SendState = {
      maxEvents: MAX_EVENTS,
      unknownUpTo: 0,
      needsBarrier: false,
      hold: 0,
      refused: new Map(),
      failures: 0,
      parentWaits: 0,
      fillAt: undefined,
    }
    states.set(sessionId, made)
    if (states.size > MAX_KNOWN) states.delete(states.keys().next().value as string)
    return made
  }
}

/** The outcome of an attempt with these items is unknown. */
export function markUnknown(state: SendState, items: readonly Positioned[]): void {
  state.unknownUpTo = Math.max(state.unknownUpTo, items.at(-1)?.position ?? 0)
  state.needsBarrier = true
}

/** The server has these items. With `oneByOne` the requests grow again only when nothing unknown is left. */
export function markDelivered(state: SendState, items: readonly Positioned[], oneByOne: boolean): void {
  for (const { position } of items) state.refused.delete(position)
  const isPast = (items.at(-1)?.position ?? 0) >= state.unknownUpTo
  if (isPast || !oneByOne) state.maxEvents = Math.min(MAX_EVENTS, state.maxEvents * 2)
  state.needsBarrier = false
  state.failures = 0
  state.fillAt = undefined
}
