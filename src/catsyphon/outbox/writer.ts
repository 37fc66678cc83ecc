/** Appends a session's events to the outbox: in the order of the calls, each later than the one before. */
import type { Clock } from '../../core/clock.js'
import { deferred, type Deferred } from '../../core/deferred.js'
import { SignalboxError } from '../../errors.js'
import type { Outbox } from '../../store/outbox/outbox.js'
import { failure } from '../errors.js'
import { prepareEvent, type PreparedEvent } from './prepare.js'
import type { SessionQueue } from './types.js'
import { createRandomHex } from '../random.js'
import type { CatsyphonEvent } from '../report.js'
import { emittedIn, encodeCommand, encodeText, textOf } from './batch.js'

export interface Writers {
  of(sessionId: string): SessionQueue
  /** Everything that was added is durable, or was refused. */
  settled(): Promise<void>
}

export interface WritersOptions {
  readonly outbox: Outbox
  readonly clock: Clock
  readonly report: (event: CatsyphonEvent) => void
}

/** How many sessions keep the time of their last event in memory. */
const MAX_SESSIONS = 1000

export function createWriters({ outbox, clock, report }: WritersOptions): Writers {
  const queues = new Map<string, SessionQueue>()
  const newHash = createRandomHex(16)
  const allOpen = createOpenCount()

  const make = (sessionId: string): SessionQueue => {
    const open = createOpenCount()
    let lastEmittedAt = Number.NEGATIVE_INFINITY
    let count = 0
    let recalling: Promise<void> | undefined
    /** Appends that wait until the times of an earlier process are known. */
    let early = 0
    let recalled = false
    /** An earlier process may have written later times than the clock shows now. A failure to read them is no reason to lose an event. */
    const recall = async (): Promise<void> => {
      const [{ memo }, newest] = await Promise.all([outbox.state(sessionId), outbox.newest(sessionId)])
      const waiting = newest ? emittedIn(textOf(newest)) : Number.NaN
      for (const time of [memo.lastEmittedAt, waiting])
        if (Number.isFinite(time)) lastEmittedAt = Math.max(lastEmittedAt, Number(time))
    }
    const ended = (): void => {
      open.end()
      allOpen.end()
    }
    const failed = (cause: unknown): never => {
      ended()
      const error = SignalboxError.is(cause)
        ? cause
        : failure('protocol', `The event could not be queued: ${cause}`, { sent: 'maybe', cause })
      report({ type: 'rejected', sessionId, error })
      throw error
    }
    const followed = (appending: Promise<unknown>): Promise<void> => {
      open.begin()
      allOpen.begin()
      return appending.then(ended, failed)
    }
    /** The order of the calls is the order in the log. An append does not wait until the one before is on disk. */
    const inOrder = (append: () => Promise<unknown>): Promise<void> => {
      if (recalled && early === 0) return followed(append())
      recalling ??= recall()
        .catch(() => {})
        .then(() => {
          recalled = true
        })
      early += 1
      return followed(
        recalling.then(() => {
          early -= 1
          return append()
        }),
      )
    }
    return {
      add(event) {
        let prepared: PreparedEvent
        try {
          prepared = prepareEvent(event, clock.now())
        } catch (error) {
          return followed(Promise.reject(error))
        }
        // The hash is stored with the event, so every attempt sends the same one, and no two events share one.
        const { type, emittedAt, replacements, text, hash = newHash() } = prepared
        // Counted now, not when it is durable: a caller may complete a session without awaiting its events.
        count += 1
        return inOrder(() => {
          lastEmittedAt = Math.max(emittedAt, lastEmittedAt + 1)
          if (replacements.length > 0) report({ type: 'sanitized', sessionId, event: type, replacements })
          return outbox.append(sessionId, encodeText(text(hash, lastEmittedAt)))
        })
      },
      complete: (command) => inOrder(() => outbox.append(sessionId, encodeCommand(command), { numbered: false })),
      async flush(options) {
        await open.whenNoneOpen()
        return await outbox.flush({ ...options, queue: sessionId })
      },
      async taken() {
        await open.whenNoneOpen()
        return await outbox.taken(sessionId)
      },
      get count() {
        return count
      },
      get pending() {
        return outbox.pending(sessionId)
      },
    }
  }

  return {
    of(sessionId) {
      const found = queues.get(sessionId) ?? make(sessionId)
      // Moved to the end: the first of the map is the one to forget.
      queues.delete(sessionId)
      queues.set(sessionId, found)
      if (queues.size > MAX_SESSIONS) queues.delete(queues.keys().next().value as string)
      return found
    },
    settled: allOpen.whenNoneOpen,
  }
}

interface OpenCount {
  begin(): void
  end(): void
  /** Resolves when nothing is open. */
  whenNoneOpen(): Promise<void>
}

function createOpenCount(): OpenCount {
  let open = 0
  let empty: Deferred<void> | undefined
  return {
    begin() {
      open += 1
    },
    end() {
      open -= 1
      if (open > 0) return
      empty?.resolve()
      empty = undefined
    },
    async whenNoneOpen() {
      while (open > 0) {
        empty ??= deferred()
        await empty.promise
      }
    },
  }
}
