/** The streams of the clients: async iterables with a cursor, explicit gaps, and a `break` that ends the stream at the peer. */
import { SignalboxError } from '../errors.js'

/** Why events may be missing. */
export type GapReason =
  /** The link was down; what happened meanwhile may be lost. */
  | 'reconnect'
  /** The peer restarted and its positions start anew. */
  | 'restart'
  /** The consumer was too slow and items were dropped. */
  | 'overflow'
  /** The peer no longer has the events after the cursor. */
  | 'expired'
  /** The peer cannot replay at all: the first item of a fresh subscription. */
  | 'unknown'

/** An item of a stream at a place where events may have been lost. */
export interface Gap<Cursor = unknown> {
  /** Tells a gap from the items of the stream. */
  readonly type: 'gap'
  /** The last position that is known to be good; undefined at the start of a stream. */
  readonly from: Cursor | undefined
  /** The position of the first item after the gap, where it is known. */
  readonly to?: Cursor
  /** Why events may be missing. */
  readonly reason: GapReason
  /** How many items were dropped, where they were counted. */
  readonly dropped?: number
}

/**
 * A stream of a client. Read it with `for await`; `break` or `close` ends it, also at the peer if the protocol can. It has one reader.
 */
export interface SignalStream<Item, Cursor = unknown> extends AsyncIterable<Item>, AsyncDisposable {
  /** The position of the item handed out last: plain data that may be stored and passed back. */
  readonly cursor: Cursor | undefined
  /** The items in the batches in which they arrived. This costs less than reading them one by one. */
  batches(): AsyncIterable<readonly Item[]>
  /** Ends the stream from the consumer's side. Idempotent. */
  close(): Promise<void>
}

export interface StreamSource<Item, Cursor> {
  /** The next batch, or null at the end. */
  pull(): Promise<readonly Item[] | null>
  /** Called once at the end of the stream, however it ends. Frees its resources, and cancels it at the peer if the protocol can. */
  close(): Promise<void>
  cursorOf?(item: Item): Cursor | undefined
  readonly start?: Cursor | undefined
}

/** One iteration only: a second one would take items away from the first. */
export function createStream<Item, Cursor = unknown>(source: StreamSource<Item, Cursor>): SignalStream<Item, Cursor> {
  let cursor = source.start
  let taken = false
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    // In a separate function, so that a source that throws at once is closed too.
    closing ??= (async () => source.close())()
    return closing
  }
  const take = <Taken>(reader: AsyncGenerator<Taken, void, void>): AsyncGenerator<Taken, void, void> => {
    if (taken) {
      throw new SignalboxError({
        code: 'invalid_argument',
        message: 'This stream is already being read.',
        hint: 'Open a second one, or share the items of this one.',
      })
    }
    taken = true
    // A generator that has not started, or that waits, is not informed when its consumer leaves.
    const leave = reader.return.bind(reader)
    reader.return = () => close().then(leave)
    return reader
  }
  const advance = (item: Item): void => {
    const position = source.cursorOf?.(item)
    if (position !== undefined) cursor = position
  }

  async function* read(): AsyncGenerator<readonly Item[], void, void> {
    let failure: { error: unknown } | undefined
    try {
      while (closing === undefined) {
        let batch = await source.pull()
        // Closed meanwhile: this batch was not delivered, so the cursor stays before it.
        if (batch === null || closing !== undefined) return
        if (batch.length > 0) yield batch
        // A generator that waits keeps its variables alive: an idle stream would hold its last batch.
        batch = null
      }
    } catch (error) {
      // Closing makes a pending pull fail in most sources. The caller closed the stream, so the failure is not reported.
      if (closing === undefined) failure = { error }
    } finally {
      const closed = close()
      // The failure of the stream is more important than a failure of its cleanup.
      if (failure) await closed.catch(() => {})
      else await closed
    }
    if (failure) throw failure.error
  }

  async function* singleItem(): AsyncGenerator<Item, void, void> {
    for await (const batch of read()) {
      for (const item of batch) {
        // Closing from inside the loop discards the rest of the batch: it was not delivered, so the cursor stays before it.
        if (closing !== undefined) return
        advance(item)
        yield item
      }
    }
  }

  async function* many(): AsyncGenerator<readonly Item[], void, void> {
    for await (const batch of read()) {
      for (const item of batch) advance(item)
      yield batch
    }
  }

  return {
    get cursor() {
      return cursor
    },
    [Symbol.asyncIterator]: () => take(singleItem()),
    batches: () => take(many()),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Remembers the last ids it saw, to drop what a resumed stream delivers twice. Bounded. */
export function createRecent<Id>(capacity = 4096): { seen(id: Id): boolean; readonly size: number } {
  const ids = new Set<Id>()
  return {
    /** True when the id was there; adds it otherwise. */
    seen(id) {
      if (ids.has(id)) return true
      ids.add(id)
      if (ids.size > capacity) ids.delete(ids.values().next().value as Id)
      return false
    },
    get size() {
      return ids.size
    },
  }
}
