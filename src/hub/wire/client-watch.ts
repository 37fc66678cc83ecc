/** A watch over a link that may die: it goes on at the last consumed event, over a new link. */
import { createBackoff } from '../../core/backoff.js'
import type { Clock, Random } from '../../core/clock.js'
import { sleep } from '../../core/clock.js'
import { abortError, createDeadline } from '../../core/deadline.js'
import { onAbort } from '../../core/on-abort.js'
import { createQueue, type BoundedQueue } from '../../core/queue.js'
import { createStream } from '../../core/stream.js'
import { SignalboxError } from '../../errors.js'
import type { HubWatch, WatchOptions } from '../hub.js'
import type { HubCursor } from '../model/cursor.js'
import type { HubEvent } from '../model/event.js'
import type { HubConnection } from './connection.js'

interface OutputLine {
  readonly events: readonly HubEvent[]
  readonly cursor?: HubCursor
}

export interface ClientWatchParts {
  readonly clock: Clock
  readonly random: Random
  /** The link that is open, or a new one. */
  connect(signal: AbortSignal): Promise<HubConnection>
  /** False ends the watch with its first link. */
  readonly reconnect: boolean
}

interface Subscription {
  readonly connection: HubConnection
  readonly id: number
  readonly lines: BoundedQueue<OutputLine>
}

export function watchOverLink({ clock, random, connect, reconnect }: ClientWatchParts, options: WatchOptions = {}): HubWatch {
  const { signal, from, ...filter } = options
  const lifetime = createDeadline({ signal, clock })
  const backoff = createBackoff({ clock, random, baseMs: 100, maxMs: 5000 })
  const places = new Map<HubEvent, HubCursor | undefined>()
  let current: Subscription | undefined
  let ended = false
  // An abort also ends the wait for the next line.
  const unfollow = onAbort(lifetime.signal, () => current?.lines.fail(lifetime.signal.reason))

  const open = async (): Promise<Subscription> => {
    const connection = await connect(lifetime.signal)
    const lines = createQueue<OutputLine>({ overflow: 'pause', name: 'the lines of a watch' })
    const start = stream.cursor ?? from
    const id = await connection.watch(start === undefined ? filter : { ...filter, from: start }, {
      line: (line) => void lines.push([line as unknown as OutputLine]),
      end: () => lines.end(),
      fail: (error) => lines.fail(error),
    })
    backoff.opened()
    return { connection, id, lines }
  }
  const leave = (): void => {
    if (!current) return
    current.connection.send('stop', current.id)
    current.connection.forget(current.id)
    current.lines.discard()
    current = undefined
  }
  /** Undefined: the link was lost, and the next attempt goes on at the cursor. */
  const next = async (): Promise<readonly HubEvent[] | null | undefined> => {
    try {
      current ??= await open()
      const lines = await current.lines.take()
      if (lines === null) return null
      for (const _ of lines) current.connection.send('more', current.id)
      return eventsOf(lines, places)
    } catch (error) {
      current = undefined
      if (lifetime.signal.aborted) throw abortError(lifetime.signal, { system: 'hub', op: 'watch', sent: 'yes' })
      if (!reconnect || !SignalboxError.is(error) || !error.retryable) throw error
      await sleep(clock, backoff.next() ?? 0, lifetime.signal).catch(() => {})
      return undefined
    }
  }

  const stream: HubWatch = createStream<HubEvent, HubCursor>({
    start: typeof from === 'object' ? from : undefined,
    cursorOf: (event) => places.get(event),
    async pull() {
      while (!ended) {
        const events = await next()
        if (events === null) return null
        if (events && events.length > 0) return events
      }
      return null
    },
    async close() {
      ended = true
      unfollow()
      leave()
      lifetime.abort()
      lifetime[Symbol.dispose]()
    },
  })
  return stream
}

/** The events of some lines, with the place of each: inside a snapshot, whose events share one position, a viewer has no place yet. */
function eventsOf(lines: readonly OutputLine[], places: Map<HubEvent, HubCursor | undefined>): readonly HubEvent[] {
  places.clear()
  const all: HubEvent[] = []
  for (const { events, cursor } of lines) {
    for (const [index, event] of events.entries()) {
      const after = events[index + 1]
      if (after === undefined) places.set(event, cursor)
      else if (cursor && after.seq > event.seq) places.set(event, { journal: cursor.journal, seq: event.seq })
      all.push(event)
    }
  }
  return all
}
