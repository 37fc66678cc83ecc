/**
 * The common part of links over a socket, a child's stdio and the own stdio, on every runtime: the shared inbox for reading, one serialized
 * writer, and an end that is reported once. A class, because with one connection per call every closure made here costs time.
 */
import { deferred, type Deferred } from '../../../src/core/deferred.js'
import { createInbox, type Inbox } from '../../../src/core/inbox.js'
import { joinBytes } from '../../../src/core/join-bytes.js'
import { MAX_UNSENT_BYTES, tooMuchUnsent, unsentCost } from '../../../src/core/unsent.js'
import { SignalboxError, type Sent } from '../../../src/errors.js'
import type { CloseOptions, CloseReason, Link, LinkInfo } from '../../../src/transport.js'
import { codeOf, linkFault } from './faults.js'

/** The default `graceMs` of each closing step. */
const GRACE_MS = 2_000

/** Queued writes are joined up to this size, so that a burst of small ones costs one call into the system. */
const JOIN_BYTES = 64 * 1024

const DONE = Promise.resolve()
const ignore = (): void => {}

interface Waiting extends Deferred<void> {
  readonly chunk: Uint8Array
}

export abstract class BaseLink implements Link {
  readonly info: LinkInfo
  protected readonly inbox: Inbox
  protected writing: 'open' | 'ending' | 'over' = 'open'
  protected readingOver = false
  protected writeFault: unknown
  private inFlight: Waiting[] = []
  private busy = false
  private pumping = false
  private waiting: Waiting[] = []
  /** What `waiting` costs. */
  private unsent = 0
  private ended: Deferred<void> | undefined
  private closing: Promise<CloseReason> | undefined
  private reason: CloseReason | undefined
  private whenClosed: Deferred<CloseReason> | undefined

  constructor(info: LinkInfo) {
    this.info = info
    this.inbox = createInbox(() => this.resume())
  }

  /** Stops the source of bytes until `resume`, except for bytes that are on their way. */
  protected abstract pause(): void
  protected abstract resume(): void
  /** Passes one chunk to the runtime, which calls `written` once with the result, at once or later. */
  protected abstract send(chunk: Uint8Array): void
  /** Half-closes; calls `writingOver` when done. */
  protected abstract finishWriting(): void
  /** Both directions have ended or are not needed any more: release the resource and call `finish` when it is gone. */
  protected abstract release(): void
  /** The closing steps; `finish` must follow within the bound of the third law. */
  protected abstract shut(graceMs: number): void

