/** A link over one `node:net` socket, opened or accepted. */
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

  // Bun reports a failed write here too and destroys the socket. By then it has delivered the bytes that it received.
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
   * The two calls below bypass the Writable on purpose. After a failed write it destroys the socket with every byte that was received
   * and not read. The answer of a peer that leaves before the request is fully written would be lost.
   */
  protected override send(chunk: Uint8Array): void {
    this.socket._write(chunk, 'buffer' as BufferEncoding, this.sent)
  }

  /** Node reports success for a write that was running when its socket died. */
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
