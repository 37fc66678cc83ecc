/** Records in a map of the store, one key for each, changed only by compare-and-set. */
import { SignalboxError } from '../errors.js'
import type { Kv, KvVersion } from '../store/store.js'
import { fromBytes, toBytes } from './journal/encode.js'

/** A record and the version that it was read or written at. */
export interface Stored<Record> {
  readonly record: Record
  readonly version: KvVersion
}

export interface Table<Record> {
  get(key: string): Promise<Stored<Record> | undefined>
  /** Undefined when there is a record of that key already. */
  create(key: string, record: Record): Promise<Stored<Record> | undefined>
  /**
   * Reads, decides, and writes unless somebody wrote in between; then it decides again. `decide` gives undefined to leave the record
   * as it is; then the result is undefined.
   */
  change(
    key: string,
    decide: (record: Record) => Record | undefined,
    lastRead?: Stored<Record>,
  ): Promise<Stored<Record> | undefined>
  /** Stores the record over any other. */
  put(key: string, record: Record): Promise<void>
  /** False when there was no record, or another version of it. */
  delete(key: string, version?: KvVersion): Promise<boolean>
  /** Every record. */
  all(): AsyncIterable<Stored<Record> & { readonly key: string }>
}

const MAX_ROUNDS = 100

export interface TableOptions<Record> {
  /**
   * For the records of a driver: the token of its lease, and the token of the driver that wrote a record. A record that a lower token wrote over a
   * record that this driver knows came from a driver that had lost its lease. It has no effect: the known record stays, and is written over it.
   */
  readonly fence?: { readonly token: number; readonly of: (record: Record) => number }
}

export function createTable<Record>(kv: Kv, { fence }: TableOptions<Record> = {}): Table<Record> {
  const isVoid = (record: Record): boolean => fence !== undefined && fence.of(record) < fence.token
  const get = async (key: string): Promise<Stored<Record> | undefined> => {
    const entry = await kv.get(key)
    return entry ? { record: fromBytes<Record>(entry.bytes), version: entry.version } : undefined
  }
  return {
    get,
    async create(key, record) {
      const version = await kv.compareAndSet(key, null, toBytes(record))
      return version === null ? undefined : { record, version }
    },
    async change(key, decide, lastRead) {
      let current = lastRead ?? (await get(key))
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const record = current && decide(current.record)
        if (!current || !record) return undefined
        const version = await kv.compareAndSet(key, current.version, toBytes(record))
        if (version !== null) return { record, version }
        const now = await get(key)
        current = now && isVoid(now.record) ? { ...now, record: current.record } : now
      }
      throw new SignalboxError({ code: 'unavailable', message: `The record ${key} changes too often.`, sent: 'no' })
    },
    put: async (key, record) => void (await kv.put(key, toBytes(record))),
    delete: (key, version) => kv.delete(key, version),
    async *all() {
      for (let after: string | undefined; ; ) {
        const keys: string[] = await kv.list(after === undefined ? {} : { after })
        if (keys.length === 0) return
        after = keys.at(-1)
        for (const key of keys) {
          const stored = await get(key)
          if (stored) yield { key, ...stored }
        }
      }
    },
  }
}
