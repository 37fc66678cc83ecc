/** The client side of links over WebSockets, with any WebSocket class. */
import { connectFrames } from '../../src/core/link-protocol/connect.js'
import type { FrameReceiver, FrameSocket } from '../../src/core/link-protocol/frame-link.js'
import { linkError, SUBPROTOCOL } from '../../src/core/link-protocol/frames.js'
import { deferred, type Deferred } from '../../src/core/deferred.js'
import { SignalboxError } from '../../src/errors.js'
import type { StreamTransport } from '../../src/transport.js'
import { checkAborted, resolveCredential, socketUrl, type Credential } from './address.js'

/** As much of a WebSocket as is used here: a page's own, workerd's, Deno's, Bun's, Node 22's, or that of `ws`. */
export interface WebSocketLike {
  /** Set to `arraybuffer`. */
  binaryType: string
  /** As in the standard: 1 is open. */
  readonly readyState: number
  /** The subprotocol that the server chose. */
  readonly protocol: string
  /** Sends one message. */
  send(data: string | Uint8Array<ArrayBuffer>): void
  /** Starts the closing handshake. */
  close(code?: number, reason?: string): void
  /** As in the standard. */
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: unknown) => void): void
  /** `ws` has it: the connection is cut without a handshake. */
  terminate?(): void
  /** Bytes that were sent and not yet handed over. */
  readonly bufferedAmount?: number
}

/** A WebSocket class: the runtime's, or that of `ws`. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike

/** Options of `webSocketLink`. */
export interface WebSocketLinkOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; never with a credential in it. */
  readonly url: string | URL
  /** Goes into the first frame, never into the URL. A function is asked at each open. */
  readonly credential?: Credential
  /** Default: the runtime's own. Node 20 has none: pass `nodeWebSocket()` of `signalbox/node`, with or without `await`. */
  readonly webSocket?: WebSocketConstructor | PromiseLike<WebSocketConstructor>
  /** What the other side may send before we read; default 256 KiB. */
  readonly windowBytes?: number
  /** The name of the transport in errors; default `websocket`. */
  readonly name?: string
}

const CLOSING = 2
const CLOSED = 3
/** Held unsent by `ws`, at most, before the writer waits. */
const CONGESTED_BYTES = 1024 * 1024

/**
 * Opens links over WebSockets that speak `signalbox.v1`. What is given to `open` is sent to the other side as JSON.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { webSocketLink } from 'signalbox/web'
 *
 * export const cmdop = createCmdop({ transport: webSocketLink({ url: 'wss://example.org/cmdop', credential: async () => 'a fresh token' }) })
 */
export function webSocketLink<Launch = void>(options: WebSocketLinkOptions): StreamTransport<Launch> {
  const { credential, windowBytes, name = 'websocket' } = options
  const url = socketUrl(options.url, name)
  const peer = url.origin + url.pathname
  // Each `open` reports a failed promise. This handler prevents an unhandled rejection before the first `open`.
  if (isPromise(options.webSocket)) options.webSocket.then(undefined, () => {})
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(launch, { signal, trace } = {}) {
      count += 1
      const info = { id: `${name}-${count}`, transport: name, peer }
      checkAborted(signal, name)
      const WebSocket = constructorOf(isPromise(options.webSocket) ? await options.webSocket : options.webSocket, name)
      const secret = await resolveCredential(credential, signal, name)
      // The abort may have come during the waits above; a listener that is added now would miss it.
      checkAborted(signal, name)
      let webSocket: WebSocketLike
      try {
        webSocket = new WebSocket(url.href, [SUBPROTOCOL])
      } catch (cause) {
        // A page on https may not ask for plain `ws:`, for instance.
        throw linkError(info, 'unreachable', `This runtime refuses a WebSocket to ${peer}.`, { op: 'open', cause })
      }
      const socket = frameSocket(webSocket)
      const shake = connectFrames({ info, socket, windowBytes, credential: secret, launch, trace, signal })
      webSocket.addEventListener('open', () => {
        if (webSocket.protocol === SUBPROTOCOL) shake.begin()
        else
          shake.fail(
            linkError(info, 'incompatible', `${peer} does not speak ${SUBPROTOCOL}.`, { op: 'open', hint: 'Is it a gateway?' }),
          )
      })
      report(webSocket, shake.receiver)
      return shake.link
    },
  }
}

