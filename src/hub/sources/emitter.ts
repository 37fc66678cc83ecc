/** Shared by all sources: the sink of the hub, and repeated work that ends with the source. */
import { sleep, type Clock } from '../../core/clock.js'
import { createDeadline } from '../../core/deadline.js'
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { AgentState, Evidence } from '../model/agent.js'
import type { SourceEvent, SourceSink } from '../source.js'

/** The part of an event that says what happened. */
export type SourceBody = SourceEvent extends infer Event
  ? Event extends SourceEvent
    ? Omit<Event, 'agent' | 'epoch'>
    : never
  : never

export interface Emitter {
  /** Pushes an event. Does nothing before the hub has opened the source. */
  push(agent: string, epoch: string, body: SourceBody): void
  /** Pushes an event that has its agent and its epoch. Copies nothing: for deltas, which come by the thousand. */
  pass(event: SourceEvent): void
  state(agent: string, epoch: string, session: string, state: AgentState, from: Evidence['from']): void
  open(sink: SourceSink): void
  now(): string
  readonly signal: AbortSignal
  /** Does the work now and repeats it until the source closes, also after a failure. */
  every(ms: number, work: () => Promise<void>): void
  /** Repeats the work as `every` does. Its failures and successes show when the system cannot be reached and when it is back. */
  poll(ms: number, work: () => Promise<void>, presence: Presence): void
  /** Ends all work and waits for it. */
  close(): Promise<void>
}

/** What a source does when its system goes and returns. */
export interface Presence {
  /** The system cannot be reached: its agents are offline. Called once, until `back`. */
  away(): void
  /** The system answers again. If this fails, the system still counts as away. */
  back(): Promise<void>
}

/** Failures that say nothing about the request, only that the system did not answer. */
const NO_ANSWER: readonly ErrorCode[] = ['unreachable', 'unavailable', 'closed', 'exited', 'deadline_exceeded', 'circuit_open']

/** True when the failure means that the system cannot be reached. */
export const isAway = (error: unknown): boolean => SignalboxError.is(error) && NO_ANSWER.includes(error.code)

export function createEmitter(clock: Clock): Emitter {
  const lifetime = createDeadline({ clock })
  const running = new Set<Promise<void>>()
  let sink: SourceSink | undefined

  const pass = (event: SourceEvent): void => {
    if (!lifetime.ended) sink?.push(event)
  }
  const push: Emitter['push'] = (agent, epoch, body) => pass({ ...body, agent, epoch } as SourceEvent)
  const now = (): string => new Date(clock.now()).toISOString()
  const every = (ms: number, work: () => Promise<void>): void => {
    const loop = async (): Promise<void> => {
      while (!lifetime.signal.aborted) {
        await work().catch(() => {})
        await sleep(clock, ms, lifetime.signal).catch(() => {})
      }
    }
    const ended = loop().finally(() => running.delete(ended))
    running.add(ended)
  }
  return {
    push,
    pass,
    state: (agent, epoch, session, state, from) =>
      push(agent, epoch, { kind: 'state', session, state, evidence: { from, at: now() } }),
    open(hubSink) {
      sink = hubSink
    },
    now,
    signal: lifetime.signal,
    every,
    poll(ms, work, { away, back }) {
      let isReached = true
      every(ms, async () => {
        try {
          await work()
          if (!isReached) await back()
          isReached = true
        } catch (error) {
          if (!isReached || !isAway(error)) return
          isReached = false
          away()
        }
      })
    },
    async close() {
      lifetime.abort()
      await Promise.all(running)
      lifetime[Symbol.dispose]()
    },
  }
}
