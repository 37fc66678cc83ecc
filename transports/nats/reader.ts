/** Reads a log. In a cluster a replica may answer that is behind, so the leader says how far the log goes. */
import { sleep } from '../../src/core/clock.js'
import { SignalboxError } from '../../src/errors.js'
import { createPage, PAGE_BYTES, PAGE_ENTRIES } from '../../src/store/rules.js'
import type { LogPage, ReadOptions } from '../../src/store/store.js'
import { entriesFrom, messageOf, positionAfter } from './entries.js'
import type { JetStream } from './jetstream.js'
import type { Page } from './pages.js'
import type { Stored } from './wire.js'

/** The headers of a message count too. */
const MESSAGE_OVERHEAD = 512
const LARGEST_PAGE = 64 * PAGE_BYTES
const ROUNDS = 20

/** Where a log begins and ends, as the leader of the stream knows it. */
export interface Ends {
  /** Entries before it were deleted. */
  readonly floor: number
  /** The sequence of the message that says so. */
  readonly floorSeq: number
  /** The position after the newest entry. */
  readonly next: number
  /** The sequence of the newest message. */
  readonly last: number
}

export interface Reader {
  ends(): Promise<Ends>
  /** Messages up to the newest one that the leader knows. */
  messages(
    seq: number,
    limits: { readonly messages: number; readonly bytes: number },
  ): Promise<{ readonly page: Page; readonly now: Ends }>
  read(from: number, options?: ReadOptions): Promise<LogPage>
}

export function createReader(label: string, subject: string, floorSubject: string, jetstream: JetStream): Reader {
  const ends = async (): Promise<Ends> => {
    const [newest, mark] = await Promise.all([jetstream.last(label, subject), jetstream.last(label, floorSubject)])
    const floor = mark ? Number(new TextDecoder().decode(mark.bytes)) : 1
    const after = newest ? positionAfter(newest) : 1
    return { floor, floorSeq: mark?.seq ?? 0, next: Math.max(floor, after), last: newest?.seq ?? 0 }
  }

  // A page of entries may end inside a message, or use only some of the fetched messages. The rest is kept for the next page.
  let keptPage: Page | undefined
  const rest = (seq: number): readonly Stored[] =>
    keptPage?.messages[0] && seq >= keptPage.messages[0].seq ? keptPage.messages.filter((message) => message.seq >= seq) : []

  const messages: Reader['messages'] = async (seq, limits) => {
    const messagesLeft = rest(seq)
    if (keptPage && keptPage.pending > 0 && messagesLeft.length > 0)
      return { page: { ...keptPage, messages: messagesLeft }, now: await ends() }
    const look = (): Promise<[Page, Ends]> => Promise.all([jetstream.page(label, subject, seq, limits), ends()])
    let [page, now] = await look()
    const isBehind = (): boolean => page.pending === 0 && (page.messages.at(-1)?.seq ?? Math.max(0, seq - 1)) < now.last
    for (let round = 0; isBehind(); round += 1) {
      if (round === ROUNDS) {
        throw new SignalboxError({ code: 'unavailable', message: `${label}: a replica of the NATS server is behind its leader.` })
      }
      await sleep(jetstream.clock, 10 * round)
      ;[page, now] = await look()
    }
    const last = page.messages.at(-1)
    // These messages were appended between the two answers.
    if (last && last.seq > now.last) now = { ...now, last: last.seq, next: positionAfter(last) }
    keptPage = page.pending > 0 ? page : undefined
    return { page, now }
  }

  const read: Reader['read'] = async (from, options = {}) => {
    const { maxEntries = PAGE_ENTRIES, maxBytes = PAGE_BYTES } = options
    const most = Math.min(maxEntries, PAGE_ENTRIES)
    const limits = { messages: most, bytes: Math.min(maxBytes, LARGEST_PAGE) + most * MESSAGE_OVERHEAD }
    for (let seq = messageOf(from); ; ) {
      const { page, now } = await messages(seq, limits)
      const start = Math.max(from, now.floor)
      const last = page.messages.at(-1)
      if (last && positionAfter(last) <= start && page.pending > 0) {
        // All entries of these messages were trimmed or come before the position.
        seq = last.seq + 1
        continue
      }
      const oldest = from < now.floor ? entriesFrom(page.messages, start).next() : undefined
      const first = oldest === undefined ? now.floor : oldest.done === true ? now.next : oldest.value.sequence
      return createPage(from, { first, next: now.next }, entriesFrom(page.messages, start), options)
    }
  }

  return { ends, messages, read }
}
