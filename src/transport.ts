/**
 * The two seams. Everything a runtime gives us enters through one of them: pipes are full-duplex bytes, HTTP is one
 * exchange. A transport only opens links; reconnecting, pending calls, cursors, retries and deadlines live above it.
 */

/** Why a link ended. `abandoned` marks a resource that the runtime could not release in time. */
export type CloseReason = (
  | { readonly kind: 'local' }
  | { readonly kind: 'eof' }
  | { readonly kind: 'peer'; readonly code?: number; readonly detail?: string }
  | {
      readonly kind: 'exit'
      readonly exitCode: number | null
      readonly signal: string | null
      readonly stderrTail: string
    }
  | { readonly kind: 'error'; readonly error: unknown }
) & { readonly abandoned?: true }

/** What is known of a link, for logs and errors. */
export interface LinkInfo {
  /** Unique among the links of one transport object; for logs and traces. */
  readonly id: string
  /** The `name` of the transport that opened the link. */
  readonly transport: string
  /** Who is at the other end, as far as the runtime tells; never carries a secret. */
  readonly peer?: string
  /** The child's process id, where the link is a child's stdio. */
  readonly pid?: number
}

/** How a link is closed. */
export interface CloseOptions {
  /** Patience per closing step, in milliseconds. `closed` resolves within `3 * graceMs + 1000`. */
  readonly graceMs?: number
  /** Told to the other side where the wire can carry it. */
  readonly reason?: string
}

/** One live full-duplex link: a socket, a child's stdio, a WebSocket. One reader, one serialized writer. */
export interface Link extends AsyncDisposable {
  /** For logs and errors. */
  readonly info: LinkInfo
  /** The next chunk, which the caller then owns; null at EOF or local close. A fault rejects, after all kept bytes. */
  read(): Promise<Uint8Array | null>
  /** Serialized. Resolves when handed to the OS or to the peer's window, which never means "delivered". */
  write(chunk: Uint8Array): Promise<void>
  /** Half-close, after pending writes. */
  end(): Promise<void>
  /** Idempotent and bounded; discards what was not read. A second call returns the same promise. */
  close(options?: CloseOptions): Promise<CloseReason>
  /** Never rejects. */
  readonly closed: Promise<CloseReason>
}

/** Options of opening a link and of one exchange. */
export interface OpenOptions {
  /** Gives up the opening, or the exchange with its body. An open link does not follow it. */
  readonly signal?: AbortSignal
  /** W3C trace context and the like: HTTP headers on an exchange, environment of a child. */
  readonly trace?: Readonly<Record<string, string>>
}

/** Opens links. `Launch` is what a protocol must say at open: nothing for a socket, typed options for a subprocess. */
export interface StreamTransport<Launch = void> {
  /** Tells the two seams apart. */
  readonly kind: 'stream'
  /** Names the transport in errors and logs. */
  readonly name: string
  /** A property and not a method: methods would accept a transport that needs more than the protocol says. */
  readonly open: (launch: Launch, options?: OpenOptions) => Promise<Link>
}

/** One HTTP request. `path` is relative to whatever base the transport was made with. */
export interface Exchange {
  /** Such as `GET`. */
  readonly method: string
  /** Path and query, starting with `/`; the transport knows the origin. Never carries a secret. */
  readonly path: string
  /** Added to those of the transport. */
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent as it is read, where the runtime can. */
  readonly body?: Uint8Array | string | ReadableStream<Uint8Array>
  /** Ask the runtime to let the request outlive the page; bounded to about 64 KiB by browsers. */
  readonly keepalive?: boolean
}

/** The reply to an exchange: its body streams, and the signal of the exchange covers the body too. */
export interface Reply {
  /** The HTTP status. */
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The bytes as they arrive; null where there are none. */
  readonly body: ReadableStream<Uint8Array> | null
  /** The final URL after redirects, if the runtime tells; without its query. */
  readonly url?: string
  /** True after a redirect, if the runtime tells. */
  readonly redirected?: boolean
}

/** Makes HTTP exchanges. A reply of any status is a result; only a failure to get one rejects. */
export interface ExchangeTransport {
  /** Tells the two seams apart. */
  readonly kind: 'exchange'
  /** Names the transport in errors and logs. */
  readonly name: string
  /** Sends one request and resolves with the head of its reply. Rejects when there is no reply. */
  exchange(request: Exchange, options?: OpenOptions): Promise<Reply>
}

/** Either seam: what a client that reaches its system both ways accepts. */
// biome-ignore lint/suspicious/noExplicitAny: the launch type is contravariant, so no other type accepts every transport
export type Transport = StreamTransport<any> | ExchangeTransport

/** The accepting side, where a runtime has one. */
export interface Listener extends AsyncDisposable {
  /** What a client is given to reach it. */
  readonly address: string
  /** Yields each link as it arrives, until the listener is disposed. */
  accept(): AsyncIterable<Link>
}
