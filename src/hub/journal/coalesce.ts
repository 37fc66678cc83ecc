/** Joins the deltas of one message, so that the journal gets one event for 16 ms of a stream and not one for each token. */
import type { Envelope, MessageEvent } from '../model/event.js'
import type { UnplacedEvent } from './encode.js'

/** The fields that two deltas of one message have in common. */
export interface DeltaFacts extends Pick<MessageEvent, 'id' | 'role' | 'text' | 'parent'> {
  readonly agent: string
  readonly epoch: string
  readonly session?: string | undefined
  readonly turn?: string | undefined
}

/** Takes events in order and gives them back in order, with neighbouring deltas of a message joined. */
export interface Coalescer {
  /** Returns the events that must be written now. A delta usually returns none: it waits for more deltas. */
  push(event: UnplacedEvent): readonly UnplacedEvent[]
  /** Adds a delta to the one that waits, if it continues the same message. False: it must be pushed. Makes no object: deltas are hot. */
  join(delta: DeltaFacts): boolean
  /** Everything that waits. */
  flush(): readonly UnplacedEvent[]
  readonly waiting: boolean
}

const NOTHING: readonly UnplacedEvent[] = []

type Delta = Omit<Envelope, 'seq'> & { -readonly [Key in keyof MessageEvent]: MessageEvent[Key] }

const isDelta = (event: UnplacedEvent): event is Delta =>
  event.kind === 'message' && event.how === 'append' && event.partial && event.raw === undefined

const continues = (last: Delta, next: DeltaFacts): boolean =>
  last.id === next.id &&
  last.role === next.role &&
  last.session === next.session &&
  last.turn === next.turn &&
  last.epoch === next.epoch &&
  last.parent === next.parent

/** Each agent's deltas are joined separately: only the order within one agent has a meaning. */
export function createCoalescer(maxCharacters = 64 * 1024): Coalescer {
  const open = new Map<string, Delta>()

  const take = (agent: string): readonly UnplacedEvent[] => {
    const event = open.get(agent)
    if (!event) return NOTHING
    open.delete(agent)
    return [event]
  }

  return {
    push(event) {
      const { agent } = event
      if (!isDelta(event)) {
        const before = take(agent)
        return before.length > 0 ? [...before, event] : [event]
      }
      const last = open.get(agent)
      if (last !== undefined && last.origin === event.origin && continues(last, event)) {
        last.text += event.text
        return last.text.length > maxCharacters ? take(agent) : NOTHING
      }
      const before = take(agent)
      // A copy: joining writes into it.
      open.set(agent, { ...event })
      return before
    },
    join(delta) {
      const last = open.get(delta.agent)
      if (last?.origin !== 'live' || last.text.length > maxCharacters || !continues(last, delta)) return false
      last.text += delta.text
      return true
    },
    flush() {
      const all = [...open.values()]
      open.clear()
      return all
    },
    get waiting() {
      return open.size > 0
    },
  }
}
