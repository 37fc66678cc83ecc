/** A log as the messages of one subject. */
import { abortError } from '../../src/core/deadline.js'
import { onAbort } from '../../src/core/on-abort.js'
import { SignalboxError } from '../../src/errors.js'
import { checkFence, checkPosition, PAGE_BYTES, PAGE_ENTRIES, storeClosed, tailPages } from '../../src/store/rules.js'
import type { Log, LogPage, ReadOptions } from '../../src/store/store.js'
import { createAppends } from './appends.js'
import { messageAfter, messageOf } from './entries.js'
import { isFull } from './failures.js'
import type { Fences } from './fences.js'
import { HEADER, type JetStream, type Published } from './jetstream.js'
import type { Subjects } from './names.js'
import { createAnnouncements } from './announcements.js'
import { createReader } from './reader.js'
import { createTally } from './tally.js'

const ROUNDS = 20
const COUNTED_AT_ONCE = { messages: PAGE_ENTRIES, bytes: 8 * PAGE_BYTES }

export interface LogOptions {
  readonly jetstream: JetStream
  readonly subjects: Subjects
  readonly fences: Fences
  readonly name: string
}

export function createNatsLog({ jetstream, subjects, fences, name }: LogOptions, release: () => void): Log {
  const label = `The log ${name}`
  const subject = subjects.entries(name)
  const floorSubject = subjects.floor(name)
  const appends = createAppends(label, subject, jetstream, fences)
  const reader = createReader(label, subject, floorSubject, jetstream)
  const announcements = createAnnouncements(jetstream, subjects.announcements(name))
  const tally = createTally()
  let closed = false
  const checkOpen = (): void => {
    if (closed) throw storeClosed(label)
  }

  const read = async (from: number, options?: ReadOptions): Promise<LogPage> => {
    checkOpen()
    return await reader.read(checkPosition(from, 'A position', 0), options)
  }

  const trim = async (before: number): Promise<void> => {
    checkOpen()
    checkPosition(before, 'A position', 0)
    for (let round = 0; round < ROUNDS; round += 1) {
      const now = await reader.ends()
      const floor = Math.min(before, now.next)
      if (floor <= now.floor) return
      const headers = { [HEADER.id]: crypto.randomUUID(), [HEADER.expected]: now.floorSeq, [HEADER.rollup]: 'sub' }
      const bytes = new TextEncoder().encode(String(floor))
      const mark = (): Promise<Published> => jetstream.publish(label, { subject: floorSubject, bytes, headers })
      const purge = (): Promise<unknown> => jetstream.ask(label, 'STREAM.PURGE', { filter: subject, seq: messageOf(floor) })
      // The mark comes first, so that every reader gets a gap for the deleted entries. Only a full stream has no space for the mark.
      const marked = await mark().catch(async (error: unknown) => {
        if (!isFull(error)) throw error
        await purge()
        return await mark()
      })
      if (marked.refused) continue
      await purge()
      return
    }
  }

  async function* tail(
    from: number,
    options: ReadOptions & { readonly signal?: AbortSignal },
  ): AsyncGenerator<LogPage, void, void> {
    const { signal } = options
    announcements.listen()
    // A server that restarts or elects a leader does not end a tail.
    const patient = async (position: number): Promise<LogPage> => {
      for (;;) {
        try {
          return await untilAbort(read(position, options), signal)
        } catch (error) {
          if (!SignalboxError.is(error, 'unavailable') || jetstream.isOver || closed) throw error
          await announcements.pause(signal)
        }
      }
    }
    yield* tailPages(patient, (next) => announcements.changed(messageAfter(next), signal), from, signal)
  }

  return {
    async append(entries, { fence } = {}) {
      checkOpen()
      checkFence(fence)
      return await appends.add(entries, fence)
    },
    read,
    tail: (from, options = {}) => tail(from, options),
    trim,
    async state() {
      checkOpen()
      for (;;) {
        const { page, now } = await reader.messages(tally.next, COUNTED_AT_ONCE)
        tally.add(page.messages)
        if (page.pending > 0) continue
        const { first = now.next, entries, bytes } = tally.from(now.floor)
        return { first, next: now.next, entries, bytes }
      }
    },
    async [Symbol.asyncDispose]() {
      if (closed) return
      closed = true
      announcements.close()
      release()
    },
  }
}

/** An abort does not wait for an answer of the server. */
function untilAbort<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const ignore = onAbort(signal, () => reject(abortError(signal, { op: 'tail' })))
    work.then(resolve, reject).finally(ignore)
  })
}
