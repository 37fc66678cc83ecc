/** Links over MessagePorts: to a worker, a frame, a service worker, or within one page. */
import { connectFrames, type Handshake } from '../../src/core/link-protocol/connect.js'
import type { FrameSocket } from '../../src/core/link-protocol/frame-link.js'
import { SignalboxError } from '../../src/errors.js'
import type { Link, StreamTransport } from '../../src/transport.js'
import { checkAborted, resolveCredential, resolveWithin, type Credential } from './address.js'
import { frameOf } from './web-socket.js'

/** The used part of a MessagePort, of a page, a worker or `node:worker_threads`. */
export interface MessagePortLike {
  /** As in the standard. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  /** As in the standard. */
  addEventListener(type: 'message' | 'messageerror' | 'close', listener: (event: unknown) => void): void
  /** As in the standard. */
  removeEventListener(type: 'message' | 'messageerror' | 'close', listener: (event: unknown) => void): void
  /** As in the standard; a worker's `self` has none. */
  start?(): void
  /** As in the standard. */
  close(): void
}

/** Options of `messagePortLink`. */
export interface MessagePortLinkOptions {
  /** A port, which can be used once; or a function that makes a channel for each open, sends one port to the other side and returns the other. */
  readonly port: MessagePortLike | (() => MessagePortLike | Promise<MessagePortLike>)
  /** Sent to the other side at open. */
  readonly credential?: Credential
  /** What the other side may send before we read; default 256 KiB. */
  readonly windowBytes?: number
  /** Default `messageport`. */
  readonly name?: string
}

/**
 * Opens links over message ports, as between a page and its worker. A port carries one link.
 *
 * @example
 * import { acceptMessagePort, messagePortLink } from 'signalbox/web'
 *
 * const { port1, port2 } = new MessageChannel()
 * const accepting = acceptMessagePort(port2)
 * const near = await messagePortLink(port1).open()
 * const far = await accepting
 * await Promise.all([near.close(), far.close()])
 */
export function messagePortLink<Launch = void>(options: MessagePortLinkOptions | MessagePortLike): StreamTransport<Launch> {
  const { port, credential, windowBytes, name = 'messageport' } = 'postMessage' in options ? { port: options } : options
  let count = 0
  let used = false
  return {
    kind: 'stream',
    name,
    async open(launch, { signal, trace } = {}) {
      checkAborted(signal, name)
      count += 1
      const info = { id: `${name}-${count}`, transport: name }
      const secret = await resolveCredential(credential, signal, name)
      const fresh = typeof port === 'function' ? Promise.resolve(port()) : undefined
      // A port that comes too late is closed.
      void fresh?.then((late) => signal?.aborted && late.close()).catch(() => {})
      const own = fresh ? await resolveWithin(fresh, signal, name) : (port as MessagePortLike)
      if (!fresh && used) {
        throw new SignalboxError({
          code: 'conflict',
          message: 'This port already carries a link.',
          hint: 'Give a function that makes a new channel for each open.',
          transport: name,
        })
      }
      used = true
      return overPort(own, (socket) => {
        const shake = connectFrames({ info, socket, windowBytes, credential: secret, launch, trace, signal })
        shake.begin()
        return shake
      })
    },
  }
}

/** The socket of the link protocol over a port, for both sides. */
export function overPort<Opened extends Link>(
  port: MessagePortLike,
  start: (socket: FrameSocket) => Handshake<Opened>,
): Promise<Opened> {
  let over = false
  let transfers = true
  const finish = (code: number, detail: string): void => {
    if (over) return
    over = true
    for (const [type, listener] of listeners) port.removeEventListener(type, listener)
    port.close()
    handshake.receiver.socketClosed(code, detail)
  }
  const onMessage = (event: unknown): void => {
    handshake.receiver.frame(frameOf((event as { readonly data?: unknown }).data))
  }
  // Only some runtimes report that the other port is gone.
  const onGone = (): void => finish(1006, 'the other port is gone')
  const socket: FrameSocket = {
    send(frame) {
      if (over) return
      if (typeof frame === 'string') return port.postMessage(frame, [])
      // A copy of these bytes: a view would transfer its whole buffer.
      const copy = new Uint8Array(frame)
      if (!transfers) return port.postMessage(copy, [])
      try {
        port.postMessage(copy, [copy.buffer])
      } catch {
        // workerd cannot transfer buffers between ports.
        transfers = false
        port.postMessage(copy, [])
      }
    },
    // Messages posted before still arrive, so there is nothing else to wait for.
    close: () => queueMicrotask(() => finish(1000, '')),
  }
  const handshake = start(socket)
  const listeners = [
    ['message', onMessage],
    // A message that cannot be deserialized has no data, and is a fault.
    ['messageerror', onMessage],
    ['close', onGone],
  ] as const
  for (const [type, listener] of listeners) port.addEventListener(type, listener)
  port.start?.()
  return handshake.link
}