  read(): Promise<Uint8Array | null> {
    return this.inbox.read()
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.writing !== 'open') return rejected(this.refusal('no'))
    if (chunk.byteLength === 0) return DONE
    if (!this.busy) {
      this.busy = true
      this.sendSafely(chunk)
      if (this.writingIsOver()) return rejected(this.refusal('maybe'))
      // The usual case: the system took the chunk at once.
      if (!this.busy) return DONE
    }
    const cost = unsentCost(chunk.byteLength)
    if (this.unsent > 0 && this.unsent + cost > MAX_UNSENT_BYTES) return rejected(tooMuchUnsent(this.info))
    const item: Waiting = { chunk, ...deferred() }
    if (this.inFlight.length === 0 && this.waiting.length === 0) this.inFlight.push(item)
    else {
      this.waiting.push(item)
      this.unsent += cost
    }
    return item.promise
  }

  end(): Promise<void> {
    if (this.ended) return this.ended.promise
    if (this.writing === 'over') return DONE
    this.writing = 'ending'
    this.ended = deferred()
    if (!this.busy) this.finishWriting()
    return this.ended.promise
  }

  close(options: CloseOptions = {}): Promise<CloseReason> {
    if (this.closing) return this.closing
    this.closing = this.closed
    this.inbox.discard()
    if (this.reason) return this.closing
    this.failWrites()
    this.shut(Math.max(0, options.graceMs ?? GRACE_MS))
    return this.closing
  }

  get closed(): Promise<CloseReason> {
    if (!this.whenClosed) {
      this.whenClosed = deferred()
      if (this.reason) this.whenClosed.resolve(this.reason)
    }
    return this.whenClosed.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(ignore)
  }

  received(chunk: Uint8Array): void {
    if (!this.inbox.push(chunk)) this.pause()
  }

  readingEnded(): void {
    if (this.readingOver) return
    this.readingOver = true
    this.inbox.end()
    if (this.writing === 'over') this.release()
  }

  protected get isClosing(): boolean {
    return this.closing !== undefined
  }

  protected get isFinished(): boolean {
    return this.reason !== undefined
  }

  /** The runtime's answer to `send`. A fault does not reach the stream, so bytes that the peer sent before it left are still read. */
  protected readonly written = (error?: unknown): void => {
    this.busy = false
    if (this.writing === 'over') return
    if (error) {
      this.writeFault = error
      this.failWrites()
      if (this.readingOver) this.release()
      return
    }
    if (this.inFlight.length > 0) {
      const done = this.inFlight
      this.inFlight = []
      for (const item of done) item.resolve()
    }
    if (!this.pumping) this.pump()
  }

  protected writingOver(): void {
    if (this.writing === 'over') return
    this.writing = 'over'
    this.ended?.resolve()
    if (this.readingOver) this.release()
  }

  protected failWrites(): void {
    if (this.writing === 'over') return
    this.writing = 'over'
    const [current, later] = [this.inFlight, this.waiting]
    this.inFlight = []
    this.waiting = []
    for (const item of current) reject(item, this.refusal('maybe'))
    for (const item of later) reject(item, this.refusal('no'))
    this.ended?.resolve()
  }

  protected finish(reason: CloseReason): void {
    if (this.reason) return
    this.reason = reason
    this.failWrites()
    this.inbox.end()
    this.whenClosed?.resolve(reason)
  }

  /** The end of a socket that is gone, and of its reading after what was kept. `fault` is the error of the runtime, if there is one. */
  protected gone(fault?: unknown): void {
    if (this.isClosing) this.finish({ kind: 'local' })
    else if (fault !== undefined && !this.readingOver) {
      const error = linkFault(fault, this.info.transport, this.info.peer ?? this.info.id)
      this.writeFault ??= fault
      this.inbox.fail(error)
      const name = codeOf(fault)
      this.finish(name === 'ECONNRESET' || name === 'EPIPE' ? { kind: 'peer', detail: name } : { kind: 'error', error })
    } else if (this.writeFault !== undefined) {
      this.finish({ kind: 'peer', detail: codeOf(this.writeFault) ?? 'the peer no longer reads' })
    } else this.finish(this.readingOver ? { kind: 'eof' } : { kind: 'peer' })
  }

  /** The error of a refused write. A child's link adds facts. */
  protected refusal(sent: Sent): SignalboxError {
    const code = codeOf(this.writeFault)
    const why = this.closing
      ? 'this link was closed'
      : this.writeFault !== undefined
        ? `the peer no longer reads${code ? ` (${code})` : ''}`
        : this.reason || this.writing === 'over'
          ? 'the link is over'
          : 'this side has ended its writing'
    return new SignalboxError({
      code: 'closed',
      message: `Cannot write to ${this.info.peer ?? this.info.id}: ${why}.`,
      transport: this.info.transport,
      sent,
      ...(this.writeFault === undefined ? {} : { cause: this.writeFault }),
    })
  }

  private writingIsOver(): boolean {
    return this.writing === 'over'
  }

  /** A loop and not a recursion: a fast peer may take thousands of writes in one go. */
  private pump(): void {
    this.pumping = true
    while (!this.busy && this.waiting.length > 0) this.sendNext()
    this.pumping = false
    if (!this.busy && this.writing === 'ending') this.finishWriting()
  }

  private sendSafely(chunk: Uint8Array): void {
    try {
      this.send(chunk)
    } catch (error) {
      this.written(error)
    }
  }

  private sendNext(): void {
    const items = this.waiting
    let bytes = 0
    let count = 0
    while (count < items.length && (count === 0 || bytes + (items[count] as Waiting).chunk.byteLength <= JOIN_BYTES)) {
      bytes += (items[count] as Waiting).chunk.byteLength
      count += 1
    }
    this.inFlight = items.slice(0, count)
    this.waiting = items.slice(count)
    this.unsent -= unsentCost(bytes, count)
    this.busy = true
    this.sendSafely(joined(this.inFlight, bytes))
  }
}

function joined(items: readonly Waiting[], bytes: number): Uint8Array {
  const [first] = items
  if (first && items.length === 1) return first.chunk
  return joinBytes(
    items.map(({ chunk }) => chunk),
    bytes,
  )
}

/** A rejected promise that a caller may ignore. */
function rejected(error: SignalboxError): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(ignore)
  return promise
}

function reject(item: Waiting, error: SignalboxError): void {
  item.promise.catch(ignore)
  item.reject(error)
}
