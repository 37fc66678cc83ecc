/** Links over WebSockets: the client's half, over whichever constructor the runtime has, and the half of whoever accepts them. */
import {
  acceptFrames,
  connectFrames,
  type AcceptedLink,
  type AcceptFramesOptions,
  type Handshake,
  type OpenRequest,
} from '../../src/core/link-protocol/handshake.js'
import type { FrameLink, FrameSocket } from '../../src/core/link-protocol/frame-link.js'
import { SUBPROTOCOL } from '../../src/core/link-protocol/frames.js'
import { deferred, type Deferred } from '../../src/core/deferred.js'
import { abortError } from '../../src/core/scope.js'
import { SignalboxError } from '../../src/errors.js'
import type { LinkInfo, OpenOptions, StreamTransport } from '../../src/transport.js'
import { resolveCredential, socketUrl, type Credential } from './address.js'

/** As much of a WebSocket as is used here: a page's own, workerd's, Deno's, Bun's, Node 22's, or that of `ws`. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly protocol: string
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: unknown) => void): void
  /** `ws` has it: the connection is cut without a handshake. */
  terminate?(): void
  /** Bytes that were sent and not yet handed over. */
  readonly bufferedAmount?: number
}

export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike

export interface WebSocketLinkOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; never with a credential in it. */
  readonly url: string | URL
  /** Goes into the first frame, never into the URL. A function is asked at each open. */
  readonly credential?: Credential
  /** Default: the runtime's own. Node 20 has none: see `nodeWebSocket` of `signalbox/node`. */
  readonly webSocket?: WebSocketConstructor
  /** What the other side may send before we read; default 256 KiB. */
  readonly windowBytes?: number
  /** How the transport calls itself in errors; default `websocket`. */
  readonly name?: string
}

const CLOSING = 2
const CLOSED = 3
/** Held unsent by `ws`, at most, before the writer waits. */
const CONGESTED_BYTES = 1024 * 1024

/** What is given to `open` is sent to the other side as it is, so it must be JSON. */
export function webSocketLink<Launch = void>(options: WebSocketLinkOptions): StreamTransport<Launch> {
  const { credential, windowBytes, name = 'websocket' } = options
  const url = socketUrl(options.url, name)
  let count = 0
  return {
    kind: 'stream',
    name,
    async open(launch, { signal, trace }: OpenOptions = {}) {
      count += 1
      const info = { id: `${name}-${count}`, transport: name, peer: url.origin + url.pathname }
      if (signal?.aborted) throw abortError(signal, { transport: name, op: 'open' })
      const WebSocket = constructorOf(options.webSocket, name)
      const secret = await resolveCredential(credential, signal, name)
      // The signal may have fallen since, and a listener added now would not hear of it.
      if (signal?.aborted) throw abortError(signal, { transport: name, op: 'open' })
      const connect = (socket: FrameSocket): Handshake =>
        connectFrames({ info, socket, windowBytes, credential: secret, launch, trace, signal })
      return openSocket(new WebSocket(url.href, [SUBPROTOCOL]), info, connect, signal)
    },
  }
}

function constructorOf(given: WebSocketConstructor | undefined, transport: string): WebSocketConstructor {
  const found = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket
  if (found) return found
  throw new SignalboxError({
    code: 'unsupported',
    message: 'This runtime has no WebSocket.',
    hint: "On Node 20 pass `webSocket: await nodeWebSocket()` from 'signalbox/node', with the package ws installed.",
    transport,
  })
}

