/**
 * State that must survive, behind three small interfaces: `Log`, `Kv`, `Lease`. A driver may be a map, a directory, a browser's database or
 * a cluster: everything is asynchronous, values are bytes, reads are bounded, and no clock is shared.
 *
 * Rules of every driver, tested by `storeCases` of `signalbox/testing`:
 * - What a resolved write stored is there for every later read; a durable driver has it after a crash too.
 * - Bytes are copied in and out: neither side sees later changes of the other side's array.
 * - A write that rejects with `sent: 'no'` changed nothing. With `sent: 'maybe'` read the store to find out.
 * - After disposal every method rejects with `closed`. Disposal is idempotent and frees timers, handles and waiting tails.
 */
import type { Gap } from '../core/stream.js'

/** Logs, maps and leases in one place. Opening a name twice opens the same one, or rejects with `conflict`. */
export interface Store extends AsyncDisposable {
  /** For errors and reports: `memory`, `file`, `indexeddb`. */
  readonly name: string
  /** Whether it survives this process. */
  readonly durable: boolean
  /** Opens a log. */
  log(name: string): Promise<Log>
  /** Opens a map. */
  kv(name: string): Promise<Kv>
  /** Opens leases. */
  lease(name: string): Promise<Lease>
}

/** One entry of a log. */
export interface LogEntry {
  /** Counts from 1, rises with every entry and is never given twice, not even after a trim. There may be holes. */
  readonly sequence: number
  /** A copy of what was appended. */
  readonly bytes: Uint8Array
}

/** A bounded part of a log. */
export interface LogPage {
  /** In order. */
  readonly entries: readonly LogEntry[]
  /** The position behind the last entry of this page: read on from here. */
  readonly next: number
  /**
   * The reader's position is not in the log: `expired` when entries were trimmed, `restart` when the log ends before the position. The
   * entries of this page begin at `gap.to`.
   */
  readonly gap?: Gap<number>
}

/** Bounds of one page. */
export interface ReadOptions {
  /** Default 1,000. */
  readonly maxEntries?: number
  /** Default 1 MiB. One entry is always given, however large it is. */
  readonly maxBytes?: number
}

/** The lease under which a writer appends. A `HeldLease` is one. */
export interface Fence {
  /** The key of the lease. */
  readonly key: string
  /** The fencing token of its holder. */
  readonly token: number
}

/** Options of an append. */
export interface AppendOptions {
  /**
   * The lease under which this is written, of the same store. The append rejects with `conflict` when the log has seen a higher token of the
   * same key. Several writers can append under leases of different keys. A driver may refuse earlier: as soon as the lease has another holder.
   */
  readonly fence?: Fence
}

/** What a log holds. */
export interface LogState {
  /** The sequence of the oldest entry; equal to `next` in an empty log. */
  readonly first: number
  /** Above every sequence given so far. */
  readonly next: number
  /** How many entries there are. */
  readonly entries: number
  /** The bytes of all entries. */
  readonly bytes: number
}

/** Entries in the order in which they were appended. */
export interface Log extends AsyncDisposable {
  /**
   * Appends in order and gives the sequences. Resolves when the entries are as durable as this driver makes them. Entries of other writers
   * may come between. A rejection with `sent: 'maybe'` may have stored the leading entries.
   */
  append(entries: readonly Uint8Array[], options?: AppendOptions): Promise<number[]>
  /** Entries from this sequence on; none when there are none yet. 0 means from the oldest, without a gap. */
  read(from: number, options?: ReadOptions): Promise<LogPage>
  /** Pages without an end: waits for more. An abort rejects with `aborted`; `break` frees what the tail uses. */
  tail(from: number, options?: ReadOptions & { readonly signal?: AbortSignal }): AsyncIterable<LogPage>
  /** Deletes every entry below this sequence. Idempotent. */
  trim(before: number): Promise<void>
  /** What the log holds now. */
  state(): Promise<LogState>
}

/** Names one write of one key. It never repeats, not even after the key was deleted and stored again. */
export type KvVersion = string

/** A stored value. */
export interface KvEntry {
  /** Its key. */
  readonly key: string
  /** A copy of the value. */
  readonly bytes: Uint8Array
  /** For `compareAndSet` and `delete`. */
  readonly version: KvVersion
}

/** Which keys to list. */
export interface ListOptions {
  /** Only keys that begin with it. */
  readonly prefix?: string
  /** Only keys behind it: the last key of the page before. */
  readonly after?: string
  /** Default 1,000. */
  readonly maxKeys?: number
}

/** Options of a write to a map. */
export interface WriteOptions {
  /**
   * The lease under which this is written, of the same store. The write rejects with `conflict` when the map has seen a higher token of the
   * same key, whatever the value is. A driver may refuse earlier: as soon as the lease has another holder.
   */
  readonly fence?: Fence
}

/** Values by key. */
export interface Kv extends AsyncDisposable {
  /** Null when there is none. */
  get(key: string): Promise<KvEntry | null>
  /** Stores the value over any other. */
  put(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<KvVersion>
  /** Stores only over this version; with null, only where there is no value. Null: another write was first. */
  compareAndSet(key: string, expected: KvVersion | null, bytes: Uint8Array, options?: WriteOptions): Promise<KvVersion | null>
  /** False when there was no value, or another version. */
  delete(key: string, expected?: KvVersion, options?: WriteOptions): Promise<boolean>
  /** Lists keys in the order of their UTF-16 code units. */
  list(options?: ListOptions): Promise<string[]>
}

/** A lease that was acquired. Pass it as the `fence` of an append. */
export interface HeldLease extends Fence {
  /** The key of the lease. */
  readonly key: string
  /** The fencing token: higher than that of every earlier holder of this key, also across restarts of a durable store. */
  readonly token: number
  /** How long the holder may still act. Counted from before the request, so never longer than the store counts. */
  remainingMs(): number
  /** False when the lease expired or was taken over. After that it is always false. */
  renew(ttlMs?: number): Promise<boolean>
  /** Ends the lease. Has no effect on a lost one. */
  release(): Promise<void>
}

/** Leases by key. */
export interface Lease extends AsyncDisposable {
  /** Null when it is held. Two callers in one process are two holders. */
  acquire(key: string, options: { readonly ttlMs: number }): Promise<HeldLease | null>
}
