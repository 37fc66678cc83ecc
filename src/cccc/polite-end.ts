/**
 * Ends the connections of calls that were given up. A daemon up to 0.4.2 dies of a connection that closes before it sent a whole valid
 * request. So such a connection is opened, used for one request, read to its answer and closed: in the background and within bounds.
 */
import type { Clock } from '../core/clock.js'
import { createDeadline, raceSignal, type Deadline } from '../core/deadline.js'
import type { Link } from '../transport.js'
import { linesOf } from './lines.js'

/** Bounds of the steps of an end. */
const OPENING_MS = 30_000
const FLUSHING_MS = 30_000
const ANSWER_MS = 5_000
/** How long a closing client waits for connections to end by themselves. */
const CLOSING_MS = 2_000

export interface PoliteEnds {
  /** Registers work that `close` waits for. Its failure is ignored. */
  track(work: Promise<unknown>): void
  /** A request is being written: it is written whole, because half a line would be an invalid request, and read to its answer. */
  afterRequest(link: Link, written: Promise<void>, reading: Promise<unknown>): void
  /** Nothing was written yet: the connection opens, sends `request`, and is read to the answer. `stop` ends an opening that takes too long. */
  beforeRequest(opening: Promise<Link>, stop: (reason: unknown) => void, request: Uint8Array): void
  /** Waits for everything registered, then ends the rest at once. */
  close(): Promise<void>
}

const ignore = (): void => {}

export function createPoliteEnds(clock: Clock, maxLineBytes: number): PoliteEnds {
  const background = new Set<Promise<void>>()
  // One deadline for each wait: a signal shared by all of them would carry as many listeners as there are waits.
  const waits = new Set<Deadline>()
  let closed = false

  const track = (work: Promise<unknown>): void => {
    const quiet = work.then(ignore, ignore).then(() => void background.delete(quiet))
    background.add(quiet)
  }

  /** Waits for work, for at most `ms`; rejects when it failed or was late. */
  const atMost = async <Result>(ms: number, work: Promise<Result>): Promise<Result> => {
    const deadline = createDeadline({ timeoutMs: ms, clock })
    waits.add(deadline)
    if (closed) deadline.abort()
    try {
      return await raceSignal(work, deadline.signal)
    } finally {
      waits.delete(deadline)
      deadline[Symbol.dispose]()
    }
  }

  const finish = async (link: Link, written: Promise<void>, reading: Promise<unknown>): Promise<void> => {
    reading.catch(ignore)
    // Late or failed: the connection is closed next either way.
    await atMost(FLUSHING_MS, written).catch(ignore)
    await atMost(ANSWER_MS, reading).catch(ignore)
    await link.close()
  }

  const openAndFinish = async (opening: Promise<Link>, stop: (reason: unknown) => void, request: Uint8Array): Promise<void> => {
    let link: Link
    try {
      link = await atMost(OPENING_MS, opening)
    } catch (error) {
      stop(error)
      // The transport may still open it.
      opening.then((late) => void late.close(), ignore)
      return
    }
    await finish(link, link.write(request), linesOf(link, maxLineBytes).next())
  }

  return {
    track,
    afterRequest: (link, written, reading) => track(finish(link, written, reading)),
    beforeRequest: (opening, stop, request) => track(openAndFinish(opening, stop, request)),
    async close() {
      await atMost(CLOSING_MS, Promise.all(background)).catch(ignore)
      closed = true
      for (const deadline of waits) deadline.abort()
      // The close of a link is bounded by the transport.
      await Promise.all(background)
    },
  }
}
