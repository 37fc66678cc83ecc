/**
 * State that must survive, behind three small interfaces: `Log`, `Kv`, `Lease`. Written so that a driver may be a map, a directory, a
 * browser's database or a cluster: everything is asynchronous, values are bytes, reads are bounded, and no clock is shared.
 *
 * Laws of every driver, held by `storeCases` of `signalbox/testing`:
 * - What a resolved write stored is there for every later read; a durable driver has it after a crash too.
 * - Bytes are copied in and out: neither side sees what the other does to its array afterwards.
 * - A write that rejects with `sent: 'no'` changed nothing; with `maybe` the store must be asked.
 * - After disposal every method rejects with `closed`. Disposal is idempotent and frees timers, handles and waiting tails.
 */
import type { Gap } from '../core/stream.js'

/** A family of logs, maps and leases in one place. Opening a name twice opens the same thing, or rejects with `conflict`. */
export interface Store extends AsyncDisposable {
  /** For errors and reports: `memory`, `file`, `indexeddb`. */
  readonly name: string
  /** Does it survive this process? */
  readonly durable: boolean
  log(name: string): Promise<Log>
  kv(name: string): Promise<Kv>
  lease(name: string): Promise<Lease>
}

export interface LogEntry {
  /** Counts from 1, rises with every entry and is never given twice, not even after a trim. Holes are legal. */
  readonly sequence: number
  readonly bytes: Uint8Array
}

/** A bounded piece of a log. */
export interface LogPage {
  readonly entries: readonly LogEntry[]
  /** Where to read on: the cursor behind the last entry of this page. */
  readonly next: number
  /**
   * Stands before the entries where the reader's position is not in the log: `expired` when entries were trimmed before it came,
   * `restart` when the log is younger than the position. Reading goes on at `gap.to`.
   */
  readonly gap?: Gap<number>
}

export interface ReadOptions {
  /** Default 1,000. */
  readonly maxEntries?: number
  /** Default 1 MiB. One entry is always given, however large it is: a reader must be able to get past it. */
  readonly maxBytes?: number
}

export interface AppendOptions {
  /** The token of the lease under which this is written. Below the highest that the log has seen, the append rejects with `conflict`. */
  readonly fence?: number
}

export interface LogState {
  /** The oldest entry that is kept; equal to `next` in an empty log. */
  readonly first: number
  /** Above every sequence given so far. */
  readonly next: number
  readonly entries: number
  readonly bytes: number
}

export interface Log extends AsyncDisposable {
  /**
   * Appends in order and gives the sequences; resolves when they are as durable as this driver makes them. Other writers' entries may
   * stand between. A call whose `sent` is `maybe` may have stored a leading part of the entries.
   */
  append(entries: readonly Uint8Array[], options?: AppendOptions): Promise<number[]>
  /** Entries from this sequence on; none when there are none yet. `0` means from the oldest, without a gap. */
  read(from: number, options?: ReadOptions): Promise<LogPage>
  /** The same without an end: waits for more. An abort rejects with `aborted`; `break` frees what the tail holds. */
  tail(from: number, options?: ReadOptions & { readonly signal?: AbortSignal }): AsyncIterable<LogPage>
  /** Forgets every entry below this sequence. Idempotent. */
  trim(before: number): Promise<void>
  state(): Promise<LogState>
}

/** Opaque; equal only for the same write of the same key. A key that was deleted and made anew never has an old version. */
export type KvVersion = string

export interface KvEntry {
  readonly key: string
  readonly bytes: Uint8Array
  readonly version: KvVersion
}

export interface ListOptions {
  readonly prefix?: string
  /** The last key of the page before. */
  readonly after?: string
  /** Default 1,000. */
  readonly maxKeys?: number
}

export interface Kv extends AsyncDisposable {
  get(key: string): Promise<KvEntry | null>
  /** Stores whatever was there before. */
  put(key: string, bytes: Uint8Array): Promise<KvVersion>
  /** Stores only over this version, or, with null, only where there is nothing. Null says that somebody else was first. */
  compareAndSet(key: string, expected: KvVersion | null, bytes: Uint8Array): Promise<KvVersion | null>
  /** False when there was nothing, or not this version. */
  delete(key: string, expected?: KvVersion): Promise<boolean>
  /** Keys in the order of their UTF-16 code units. */
  list(options?: ListOptions): Promise<string[]>
}

export interface HeldLease {
  readonly key: string
  /** The fencing token: higher than that of every earlier holder of this key, also across restarts of a durable store. */
  readonly token: number
  /** How long the holder may still act: counted from before the request left, so never longer than the store's own count. */
  remainingMs(): number
  /** False when the lease is lost: it expired or was taken over. Once false, always false. */
  renew(ttlMs?: number): Promise<boolean>
  /** Lets the next one in. Without effect on a lease that is lost. */
  release(): Promise<void>
}

export interface Lease extends AsyncDisposable {
  /** Null when somebody holds it. Two callers in one process are two holders. */
  acquire(key: string, options: { readonly ttlMs: number }): Promise<HeldLease | null>
}
