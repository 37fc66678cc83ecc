/**
 * The two transport interfaces: `StreamTransport` for full-duplex bytes and `ExchangeTransport` for HTTP. A transport only opens links
 * or makes exchanges. Reconnects, pending calls, cursors, retries and deadlines are in the layers above.
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

/** Facts about a link, for logs and errors. */
export interface LinkInfo {
  /** Unique among the links of one transport object; for logs and traces. */
  readonly id: string
  /** The `name` of the transport that opened the link. */
  readonly transport: string
  /** The peer, as far as the runtime reports it; never holds a secret. */
  readonly peer?: string
  /** The child's process id, where the link is a child's stdio. */
  readonly pid?: number
}

/** How a link is closed. */
export interface CloseOptions {
  /** The limit of each closing step, in milliseconds. `closed` resolves within `3 * graceMs + 1000`. */
  readonly graceMs?: number
  /** Sent to the other side if the protocol can carry it. */
  readonly reason?: string
}

/** One live full-duplex link: a socket, a child's stdio, a WebSocket. One reader, one serialized writer. */
export interface Link extends AsyncDisposable {
  /** For logs and errors. */
  readonly info: LinkInfo
  /** The next chunk, which the caller then owns; null at EOF or after a local close. Rejects after a fault, but only after all received bytes. */
  read(): Promise<Uint8Array | null>
  /** Writes in call order. Resolves when the bytes were handed to the operating system or the peer's window; they may not be delivered yet. */
  write(chunk: Uint8Array): Promise<void>
  /** Half-close, after pending writes. */
  end(): Promise<void>
  /** Closes the link within a bounded time and discards unread bytes. A second call returns the same promise. */
  close(options?: CloseOptions): Promise<CloseReason>
  /** Resolves with the reason when the link has ended. Never rejects. */
  readonly closed: Promise<CloseReason>
}

/** Options of opening a link and of one exchange. */
export interface OpenOptions {
  /** Aborts the opening, or the exchange with its body. It does not affect an open link. */
  readonly signal?: AbortSignal
  /** Trace context: becomes HTTP headers of an exchange, or environment variables of a child. */
  readonly trace?: Readonly<Record<string, string>>
}

/** Opens links. `Launch` is the type of the argument of `open`: nothing for a socket, typed options for a subprocess. */
export interface StreamTransport<Launch = void> {
  /** The discriminant of the two transport interfaces. */
  readonly kind: 'stream'
  /** Names the transport in errors and logs. */
  readonly name: string
  /** A property, not a method: method types would accept a transport that requires other launch options. */
  readonly open: (launch: Launch, options?: OpenOptions) => Promise<Link>
}

/** One HTTP request. `path` is relative to the base of the transport. */
export interface Exchange {
  /** Such as `GET`. */
  readonly method: string
  /** Path and query, starting with `/`; the transport has the origin. Never holds a secret. */
  readonly path: string
  /** Added to those of the transport. */
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is sent while it is read, where the runtime supports it. */
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
  /** The bytes as they arrive; null if there is no body. */
  readonly body: ReadableStream<Uint8Array> | null
  /** The final URL after redirects, without its query, if the runtime reports it. */
  readonly url?: string
  /** True after a redirect, if the runtime reports it. */
  readonly redirected?: boolean
}

/** Makes HTTP exchanges. A reply of any status is a result; only a failure to get one rejects. */
export interface ExchangeTransport {
  /** The discriminant of the two transport interfaces. */
  readonly kind: 'exchange'
  /** Names the transport in errors and logs. */
  readonly name: string
  /** Sends one request and resolves with the head of its reply. Rejects when there is no reply. */
  exchange(request: Exchange, options?: OpenOptions): Promise<Reply>
}

/** Either interface, for a client whose system can be reached over both. */
// biome-ignore lint/suspicious/noExplicitAny: the launch type is contravariant, so no other type accepts every transport
export type Transport = StreamTransport<any> | ExchangeTransport

/** The accepting side, where a runtime has one. */
export interface Listener extends AsyncDisposable {
  /** The address that clients use. */
  readonly address: string
  /** Yields each link as it arrives, until the listener is disposed. */
  accept(): AsyncIterable<Link>
}
