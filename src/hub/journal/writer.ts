/** Writes events into the log in one order. Sources push and never wait; the hub's own steps append and wait until it is durable. */
import type { Clock, Timer } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { SignalboxError } from '../../errors.js'
import type { Fence, Log } from '../../store/store.js'
import type { HubEvent } from '../model/event.js'
import { encodeWithin } from './bound.js'
import { createCoalescer, type DeltaFacts } from './coalesce.js'
import { place, type UnplacedEvent } from './encode.js'

/** How long deltas of one message are joined. */
const COALESCE_MS = 16

export interface JournalWriter {
  /** Queues an event and returns at once. Order is kept. */
  push(event: UnplacedEvent): void
  /** Adds one more delta of a message without a new event. False when the delta must be pushed as an event. */
  join(delta: DeltaFacts): boolean
  /** Resolves with the positions when the events are as durable as the store makes them. */
  append(events: readonly UnplacedEvent[]): Promise<readonly number[]>
  /** A lower bound for the position of every event that is appended from now on. */
  readonly next: number
  /** Writes what waits. Afterwards every call rejects with `closed`. */
  close(): Promise<void>
}

export interface JournalWriterOptions {
  readonly log: Log
  readonly fence: Fence
  readonly clock: Clock
  /** The position that the log gives next. */
  readonly next: number
  /** A position that the log has reached by the events of other writers. */
  readonly floor?: () => number
  readonly maxEventBytes: number
  /** Events that may wait for the disk. Above it the deltas of messages are dropped: the message is closed with its whole text later. */
  readonly maxWaiting: number
  /** Called with events in order, once they are in the log. */
  readonly publish: (events: readonly HubEvent[], bytes: number) => void
  /** The log is full: cuts it, so that the append can be tried again. */
  readonly makeRoom: (error: SignalboxError) => Promise<void>
  /** The log refused. Nothing more can be written. */
  readonly onFailure: (error: SignalboxError) => void
}

interface Waiting {
  readonly event: UnplacedEvent
  readonly done?: (result: { readonly seq: number } | { readonly error: unknown }) => void
}

export function createJournalWriter(options: JournalWriterOptions): JournalWriter {
  const { log, fence, clock, maxEventBytes, maxWaiting, publish, makeRoom, onFailure, floor } = options
  const coalescer = createCoalescer()
  let waiting: Waiting[] = []
  let next = options.next
  let timer: Timer | undefined
  let working: Promise<void> | undefined
  let ended: SignalboxError | undefined
  let dropped = 0

  const appendOrMakeRoom = async (bytes: readonly Uint8Array[]): Promise<number[]> => {
    try {
      return await log.append(bytes, { fence })
    } catch (error) {
      if (!SignalboxError.is(error, 'unavailable') || error.sent !== 'no') throw error
      await makeRoom(error)
      return await log.append(bytes, { fence })
    }
  }
  const commit = async (): Promise<void> => {
    // One append for everything that came during the one before.
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const encoded = batch.map(({ event }) => encodeWithin(event, maxEventBytes))
        const bytes = encoded.map((each) => each.bytes)
        const sequences = await appendOrMakeRoom(bytes)
        next = (sequences.at(-1) ?? next) + 1
        const events = encoded.map(({ event }, index) => place(event, sequences[index] as number))
        publish(
          events,
          bytes.reduce((sum, { byteLength }) => sum + byteLength, 0),
        )
        for (const [index, { done }] of batch.entries()) done?.({ seq: sequences[index] as number })
      } catch (cause) {
        const error = SignalboxError.is(cause) ? cause : failure(cause)
        for (const { done } of batch) done?.({ error })
        fail(error)
      }
    }
    working = undefined
  }
  const fail = (error: SignalboxError): void => {
    if (ended) return
    ended = error
    const unwritten = waiting
    waiting = []
    for (const { done } of unwritten) done?.({ error })
    onFailure(error)
  }
  const write = (events: readonly UnplacedEvent[]): void => {
    for (const event of events) {
      if (waiting.length >= maxWaiting && event.kind === 'message' && event.partial) {
        dropped += 1
        continue
      }
      if (dropped > 0) waiting.push({ event: overflow(event) })
      dropped = 0
      waiting.push({ event })
    }
    if (waiting.length > 0) working ??= commit()
  }
  const flush = (): void => {
    timer?.cancel()
    timer = undefined
    if (coalescer.waiting) write(coalescer.flush())
  }

  return {
    push(event) {
      if (ended) return
      const ready = coalescer.push(event)
      if (ready.length > 0) write(ready)
      if (coalescer.waiting) timer ??= clock.after(COALESCE_MS, flush)
    },
    join: (delta) => ended === undefined && coalescer.join(delta),
    async append(events) {
      if (ended) throw ended
      flush()
      const results = events.map((event) => {
        const { promise, resolve, reject } = deferred<number>()
        waiting.push({ event, done: (result) => ('seq' in result ? resolve(result.seq) : reject(result.error)) })
        return promise
      })
      if (waiting.length > 0) working ??= commit()
      return Promise.all(results)
    },
    get next() {
      return floor ? Math.max(next, floor()) : next
    },
    async close() {
      flush()
      await working
      ended ??= new SignalboxError({ code: 'closed', message: 'The hub is closed.' })
    },
  }
}

function failure(cause: unknown): SignalboxError {
  return new SignalboxError({ code: 'unavailable', message: 'The journal could not be written.', sent: 'maybe', cause })
}

/** Marks the place where deltas were dropped. */
const overflow = ({ v, epoch, at, agent, origin }: UnplacedEvent): UnplacedEvent => ({
  v,
  epoch,
  at,
  agent,
  origin,
  kind: 'gap',
  reason: 'overflow',
})