function constructorOf(webSocket: WebSocketConstructor | undefined, transport: string): WebSocketConstructor {
  const found = webSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
  if (found) return found
  throw new SignalboxError({
    code: 'unsupported',
    message: 'This runtime has no WebSocket.',
    hint: "On Node 20 pass `webSocket: nodeWebSocket()` from 'signalbox/node', with the package ws installed.",
    transport,
  })
}

const isPromise = (webSocket: WebSocketLinkOptions['webSocket']): webSocket is PromiseLike<WebSocketConstructor> =>
  webSocket !== undefined && 'then' in webSocket

interface CallsBack {
  send(data: Uint8Array<ArrayBuffer>, taken: () => void): void
}

/** For a WebSocket of either side. */
export function frameSocket(webSocket: WebSocketLike): FrameSocket {
  const { terminate } = webSocket
  try {
    // Only `ws` has `terminate`. Its default type is a view, which costs no copy.
    if (!terminate) webSocket.binaryType = 'arraybuffer'
  } catch {
    // workerd always gives buffers, and with older compatibility dates it throws here.
  }
  let space: Deferred<void> | undefined
  const bufferedBytes = (): number => webSocket.bufferedAmount ?? 0
  // `ws` calls this when the system has accepted a frame, or when it never will.
  const taken = (): void => {
    if (space === undefined || bufferedBytes() > CONGESTED_BYTES / 2) return
    space.resolve()
    space = undefined
  }
  return {
    send(frame) {
      if (webSocket.readyState >= CLOSING) return
      try {
        // The caller may reuse its buffer after this call. `ws` keeps the bytes and needs a copy; other implementations copy by themselves.
        if (typeof frame === 'string') webSocket.send(frame)
        else if (!terminate) webSocket.send(frame as Uint8Array<ArrayBuffer>)
        else (webSocket as CallsBack).send(frame.slice(), taken)
      } catch {
        // The socket is closing, or it refuses these bytes. Its close event reports the end.
        webSocket.close()
      }
    },
    congested() {
      if (!terminate || bufferedBytes() <= CONGESTED_BYTES || webSocket.readyState >= CLOSING) return undefined
      space ??= deferred()
      return space.promise
    },
    close(code, reason) {
      if (webSocket.readyState === CLOSED) return
      try {
        webSocket.close(code, closeReason(reason))
      } catch {
        // Some runtimes refuse to close what is not open yet with a code.
        webSocket.close()
      }
    },
    ...(terminate ? { terminate: () => terminate.call(webSocket) } : {}),
  }
}

/** Tells the protocol what happens to a WebSocket, to its end. */
export function report(webSocket: WebSocketLike, receiver: FrameReceiver): void {
  let detail = ''
  webSocket.addEventListener('message', (event) => {
    receiver.frame(frameOf((event as { data: unknown }).data))
  })
  // The listener is never removed: with `ws`, an error event without a listener ends the process.
  webSocket.addEventListener('error', (event) => {
    const { message } = event as { message?: unknown }
    if (typeof message === 'string') detail = message
  })
  webSocket.addEventListener('close', (event) => {
    const { code = 1006, reason } = event as { code?: number; reason?: string }
    receiver.socketClosed(code, reason || detail)
  })
}

/** A blob, and any other data that the protocol does not have, becomes an empty frame. The receiver treats an empty frame as a fault. */
export function frameOf(data: unknown): string | Uint8Array {
  if (typeof data === 'string') return data
  // A plain Uint8Array, because `slice` of a Node Buffer does not copy.
  // Shared memory is refused, because its sender can still write to it.
  if (data instanceof Uint8Array && data.buffer instanceof ArrayBuffer)
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return new Uint8Array(data instanceof ArrayBuffer ? data : [])
}

/** The protocol allows 123 bytes; longer ones, and broken characters, throw. */
function closeReason(text: string): string {
  const ascii = text.replace(/[^\x20-\x7e]/g, '?')
  return ascii.length <= 120 ? ascii : `${ascii.slice(0, 117)}...`
}
