/** Links over MessagePorts: to a worker, a frame, a service worker, or within one page. */
import { acceptFrames, connectFrames, type AcceptedLink, type Handshake } from '../../src/core/link-protocol/handshake.js'
import type { FrameLink, FrameSocket } from '../../src/core/link-protocol/frame-link.js'
import { abortError } from '../../src/core/scope.js'
import { SignalboxError } from '../../src/errors.js'
import type { OpenOptions, StreamTransport } from '../../src/transport.js'
import { resolveCredential, resolveWithin, type Credential } from './address.js'
import type { AcceptWebSocketOptions } from './web-socket.js'

/** As much of a MessagePort as is used here: a page's, a worker's, or that of `node:worker_threads`. */
export interface MessagePortLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(type: 'message' | 'messageerror' | 'close', listener: (event: unknown) => void): void
  removeEventListener(type: 'message' | 'messageerror' | 'close', listener: (event: unknown) => void): void
  start?(): void
  close(): void
}

export interface MessagePortLinkOptions {
  /** The port to use, once; or a function that gives a fresh one for each open, having handed its twin to the other side. */
  readonly port: MessagePortLike | (() => MessagePortLike | Promise<MessagePortLike>)
  readonly credential?: Credential
  readonly windowBytes?: number
  /** Default `messageport`. */
  readonly name?: string
}

export function messagePortLink<Launch = void>(options: MessagePortLinkOptions | MessagePortLike): StreamTransport<Launch> {
  const { port, credential, windowBytes, name = 'messageport' } = 'postMessage' in options ? { port: options } : options
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(launch, { signal, trace }: OpenOptions = {}) {
      if (signal?.aborted) throw abortError(signal, { transport: name, op: 'open' })
      count += 1
      if (count > 1 && typeof port !== 'function') {
        throw new SignalboxError({
          code: 'conflict',
          message: 'This port already carries a link.',
          hint: 'Give a function that makes a new channel for each open.',
          transport: name,
        })
      }
      const info = { id: `${name}-${count}`, transport: name }
      const secret = await resolveCredential(credential, signal, name)
      const fresh = typeof port === 'function' ? Promise.resolve(port()) : undefined
      // A port that comes too late belongs to nobody.
      void fresh?.then((late) => signal?.aborted && late.close()).catch(() => {})
      const own = fresh ? await resolveWithin(fresh, signal, name) : (port as MessagePortLike)
      return overPort(own, (socket) => connectFrames({ info, socket, windowBytes, credential: secret, launch, trace, signal }))
    },
  }
}

export type AcceptMessagePortOptions = AcceptWebSocketOptions

/** The half of whoever was handed a port. */
export function acceptMessagePort(port: MessagePortLike, options: AcceptMessagePortOptions = {}): Promise<AcceptedLink> {
  const { name = 'messageport', id = `${name}-accepted`, peer, windowBytes, openTimeoutMs, authorize, clock } = options
  const info = { id, transport: name, ...(peer === undefined ? {} : { peer }) }
  return overPort(port, (socket) => acceptFrames({ info, socket, windowBytes, openTimeoutMs, authorize, clock }))
}

function overPort<Opened extends FrameLink>(
  port: MessagePortLike,
  start: (socket: FrameSocket) => Handshake<Opened>,
): Promise<Opened> {
  let over = false
  let transfers = true
  const finish = (code: number, detail: string): void => {
    if (over) return
    over = true
    port.removeEventListener('message', onMessage)
    port.removeEventListener('messageerror', onUnreadable)
    port.removeEventListener('close', onGone)
    port.close()
    handshake.receiver.socketClosed(code, detail)
  }
  const onMessage = (event: unknown): void => {
    const { data } = event as { readonly data: unknown }
    if (typeof data === 'string') handshake.receiver.frame(data)
    else if (data instanceof Uint8Array) handshake.receiver.frame(data)
    // Nothing of the protocol: an empty frame is a fault, and this is no better.
    else handshake.receiver.frame(new Uint8Array(0))
  }
  const onUnreadable = (): void => handshake.receiver.frame(new Uint8Array(0))
  // Only some runtimes tell that the other port is gone.
  const onGone = (): void => finish(1006, 'the other port is gone')
  const socket: FrameSocket = {
    send(frame) {
      if (over) return
      if (typeof frame === 'string') return port.postMessage(frame, [])
      // A copy of exactly these bytes: a view would take its whole buffer along.
      const copy = new Uint8Array(frame)
      if (!transfers) return port.postMessage(copy, [])
      try {
        port.postMessage(copy, [copy.buffer])
      } catch {
        // workerd moves nothing between ports.
        transfers = false
        port.postMessage(copy, [])
      }
    },
    // What was posted before still arrives, so there is nothing to wait for but the turn of whoever closes.
    close: () => queueMicrotask(() => finish(1000, '')),
  }
  const handshake = start(socket)
  port.addEventListener('message', onMessage)
  port.addEventListener('messageerror', onUnreadable)
  port.addEventListener('close', onGone)
  port.start?.()
  return handshake.link
}
