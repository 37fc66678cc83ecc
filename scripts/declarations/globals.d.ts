/**
 * Global names that the declarations of this package use. Where a runtime's types or `lib.dom` are there, these interfaces merge with
 * them and add nothing; elsewhere they stand in.
 */
interface AbortController {}
interface AbortSignal {}
interface ReadableStream<R = any> {}
interface Request {}
interface RequestInit {}
interface Response {}
interface URL {}
interface URLSearchParams {}
interface WritableStream<W = any> {}

interface SymbolConstructor {
  readonly dispose: unique symbol
  readonly asyncDispose: unique symbol
}
interface Disposable {
  [Symbol.dispose](): void
}
interface AsyncDisposable {
  [Symbol.asyncDispose](): PromiseLike<void>
}
