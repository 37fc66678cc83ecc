/** A viewer: a position in the journal and a filter. It gets a snapshot when it has no position, or when its position was cut off. */
import { abortError } from '../../core/deadline.js'
import { onAbort } from '../../core/on-abort.js'
import { createStream, type StreamSource } from '../../core/stream.js'
import type { SignalboxError } from '../../errors.js'
import type { LogPage } from '../../store/store.js'
import type { HubWatch, WatchOptions } from '../hub.js'
import type { HubCursor } from '../model/cursor.js'
import type { HubEvent } from '../model/event.js'
import type { Fanout } from './fanout.js'

/** A page of the log. */
export interface JournalPage {
  readonly events: readonly HubEvent[]
  /** The position after the page. */
  readonly next: number
  readonly gap?: LogPage['gap'] | undefined
}

export interface Journal {
  readonly id: string
  readonly fanout: Fanout
  /** Reads the log from a position. Viewers that read from the same position one after the other get the same events. */
  read(position: number): Promise<JournalPage>
  /** States and open asks at the newest position, as events of the given position. */
  snapshot(seq: number): HubEvent[]
  /** An event that only this viewer sees. */
  gap(fields: { readonly reason: 'expired' | 'restart'; readonly from: unknown; readonly to: unknown }, seq: number): HubEvent
  /** Why no more events come. Undefined while the journal is open. */
  ended(): { readonly error?: SignalboxError } | undefined
}

/** Which events pass. Undefined lets all pass. */
function createFilter({ agents, kinds, turns }: WatchOptions): ((event: HubEvent) => boolean) | undefined {
  if (!agents && !kinds && !turns) return undefined
  const ofAgents = agents && new Set(agents)
  const ofKinds = kinds && new Set(kinds)
  const ofTurns = turns && new Set(turns)
  return (event) =>
    (ofAgents?.has(event.agent) ?? true) &&
    (ofKinds?.has(event.kind) ?? true) &&
    (ofTurns === undefined || event.kind === 'gap' || (event.turn !== undefined && ofTurns.has(event.turn)))
}

export function openWatch(journal: Journal, options: WatchOptions = {}): HubWatch {
  const { from, signal } = options
  const { fanout } = journal
  const passes = createFilter(options)
  /** The next position to read; undefined before the first snapshot. */
  let position: number | undefined
  let closed = false
  let wakeUp: (() => void) | undefined
  /** Events whose position is not yet the viewer's cursor: a viewer that leaves inside a snapshot gets the whole snapshot again. */
  const unsettled = new Map<HubEvent, HubCursor | undefined>()
  const unfollow = onAbort(signal, () => wakeUp?.())

  const cursorAt = (seq: number): HubCursor => ({ journal: journal.id, seq })
  const chosen = (events: readonly HubEvent[]): readonly HubEvent[] => (passes ? events.filter(passes) : events)

  /** A snapshot. The events of the journal from `next` on follow it. */
  const snapshotBefore = (next: number, first: readonly HubEvent[]): readonly HubEvent[] => {
    position = next
    const items = chosen([...first, ...journal.snapshot(next - 1)])
    unsettled.clear()
    for (const item of items) unsettled.set(item, undefined)
    const last = items.at(-1)
    if (last) unsettled.set(last, cursorAt(next - 1))
    return items
  }
  const begin = (): readonly HubEvent[] => {
    if (from === undefined) return snapshotBefore(fanout.next, [])
    if (from === 'oldest') position = 0
    else if (from.journal === journal.id) position = from.seq + 1
    else
      return snapshotBefore(fanout.next, [journal.gap({ reason: 'restart', from, to: cursorAt(fanout.next - 1) }, fanout.next - 1)])
    return []
  }
  /** Reads the log, but no further than the hub itself has read: what the hub tells of agents, asks and turns agrees with the events. */
  const readLog = async (at: number): Promise<readonly HubEvent[]> => {
    const page = await journal.read(at)
    if (page.gap) {
      const { reason, to = page.next } = page.gap
      if (to > fanout.next && !journal.ended()) {
        await pause(to - 1)
        return []
      }
      const gapReason = reason === 'restart' ? 'restart' : 'expired'
      return snapshotBefore(to, [journal.gap({ reason: gapReason, from: cursorAt(at - 1), to: cursorAt(to - 1) }, to - 1)])
    }
    const { next } = fanout
    if (page.next <= next) {
      position = page.next
      return chosen(page.events)
    }
    position = Math.max(at, next)
    return chosen(page.events.filter(({ seq }) => seq < next))
  }
  const pause = (at: number): Promise<void> =>
    new Promise((resolve) => {
      const stop = fanout.wait(at, resolve)
      wakeUp = () => {
        stop()
        resolve()
      }
      if (signal?.aborted || closed) wakeUp()
    })

  const source: StreamSource<HubEvent, HubCursor> = {
    start: typeof from === 'object' ? from : undefined,
    cursorOf: (event) => (unsettled.size > 0 && unsettled.has(event) ? unsettled.get(event) : cursorAt(event.seq)),
    async pull() {
      if (position === undefined) {
        const items = begin()
        if (items.length > 0) return items
      }
      for (;;) {
        if (signal?.aborted) throw abortError(signal, { op: 'watch' })
        if (closed) return null
        const at = position as number
        const events = fanout.from(at)
        if (events === undefined || at > fanout.next) {
          const items = await readLog(at)
          if (items.length > 0) return items
          if (position !== at) continue
          // The next event is in the log and not published yet, or it is not written yet.
        } else if (events.length > 0) {
          position = fanout.next
          unsettled.clear()
          const items = chosen(events)
          if (items.length > 0) return items
          continue
        }
        const end = journal.ended()
        if (end?.error) throw end.error
        if (end) return null
        await pause(at)
      }
    },
    async close() {
      closed = true
      unfollow()
      wakeUp?.()
    },
  }
  const stream = createStream(source)
  let inBatches: HubCursor | undefined
  return {
    get cursor() {
      return inBatches ?? stream.cursor
    },
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
    batches: () =>
      readBatches(source, stream, (last) => {
        inBatches = last ?? inBatches
      }),
    close: stream.close,
    [Symbol.asyncDispose]: stream.close,
  }
}

/** Batches with one promise each, and the cursor of the last item only: a thousand viewers wake up for every batch. */
function readBatches(
  source: StreamSource<HubEvent, HubCursor>,
  stream: HubWatch,
  advance: (cursor: HubCursor | undefined) => void,
): AsyncIterable<readonly HubEvent[]> {
  let ended = false
  const end = async (): Promise<IteratorResult<readonly HubEvent[]>> => {
    ended = true
    await stream.close()
    return { done: true, value: undefined }
  }
  const next = async (): Promise<IteratorResult<readonly HubEvent[]>> => {
    if (ended) return end()
    try {
      const batch = await source.pull()
      if (batch === null || ended) return await end()
      advance(source.cursorOf?.(batch.at(-1) as HubEvent))
      return { done: false, value: batch }
    } catch (error) {
      await end()
      throw error
    }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) }
}
