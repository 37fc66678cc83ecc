/** Shared by all sources: the sink of the hub, and repeated work that ends with the source. */
import { sleep, type Clock } from '../../core/clock.js'
import { createDeadline } from '../../core/deadline.js'
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
  state(agent: string, epoch: string, session: string, state: AgentState, from: Evidence['from']): void
  open(sink: SourceSink): void
  now(): string
  readonly signal: AbortSignal
  /** Does the work now and repeats it until the source closes. A failure goes to `onFailure`, and the work is repeated all the same. */
  every(ms: number, work: () => Promise<void>, onFailure?: (error: unknown) => void): void
  /** Ends all work and waits for it. */
  close(): Promise<void>
}

export function createEmitter(clock: Clock): Emitter {
  const life = createDeadline({ clock })
  const running = new Set<Promise<void>>()
  let sink: SourceSink | undefined

  const push: Emitter['push'] = (agent, epoch, body) => {
    if (!life.signal.aborted) sink?.push({ ...body, agent, epoch } as SourceEvent)
  }
  const now = (): string => new Date(clock.now()).toISOString()
  return {
    push,
    state: (agent, epoch, session, state, from) =>
      push(agent, epoch, { kind: 'state', session, state, evidence: { from, at: now() } }),
    open(given) {
      sink = given
    },
    now,
    signal: life.signal,
    every(ms, work, onFailure = () => {}) {
      const loop = async (): Promise<void> => {
        while (!life.signal.aborted) {
          await work().catch(onFailure)
          await sleep(clock, ms, life.signal).catch(() => {})
        }
      }
      const one = loop().finally(() => running.delete(one))
      running.add(one)
    },
    async close() {
      life.abort()
      await Promise.all(running)
      life[Symbol.dispose]()
    },
  }
}
