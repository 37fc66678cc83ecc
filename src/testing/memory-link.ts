/** Two connected links in memory, which keep the same laws as a socket. */
import { deferred } from '../core/deferred.js'
import { createInbox, KEEP_BYTES, type Inbox } from '../core/inbox.js'
import { SignalboxError } from '../errors.js'
import type { CloseReason, Link } from '../transport.js'

/** Options of `memoryPair`. */
export interface MemoryPairOptions {
  /** For logs and errors. */
  readonly name?: string
  /** How many unread bytes one side may have before the writes of the other side wait. */
  readonly windowBytes?: number
}

/** The part of one side that the other side uses. */
interface Half {
  readonly inbox: Inbox
  /** True after the half-close and all writes before it: no more bytes will come. */
  readonly ended: boolean
  readonly done: boolean
  finish(reason: CloseReason): void
}

/**
 * Creates two connected links in memory: what one writes, the other reads. `end` is a half-close, and `close` ends both.
 *
 * @example
 * import { memoryPair } from 'signalbox/testing'
 *
 * const [near, far] = memoryPair()
 * await near.write(new TextEncoder().encode('hello'))
 * console.log(new TextDecoder().decode((await far.read()) ?? undefined))
 * await near.close()
 */
export function memoryPair(options: MemoryPairOptions = {}): [Link, Link] {
  const { name = 'memory', windowBytes = KEEP_BYTES } = options
  const left: Side = makeSide(`${name}-0`, `${name}-1`, () => right.half, Math.max(1, windowBytes))
  const right: Side = makeSide(`${name}-1`, `${name}-0`, () => left.half, Math.max(1, windowBytes))
  left.onSpace(right.wake)
  right.onSpace(left.wake)
  return [left.link, right.link]
}

interface Side {
  readonly link: Link
  readonly half: Half
  /** Makes the waiting write of this side check again. */
  readonly wake: () => void
  onSpace(wakeWriter: () => void): void
}

function makeSide(id: string, peer: string, other: () => Half, windowBytes: number): Side {
  const closed = deferred<CloseReason>()
  let wakePeer = (): void => {}
  let space = deferred()
  let closing: Promise<CloseReason> | undefined
  let ending: Promise<void> | undefined
  let ended = false
  let done = false
  // Writes run one after the other. A failed write does not settle the next one.
  let tail: Promise<void> = Promise.resolve()

  const wake = (): void => {
    space.resolve()
    space = deferred()
  }
  const half: Half = {
    inbox: createInbox(() => wakePeer(), windowBytes),
    get ended() {
      return ended
    },
    get done() {
      return done
    },
    finish(reason) {
      if (done) return
      done = true
      closed.resolve(reason)
      wake()
    },
  }

  const deliver = async (chunk: Uint8Array): Promise<void> => {
    // The chunk is handed over only when the peer has space, so that the write can still fail if the peer dies.
    while (!done && !other().done && other().inbox.bytes >= windowBytes) await space.promise
    if (done) throw refused('the link is closed')
    other().inbox.push(chunk.slice())
  }

  const link: Link = {
    info: { id, transport: 'memory', peer },
    read: () => half.inbox.read(),
    write(chunk) {
      const written = done
        ? Promise.reject(refused('the link is closed'))
        : ending
          ? Promise.reject(refused('this side has ended'))
          : tail.then(() => deliver(chunk))
      tail = written.then(
        () => {},
        () => {},
      )
      return written
    },
    end() {
      ending ??= tail.then(() => {
        if (done) return
        ended = true
        other().inbox.end()
        if (!other().ended) return
        half.finish({ kind: 'eof' })
        other().finish({ kind: 'eof' })
      })
      return ending
    },
    close({ reason = 'the peer closed' } = {}) {
      closing ??= closed.promise
      half.inbox.discard()
      if (!done) {
        half.finish({ kind: 'local' })
        other().inbox.end()
        other().finish({ kind: 'peer', detail: reason })
      }
      return closing
    },
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      await link.close()
    },
  }
  return {
    link,
    half,
    wake,
    onSpace(wakeWriter) {
      wakePeer = wakeWriter
    },
  }
}

function refused(why: string): SignalboxError {
  return new SignalboxError({ code: 'closed', message: `Cannot write: ${why}.`, transport: 'memory', sent: 'no' })
}
