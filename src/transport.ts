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

export interface CloseOptions {
  /** Patience per closing step, in milliseconds. `closed` resolves within `3 * graceMs + 1000`. */
  readonly graceMs?: number
  readonly reason?: string
}

/** One live full-duplex link: a socket, a child's stdio, a WebSocket. One reader, one serialized writer. */
export interface Link extends AsyncDisposable {
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

export interface OpenOptions {
  readonly signal?: AbortSignal
  /** W3C trace context and the like: HTTP headers on an exchange, environment of a child. */
  readonly trace?: Readonly<Record<string, string>>
}

/** Opens links. `Launch` is what a protocol must say at open: nothing for a socket, typed options for a subprocess. */
export interface StreamTransport<Launch = void> {
  readonly kind: 'stream'
  readonly name: string
  /** A property and not a method: methods would accept a transport that needs more than the protocol says. */
  readonly open: (launch: Launch, options?: OpenOptions) => Promise<Link>
}

/** One HTTP request. `path` is relative to whatever base the transport was made with. */
export interface Exchange {
  readonly method: string
  /** Path and query, starting with `/`; the transport knows the origin. Never carries a secret. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string | ReadableStream<Uint8Array>
  /** Ask the runtime to let the request outlive the page; bounded to about 64 KiB by browsers. */
  readonly keepalive?: boolean
}

/** The reply to an exchange: its body streams, and the signal of the exchange covers the body too. */
export interface Reply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: ReadableStream<Uint8Array> | null
  /** The final URL after redirects, if the runtime tells; without its query. */
  readonly url?: string
  readonly redirected?: boolean
}

export interface ExchangeTransport {
  readonly kind: 'exchange'
  readonly name: string
  exchange(request: Exchange, options?: OpenOptions): Promise<Reply>
}

// biome-ignore lint/suspicious/noExplicitAny: the launch type is contravariant, so no other type accepts every transport
export type Transport = StreamTransport<any> | ExchangeTransport

/** The accepting side, where a runtime has one. */
export interface Listener extends AsyncDisposable {
  readonly address: string
  accept(): AsyncIterable<Link>
}
