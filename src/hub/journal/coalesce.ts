/** Joins the deltas of one message, so that the journal gets one event for 16 ms of a stream and not one for each token. */
import type { Envelope, MessageEvent } from '../model/event.js'
import type { UnplacedEvent } from './encode.js'

/** Takes events in order and gives them back in order, with neighbouring deltas of a message joined. */
export interface Coalescer {
  /** Events that must be written now. A delta usually gives none: it waits for more. */
  push(event: UnplacedEvent): readonly UnplacedEvent[]
  /** Everything that waits. */
  flush(): readonly UnplacedEvent[]
  readonly waiting: boolean
}

const NOTHING: readonly UnplacedEvent[] = []

type Delta = Omit<Envelope, 'seq'> & { -readonly [Key in keyof MessageEvent]: MessageEvent[Key] }

const isDelta = (event: UnplacedEvent): event is Delta =>
  event.kind === 'message' && event.how === 'append' && event.partial && event.raw === undefined

/** The deltas of each agent are joined apart: the order between agents carries no meaning, the order within one does. */
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
      const joins =
        last !== undefined &&
        last.id === event.id &&
        last.role === event.role &&
        last.session === event.session &&
        last.turn === event.turn &&
        last.epoch === event.epoch &&
        last.parent === event.parent &&
        last.origin === event.origin
      if (joins) {
        last.text += event.text
        return last.text.length > maxCharacters ? take(agent) : NOTHING
      }
      const before = take(agent)
      // A copy: joining writes into it.
      open.set(agent, { ...event })
      return before
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
