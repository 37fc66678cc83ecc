/** The values that the parts of a hub share. A part uses nothing else of the other parts. */
import type { Clock } from '../core/clock.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { UnplacedEvent } from './journal/encode.js'
import type { JournalWriter } from './journal/writer.js'
import type { Agent, AgentId } from './model/agent.js'
import type { HubEventBody } from './model/event.js'
import type { Source } from './source.js'

/** A failure that no call reports. Log it for the person who runs the hub. */
export interface HubProblem {
  /** Distinguishes this event from other events of a listener. */
  readonly type: 'problem'
  /** What the hub was doing. */
  readonly what: string
  /** What went wrong, with `sent` when a request to a system was under way. */
  readonly error: SignalboxError
}

export interface HubContext {
  readonly clock: Clock
  /** The token of the lease: written into every record. */
  readonly fence: number
  /** Whether the systems' own messages are kept as `raw`. */
  readonly keepRaw: boolean
  readonly writer: Pick<JournalWriter, 'push' | 'join' | 'append' | 'next'>
  agent(id: AgentId): Agent | undefined
  sourceOf(id: AgentId): Source | undefined
  /** The current epoch of a session. Empty before its first event. */
  epochOf(agent: AgentId, session: string | undefined): string
  /** Waits at most `ms` milliseconds for a call to a source. */
  within<Result>(work: Promise<Result>, ms: number): Promise<Result>
  /**
   * Undefined while the hub may act for its agents. A hub that has its store alone always may. Otherwise wait for the promise before a
   * call to a source: it resolves when the hub may act again, and rejects when another hub has taken over.
   */
  pause(): Promise<void> | undefined
  report(what: string, error: unknown): void
}

/** Waits until the hub may act for its agents. The call to the source must follow without another wait. */
export async function untilAllowed({ pause }: HubContext): Promise<void> {
  for (let wait = pause(); wait; wait = pause()) await wait
}

/** The agent, the session and the turn of an event that the hub itself writes. */
export interface EventPlace {
  readonly agent: AgentId
  readonly session?: string | undefined
  readonly turn?: string | undefined
  readonly epoch?: string | undefined
}

/** An event of the hub itself. */
export function hubEvent(context: HubContext, place: EventPlace, body: HubEventBody): UnplacedEvent {
  const { agent, session, turn, epoch = context.epochOf(agent, session) } = place
  return {
    v: 1,
    epoch,
    at: isoTime(context.clock),
    agent,
    ...(session === undefined ? {} : { session }),
    ...(turn === undefined ? {} : { turn }),
    origin: 'live',
    ...body,
  }
}

/** An event or an agent without the system's own message. */
export function withoutRaw<Item extends { readonly raw?: unknown }>(item: Item): Omit<Item, 'raw'> {
  const { raw: _raw, ...rest } = item
  return rest
}

export const isoTime = (clock: Clock): string => new Date(clock.now()).toISOString()

/** An error of the hub, with `system` and `sent: 'no'` filled in. */
export function hubError(facts: ConstructorParameters<typeof SignalboxError>[0]): SignalboxError {
  return new SignalboxError({ system: 'hub', sent: 'no', ...facts })
}

/** The error of a call that may have had an effect: `sent: 'no'` becomes `sent: 'maybe'`. */
export function afterEffect(error: unknown, op: string): SignalboxError {
  const hubFailure = asHubError(error, op)
  return hubFailure.sent === 'no' ? withFacts(hubFailure, {}, { sent: 'maybe' }) : hubFailure
}

/** Any failure as a `SignalboxError`. Another kind of error from a source gets `sent: 'maybe'`: the request may have reached the system. */
export function asHubError(error: unknown, op: string): SignalboxError {
  if (SignalboxError.is(error)) return error
  const message = `${op} failed: ${error instanceof Error ? error.message : String(error)}`
  return new SignalboxError({ system: 'hub', op, code: 'protocol', message, sent: 'maybe', cause: error })
}
