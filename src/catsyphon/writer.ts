/** Puts a session's events into the outbox: in the order of the calls, each later than the one before. */
import type { Clock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import type { Outbox } from '../store/outbox.js'
import { encodeCommand, encodeText, type CompleteCommand } from './batch.js'
import type { CollectorEvent } from './events.js'
import { prepareEvent } from './prepare.js'
import type { CatsyphonEvent } from './report.js'
import { checkSessionId } from './session-id.js'
import { randomHex } from './random.js'

export interface SessionWriter {
  /** Resolves when the event is durable. Its rejection is reported too, so it may be left alone. */
  add(event: CollectorEvent): Promise<void>
  complete(command: CompleteCommand): Promise<void>
  /** Everything that was added is durable, or was refused. */
  settled(): Promise<void>
  /** Events added by this object. */
  readonly count: number
}

export interface Writers {
  of(sessionId: string): SessionWriter
  settled(): Promise<void>
}

export interface WritersOptions {
  readonly outbox: Outbox
  readonly clock: Clock
  readonly report: (event: CatsyphonEvent) => void
}

/** Sessions whose last moment is remembered. */
const MAX_SESSIONS = 1000

export function createWriters({ outbox, clock, report }: WritersOptions): Writers {
  const writer = randomHex(16)
  const known = new Map<string, SessionWriter>()
  const open = new Set<Promise<void>>()

  const make = (sessionId: string): SessionWriter => {
    let lastEmittedAt = Number.NEGATIVE_INFINITY
    let count = 0
    let earlier: Promise<void> | undefined
    /** An earlier life may have written later moments than the clock shows now. */
    const recall = (): Promise<void> => {
      earlier ??= outbox.state(sessionId).then(({ memo }) => {
        if (typeof memo.lastEmittedAt === 'number') lastEmittedAt = Math.max(lastEmittedAt, memo.lastEmittedAt)
      })
      return earlier
    }
    const guarded = (work: () => Promise<unknown>): Promise<void> => {
      const done = work().then(
        () => {},
        (cause: unknown) => {
          const error = SignalboxError.is(cause) ? cause : unexpected(cause)
          report({ type: 'rejected', sessionId, error })
          throw error
        },
      )
      const quiet = done.catch(() => {})
      open.add(quiet)
      void quiet.then(() => open.delete(quiet))
      return done
    }
    let tail: Promise<void> = Promise.resolve()
    /** The order of the calls is the order in the log, though appends do not wait for one another's disk. */
    const inOrder = (append: () => Promise<unknown>): Promise<void> => {
      let started: () => void = () => {}
      const before = tail
      tail = new Promise((resolve) => {
        started = resolve
      })
      return guarded(async () => {
        await before
        try {
          await recall().catch(() => {})
          const appending = append()
          started()
          await appending
        } finally {
          started()
        }
      })
    }
    return {
      add(event) {
        const now = clock.now()
        return inOrder(() => {
          const prepared = prepareEvent(event, { sessionId, now, lastEmittedAt, writer })
          lastEmittedAt = prepared.emittedAt
          count += 1
          const { replacements, text } = prepared
          if (replacements.length > 0) report({ type: 'sanitized', sessionId, event: prepared.type, replacements })
          return outbox.append(sessionId, encodeText(text))
        })
      },
      complete: (command) => inOrder(() => outbox.append(sessionId, encodeCommand(command), { numbered: false })),
      async settled() {
        while (open.size > 0) await Promise.all(open)
      },
      get count() {
        return count
      },
    }
  }

  return {
    of(sessionId) {
      const found = known.get(checkSessionId(sessionId)) ?? make(sessionId)
      // The one used last goes to the end, so that the first is the one to forget.
      known.delete(sessionId)
      known.set(sessionId, found)
      if (known.size > MAX_SESSIONS) known.delete(known.keys().next().value as string)
      return found
    },
    async settled() {
      while (open.size > 0) await Promise.all(open)
    },
  }
}

const unexpected = (cause: unknown): SignalboxError =>
  new SignalboxError({ code: 'protocol', message: `The event could not be queued: ${String(cause)}`, system: 'catsyphon', cause })
