/** Interrupts a turn until it is over. One request is not enough, because the CLI reports success even when it stopped nothing. */
import type { Clock } from '../../core/clock.js'
import { withinTime } from '../../core/within-time.js'
import type { Control } from './control.js'
import type { TurnState } from './turn-state.js'

/** Options of an interrupt. */
export interface InterruptOptions {
  /** Also removes messages that wait inside the CLI (newer CLIs only). */
  readonly cancelQueued?: boolean
  /** How long the CLI may take to stop the turn before its process is ended. Default 5 seconds. */
  readonly timeoutMs?: number | undefined
}

/** How long the CLI may take to stop a turn. */
export const INTERRUPT_MS = 5_000

/** An interrupt that shows no effect for this long is repeated. */
const ASK_AGAIN_MS = 1_000

export interface StopParts {
  readonly turn: TurnState
  readonly control: Pick<Control, 'request'>
  readonly options: InterruptOptions
  readonly clock: Clock
  readonly isUnderWay: () => boolean
  /** Resolves when the turn is over or its process has ended. */
  readonly over: () => Promise<void>
  /** Called when the turn did not stop in time: fails the turn and ends the process. */
  readonly onStuck: (patienceMs: number) => Promise<void>
}

/** Resolves when the turn is over, with the CLI's answer to the first request; an empty object if there was no answer. */
export async function stopTurn(parts: StopParts): Promise<Readonly<Record<string, unknown>>> {
  const { turn, control, options, clock, isUnderWay, over, onStuck } = parts
  const { cancelQueued, timeoutMs: patienceMs = INTERRUPT_MS } = options
  const until = clock.monotonic() + patienceMs
  const fields = cancelQueued ? { cancel_queued: true } : {}
  let first: Promise<Readonly<Record<string, unknown>>> | undefined
  turn.interrupted = true
  for (let left = patienceMs; left > 0 && isUnderWay(); left = until - clock.monotonic()) {
    // A failed request is ignored: only the end of the turn counts.
    const asked = control.request('interrupt', fields, { timeoutMs: left }).catch(() => ({}))
    first ??= asked
    await withinTime(over(), Math.min(left, ASK_AGAIN_MS), clock)
  }
  if (isUnderWay()) await onStuck(patienceMs)
  // The answer usually comes before the end of the turn. When the interrupt came too late, the answer follows the result.
  return (first && (await withinTime(first, ASK_AGAIN_MS, clock))) ?? {}
}
