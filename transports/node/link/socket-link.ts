/** A link over one `node:net` socket, whichever side opened it. */
import type { Socket } from 'node:net'
import type { LinkInfo } from '../../../src/transport.js'
import { codeOf } from './faults.js'
import { StreamLink } from './stream-link.js'

const LINK = Symbol('signalbox.socket-link')
type Linked = Socket & { [LINK]?: SocketLink }

function onError(this: Linked, error: unknown): void {
  this[LINK]?.faulted(error)
}
function onClose(this: Linked): void {
  this[LINK]?.over()
}

/** The socket must have been made with `allowHalfOpen`: its two halves end one by one. */
export class SocketLink extends StreamLink {
  private readonly socket: Socket
  private fault: unknown

  constructor(info: LinkInfo, socket: Socket) {
    super(info, socket)
    this.socket = socket
    ;(socket as Linked)[LINK] = this
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  // Bun tells a failed write here as well and destroys the socket; it has handed over what it received by then.
  faulted(error: unknown): void {
    this.fault = error
    if (codeOf(error) === 'EPIPE') this.writeFault ??= error
  }

  over(): void {
    // A socket that was paused when it died still holds what it had read; a fault comes after it.
    for (let rest = this.leftover(); rest !== null; rest = this.leftover()) this.inbox.push(rest)
    this.gone(this.fault)
  }

  /*
   * The two calls below go past the Writable on purpose. It answers a failed write by destroying the socket, with every byte
   * that was received and not read: a peer that answers and leaves before our request is written would never be heard.
   */
  protected override send(chunk: Uint8Array): void {
    this.socket._write(chunk, 'buffer' as BufferEncoding, this.sent)
  }

  /** Node answers a write that was under way when its socket died as if it had succeeded. */
  private readonly sent = (error?: unknown): void => {
    this.written(error ?? (this.socket.destroyed ? (this.fault ?? { code: 'ERR_SOCKET_CLOSED' }) : undefined))
  }

  protected override finishWriting(): void {
    this.socket._final(() => this.writingOver())
  }

  protected override release(): void {
    this.socket.destroy()
  }

  protected override shut(): void {
    this.socket.destroy()
  }

  private leftover(): Uint8Array | null {
    return this.socket.readableLength > 0 ? (this.socket.read() as Uint8Array | null) : null
  }
}
