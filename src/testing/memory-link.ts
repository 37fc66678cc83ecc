/** Two links joined in memory, with the same laws as a socket: for simulators, for tests, for the playground. */
import { createInbox, KEEP_BYTES, type Inbox } from '../core/inbox.js'
import { deferred } from '../core/deferred.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason, Link, Listener, StreamTransport } from '../transport.js'
import { createQueue } from '../core/queue.js'

export interface MemoryPairOptions {
  readonly name?: string
  /** Bytes one side may have unread before the other side's writes wait. */
  readonly windowBytes?: number
}

interface Half {
  readonly inbox: Inbox
  ended: boolean
  done: boolean
  finish(reason: CloseReason): void
  /** Wakes the writer of the other half. */
  wake(): void
}

const refused = (why: string): SignalboxError =>
  new SignalboxError({ code: 'closed', message: `Cannot write: ${why}.`, transport: 'memory', sent: 'no' })

/** A connected pair. What one writes, the other reads; `end` is a half-close; `close` is seen by the other as its peer's end. */
export function memoryPair(options: MemoryPairOptions = {}): [Link, Link] {
  const { name = 'memory', windowBytes = KEEP_BYTES } = options
  const halves: Half[] = []
  const make = (index: 0 | 1): Link => {
    const closed = deferred<CloseReason>()
    let closing: Promise<CloseReason> | undefined
    let tail: Promise<void> = Promise.resolve()
    let room = deferred()
    const mine: Half = {
      inbox: createInbox(() => other().wake(), windowBytes),
      ended: false,
      done: false,
      finish(reason) {
        if (mine.done) return
        mine.done = true
        closed.resolve(reason)
        room.resolve()
      },
      wake() {
        room.resolve()
        room = deferred()
      },
    }
    halves[index] = mine
    const other = (): Half => halves[1 - index] as Half

    const deliver = async (chunk: Uint8Array): Promise<void> => {
      // Not handed over until the peer has room: only then can a write reject at the peer's death.
      while (!mine.done && !other().done && other().inbox.bytes >= windowBytes) await room.promise
      if (mine.done) throw refused('this link is closed')
      if (other().done) throw refused('the peer has closed')
      other().inbox.push(chunk)
    }
    const maybeFinish = (): void => {
      if (mine.ended && mine.inbox.ended && other().ended) {
        mine.finish({ kind: 'eof' })
        other().finish({ kind: 'eof' })
      }
    }

    return {
      info: { id: `${name}-${index}`, transport: 'memory', peer: `${name}-${1 - index}` },
      read: () => mine.inbox.read(),
      write(chunk) {
        if (mine.done || mine.ended) {
          const failed = Promise.reject(refused(mine.done ? 'this link is closed' : 'this side has ended'))
          failed.catch(() => {})
          return failed
        }
        const copy = chunk.slice()
        const written = tail.then(() => deliver(copy))
        tail = written.catch(() => {})
        return written.catch((error: unknown) => {
          throw error
        })
      },
      end() {
        if (mine.ended || mine.done) return Promise.resolve()
        mine.ended = true
        return tail.then(() => {
          if (mine.done) return
          other().inbox.end()
          maybeFinish()
        })
      },
      close() {
        closing ??= (async () => {
          mine.inbox.discard()
          other().inbox.end()
          mine.finish({ kind: 'local' })
          other().wake()
          other().finish({ kind: 'peer', detail: 'the peer closed' })
          return closed.promise
        })()
        return closing
      },
      closed: closed.promise,
      [Symbol.asyncDispose]() {
        return this.close().then(() => {})
      },
    }
  }
  const first = make(0)
  const second = make(1)
  return [first, second]
}

export interface MemoryServer extends Listener {
  readonly transport: StreamTransport<void>
}

/** A transport and the listener that accepts what it opens. */
export function memoryServer(options: MemoryPairOptions = {}): MemoryServer {
  const { name = 'memory' } = options
  const waiting = createQueue<Link>({ overflow: 'fail', maxItems: 10_000, name: 'accept backlog' })
  let count = 0
  return {
    address: `memory:${name}`,
    transport: {
      kind: 'stream',
      name: 'memory',
      async open(_launch, open) {
        open?.signal?.throwIfAborted()
        if (waiting.ended) {
          throw new SignalboxError({
            code: 'unreachable',
            message: `Nothing listens on memory:${name}.`,
            sent: 'no',
            transport: 'memory',
          })
        }
        count += 1
        const [near, far] = memoryPair({ ...options, name: `${name}-${count}` })
        waiting.push([far])
        return near
      },
    },
    async *accept() {
      for (;;) {
        const links = await waiting.take()
        if (links === null) return
        yield* links
      }
    },
    async [Symbol.asyncDispose]() {
      const left = waiting.takeNow()
      waiting.discard()
      await Promise.all(left.map((link) => link.close()))
    },
  }
}
