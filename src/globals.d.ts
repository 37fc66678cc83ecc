/**
 * The web-standard globals that every supported runtime has. `src/` compiles against this file alone, so a global of one runtime does not
 * compile there. Only the parts that `src/` uses are declared. WebSocket, EventSource, indexedDB and Promise.withResolvers are not here,
 * because Node 20 lacks them.
 */

interface EventLike {
  readonly type: string
}
interface AddEventListenerOptions {
  once?: boolean
  signal?: AbortSignal
}

declare class AbortSignal {
  private constructor()
  readonly aborted: boolean
  // biome-ignore lint/suspicious/noExplicitAny: as in the standard library
  readonly reason: any
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void, options?: AddEventListenerOptions): void
  removeEventListener(type: 'abort', listener: () => void): void
  static abort(reason?: unknown): AbortSignal
  static timeout(ms: number): AbortSignal
}
declare class AbortController {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
}
declare class DOMException extends Error {
  constructor(message?: string, name?: string)
}

declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number }
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string
}

interface ReadableStreamDefaultReader<R = unknown> {
  readonly closed: Promise<undefined>
  read(): Promise<{ done: false; value: R } | { done: true; value: R | undefined }>
  cancel(reason?: unknown): Promise<void>
  releaseLock(): void
}
interface ReadableStreamDefaultController<R = unknown> {
  readonly desiredSize: number | null
  enqueue(chunk?: R): void
  close(): void
  error(reason?: unknown): void
}
interface QueuingStrategy<T = unknown> {
  highWaterMark?: number
  size?: (chunk: T) => number
}
declare class ReadableStream<R = unknown> {
  constructor(
    source?: {
      type?: undefined
      start?(controller: ReadableStreamDefaultController<R>): void | PromiseLike<void>
      pull?(controller: ReadableStreamDefaultController<R>): void | PromiseLike<void>
      cancel?(reason?: unknown): void | PromiseLike<void>
    },
    strategy?: QueuingStrategy<R>,
  )
  readonly locked: boolean
  cancel(reason?: unknown): Promise<void>
  getReader(): ReadableStreamDefaultReader<R>
}
interface WritableStreamDefaultWriter<W = unknown> {
  readonly closed: Promise<undefined>
  readonly ready: Promise<undefined>
  write(chunk?: W): Promise<void>
  close(): Promise<void>
  abort(reason?: unknown): Promise<void>
  releaseLock(): void
}
declare class WritableStream<W = unknown> {
  constructor(
    sink?: {
      start?(controller: { error(reason?: unknown): void }): void | PromiseLike<void>
      write?(chunk: W): void | PromiseLike<void>
      close?(): void | PromiseLike<void>
      abort?(reason?: unknown): void | PromiseLike<void>
    },
    strategy?: QueuingStrategy<W>,
  )
  readonly locked: boolean
  getWriter(): WritableStreamDefaultWriter<W>
  close(): Promise<void>
  abort(reason?: unknown): Promise<void>
}

declare class Headers {
  constructor(init?: Record<string, string> | [string, string][] | Headers)
  append(name: string, value: string): void
  delete(name: string): void
  get(name: string): string | null
  has(name: string): boolean
  set(name: string, value: string): void
  forEach(callback: (value: string, name: string) => void): void
  entries(): IterableIterator<[string, string]>
  [Symbol.iterator](): IterableIterator<[string, string]>
}
type BodyInit = string | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array>
interface RequestInit {
  method?: string
  headers?: Record<string, string> | Headers
  body?: BodyInit | null
  signal?: AbortSignal | null
  redirect?: 'follow' | 'error' | 'manual'
  keepalive?: boolean
  duplex?: 'half'
  credentials?: 'omit' | 'same-origin' | 'include'
}
declare class Request {
  constructor(input: string | URL | Request, init?: RequestInit)
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
  readonly bodyUsed: boolean
  readonly signal: AbortSignal
  text(): Promise<string>
  json(): Promise<unknown>
  arrayBuffer(): Promise<ArrayBuffer>
}
declare class Response {
  constructor(body?: BodyInit | null, init?: { status?: number; statusText?: string; headers?: Record<string, string> | Headers })
  readonly status: number
  readonly statusText: string
  readonly ok: boolean
  readonly url: string
  readonly redirected: boolean
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
  text(): Promise<string>
  json(): Promise<unknown>
  arrayBuffer(): Promise<ArrayBuffer>
}

declare class URLSearchParams {
  constructor(init?: string | Record<string, string> | [string, string][])
  append(name: string, value: string): void
  delete(name: string): void
  get(name: string): string | null
  getAll(name: string): string[]
  has(name: string): boolean
  set(name: string, value: string): void
  toString(): string
  [Symbol.iterator](): IterableIterator<[string, string]>
  readonly size: number
}
declare class URL {
  constructor(url: string | URL, base?: string | URL)
  hash: string
  host: string
  hostname: string
  href: string
  readonly origin: string
  password: string
  pathname: string
  port: string
  protocol: string
  search: string
  readonly searchParams: URLSearchParams
  username: string
  toString(): string
  static canParse(url: string, base?: string): boolean
}

/** Opaque: a number in browsers, an object in Node. */
interface TimerHandle {
  readonly __timer: never
}
declare function setTimeout(callback: () => void, ms?: number): TimerHandle
declare function clearTimeout(handle: TimerHandle | undefined): void
declare function setInterval(callback: () => void, ms?: number): TimerHandle
declare function clearInterval(handle: TimerHandle | undefined): void
declare function queueMicrotask(callback: () => void): void
declare function structuredClone<T>(value: T): T
declare function atob(data: string): string
declare function btoa(data: string): string
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>

declare const performance: { now(): number }
declare const console: {
  debug(...data: unknown[]): void
  info(...data: unknown[]): void
  log(...data: unknown[]): void
  warn(...data: unknown[]): void
  error(...data: unknown[]): void
}
interface SubtleCrypto {
  digest(algorithm: string, data: ArrayBufferView | ArrayBuffer): Promise<ArrayBuffer>
}
declare const crypto: {
  readonly subtle: SubtleCrypto
  getRandomValues<T extends ArrayBufferView>(array: T): T
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`
}
