/** What a recorder keeps in its store. Every record is changed by compare-and-set, so a second recorder is noticed. */
import type { Kv, KvVersion } from '../../store/store.js'
import { hubError } from '../context.js'
import { fromBytes, toBytes } from '../journal/encode.js'
import type { AgentId } from '../model/agent.js'
import type { HubCursor } from '../model/cursor.js'
import type { TranslateState } from './translate.js'

/** How far the recorder is. */
export interface PositionRecord {
  readonly v: 1
  /** Part of every session id, so that two recorders on one server never write to the same session. */
  readonly id: string
  /** Everything up to here is recorded. Absent before the first event. */
  readonly cursor?: HubCursor
  /** The newest place where the journal had lost events. */
  readonly gap?: { readonly seq: number; readonly reason: string }
}

/** One session of one agent. */
export interface SessionRecord {
  readonly v: 1
  readonly agent: AgentId
  readonly session: string
  /** Whether its start is recorded. */
  readonly started: boolean
  /** The state after the event at `seq`. */
  readonly state: TranslateState
  readonly seq: number
  /** How many items the outbox had taken at that time. */
  readonly taken: number
  /** The keys of the items that were appended next, in their order. After a crash `taken` shows how many of them are durable. */
  readonly keys: readonly string[]
  /** The newest gap that is recorded. */
  readonly gapSeq: number
}

/** A record with the version that the next write must replace. */
export interface Cell<Value> {
  value: Value
  version: KvVersion | null
}

export interface Records {
  get<Value>(key: string): Promise<Cell<Value> | undefined>
  /** Rejects with `conflict` when another recorder wrote meanwhile. */
  put<Value>(key: string, cell: Cell<Value>): Promise<void>
  keys(prefix: string): AsyncIterable<string>
}

export function createRecords(kv: Kv): Records {
  return {
    async get<Value>(key: string) {
      const entry = await kv.get(key)
      return entry ? { value: fromBytes<Value>(entry.bytes), version: entry.version } : undefined
    },
    async put(key, cell) {
      const version = await kv.compareAndSet(key, cell.version, toBytes(cell.value))
      if (version === null) throw hubError({ code: 'conflict', op: 'record', message: 'Another recorder writes to this store.' })
      cell.version = version
    },
    async *keys(prefix) {
      for (let after: string | undefined; ; ) {
        const page: string[] = await kv.list({ prefix, ...(after === undefined ? {} : { after }) })
        if (page.length === 0) return
        after = page.at(-1)
        yield* page
      }
    },
  }
}