function openSocket(
  webSocket: WebSocketLike,
  info: LinkInfo,
  connect: (socket: FrameSocket) => Handshake,
  signal: AbortSignal | undefined,
): Promise<FrameLink> {
  return new Promise((resolve, reject) => {
    let handshake: Handshake | undefined
    let detail = ''
    const facts = { transport: info.transport, op: 'open', sent: 'no' } as const
    const { socket, listen } = asFrameSocket(webSocket)
    const giveUp = (error: SignalboxError): void => {
      signal?.removeEventListener('abort', onAbort)
      reject(error)
      socket.close(1000, '')
      socket.terminate?.()
    }
    const onAbort = (): void => {
      if (signal && !handshake) giveUp(abortError(signal, facts))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    listen({
      opened() {
        if (signal?.aborted) return
        signal?.removeEventListener('abort', onAbort)
        if (webSocket.protocol !== SUBPROTOCOL) {
          return giveUp(
            new SignalboxError({
              ...facts,
              code: 'incompatible',
              message: `${info.peer} accepts WebSockets but does not speak ${SUBPROTOCOL}.`,
              hint: 'Is this the address of a Signalbox gateway?',
            }),
          )
        }
        handshake = connect(socket)
        handshake.link.then(resolve, reject)
      },
      frame: (data) => handshake?.receiver.frame(data),
      failed(message) {
        detail = message
      },
      closed(code, reason) {
        if (handshake) return handshake.receiver.socketClosed(code, reason)
        giveUp(
          new SignalboxError({
            ...facts,
            code: 'unreachable',
            message: `Cannot open a WebSocket to ${info.peer}${detail ? `: ${detail}` : ` (code ${code})`}.`,
            hint: 'Does a server listen there, and does it allow this origin?',
          }),
        )
      },
    })
  })
}

export interface AcceptWebSocketOptions {
  /** Default `websocket`. */
  readonly name?: string
  /** Names the link in logs; default counts nothing and says `accepted`. */
  readonly id?: string
  readonly peer?: string
  readonly windowBytes?: number
  readonly openTimeoutMs?: number
  /** Throwing refuses the client; a SignalboxError also tells it why. */
  readonly authorize?: (open: OpenRequest, signal: AbortSignal) => void | Promise<void>
  readonly clock?: AcceptFramesOptions['clock']
}

/**
 * The half of whoever accepts: over a WebSocket that is open, or about to be, with the subprotocol `signalbox.v1` agreed upon. Call it
 * before the first message can arrive. Rejects where the client is refused or does not say `open` in time; the socket is closed then.
 */
export function acceptWebSocket(webSocket: WebSocketLike, options: AcceptWebSocketOptions = {}): Promise<AcceptedLink> {
  const { name = 'websocket', id = `${name}-accepted`, peer, windowBytes, openTimeoutMs, authorize, clock } = options
  const info = { id, transport: name, ...(peer === undefined ? {} : { peer }) }
  const { socket, listen } = asFrameSocket(webSocket)
  const handshake = acceptFrames({ info, socket, windowBytes, openTimeoutMs, authorize, clock })
  listen({
    opened() {},
    failed() {},
    frame: (data) => handshake.receiver.frame(data),
    closed: (code, reason) => handshake.receiver.socketClosed(code, reason),
  })
  return handshake.link
}

interface CallsBack {
  send(data: Uint8Array<ArrayBuffer>, taken: () => void): void
}

interface SocketEvents {
  opened(): void
  frame(data: string | Uint8Array): void
  failed(message: string): void
  closed(code: number, reason: string): void
}

function asFrameSocket(webSocket: WebSocketLike): { socket: FrameSocket; listen(events: SocketEvents): void } {
  const { terminate } = webSocket
  try {
    webSocket.binaryType = 'arraybuffer'
  } catch {
    // workerd gives buffers anyway, and on older dates refuses to be told.
  }
  let room: Deferred<void> | undefined
  const held = (): number => webSocket.bufferedAmount ?? 0
  // `ws` calls back when the system took a frame, or never will.
  const taken = (): void => {
    if (room === undefined || held() > CONGESTED_BYTES / 2) return
    room.resolve()
    room = undefined
  }
  const socket: FrameSocket = {
    send(frame) {
      if (webSocket.readyState >= CLOSING) return
      try {
        // `ws` keeps the bytes until the system takes them; the others copy. The owner may use its buffer again after the call.
        if (typeof frame === 'string') webSocket.send(frame)
        else if (!terminate) webSocket.send(frame as Uint8Array<ArrayBuffer>)
        else (webSocket as CallsBack).send(frame.slice(), taken)
      } catch {
        // A socket that cannot send is closing: its close event says so.
      }
    },
    congested() {
      if (!terminate || held() <= CONGESTED_BYTES || webSocket.readyState >= CLOSING) return undefined
      room ??= deferred()
      return room.promise
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
  return {
    socket,
    listen(events) {
      webSocket.addEventListener('open', () => events.opened())
      webSocket.addEventListener('message', (event) => {
        const { data } = event as { data: unknown }
        if (typeof data === 'string') events.frame(data)
        else if (data instanceof ArrayBuffer) events.frame(new Uint8Array(data))
        else if (data instanceof Uint8Array) events.frame(data)
        // A blob, where the runtime would give no buffers: an empty frame is a fault, and a silent loss would be worse.
        else events.frame(new Uint8Array(0))
      })
      // Listened to until the end: with `ws` an error that nobody hears ends the process.
      webSocket.addEventListener('error', (event) => {
        const { message } = event as { message?: unknown }
        events.failed(typeof message === 'string' ? message : '')
      })
      webSocket.addEventListener('close', (event) => {
        const { code, reason } = event as { code?: unknown; reason?: unknown }
        events.closed(typeof code === 'number' ? code : 1006, typeof reason === 'string' ? reason : '')
      })
    },
  }
}

/** The protocol allows 123 bytes; longer ones, and broken characters, throw. */
function closeReason(text: string): string {
  const ascii = text.replace(/[^\x20-\x7e]/g, '?')
  return ascii.length <= 120 ? ascii : `${ascii.slice(0, 117)}...`
}
