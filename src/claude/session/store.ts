/** The session store over any key-value store: memory, files, IndexedDB. For SQL there is a separate store with ccflow's tables. */
import { SignalboxError } from '../../errors.js'
import { memoryStore } from '../../store/memory.js'
import type { Kv } from '../../store/store.js'
import { SessionStoreError } from '../messages/errors.js'
import { isRecord } from '../../core/is-record.js'
import {
  matchesFilter,
  metadataOf,
  pageOf,
  type SessionFilter,
  type SessionMetadata,
  type SessionState,
  type SessionStore,
} from './state.js'

const PREFIX = 'session/'
const encoder = /* @__PURE__ */ new TextEncoder()

/** A session store over a key-value store. `kv` may be a promise. Closing the session store also closes the key-value store. */
export function kvSessionStore(kv: Kv | Promise<Kv>): SessionStore {
  const opening = Promise.resolve(kv)
  opening.catch(() => {})
  const decoder = new TextDecoder()

  const attempt = async <Result>(operation: string, work: (map: Kv) => Promise<Result>): Promise<Result> => {
    try {
      return await work(await opening)
    } catch (error) {
      if (error instanceof SessionStoreError) throw error
      throw storeError(operation, error)
    }
  }
  const keyOf = (sessionId: string): string => PREFIX + sessionId
  const decode = (bytes: Uint8Array): SessionState => {
    const state: unknown = JSON.parse(decoder.decode(bytes))
    if (!isRecord(state) || typeof state.sessionId !== 'string') throw new Error('the entry is not a session')
    return state as unknown as SessionState
  }
  const encode = (state: SessionState): Uint8Array => encoder.encode(JSON.stringify(state))

  async function* all(map: Kv): AsyncGenerator<SessionState> {
    let after: string | undefined
    for (;;) {
      const keys = await map.list({ prefix: PREFIX, ...(after === undefined ? {} : { after }) })
      for (const key of keys) {
        const entry = await map.get(key)
        if (entry) yield decode(entry.bytes)
      }
      after = keys.at(-1)
      if (after === undefined) return
    }
  }
  const matching = async (map: Kv, filter: SessionFilter): Promise<SessionMetadata[]> => {
    const found: SessionMetadata[] = []
    for await (const state of all(map)) {
      const metadata = metadataOf(state)
      if (matchesFilter(metadata, filter)) found.push(metadata)
    }
    return found
  }

  const store: SessionStore = {
    save: (state) => attempt('save', async (map) => void (await map.put(keyOf(state.sessionId), encode(state)))),
    load: (sessionId) =>
      attempt('load', async (map) => {
        const entry = await map.get(keyOf(sessionId))
        return entry ? decode(entry.bytes) : null
      }),
    delete: (sessionId) => attempt('delete', (map) => map.delete(keyOf(sessionId))),
    list: (filter = {}) => attempt('list', async (map) => pageOf(await matching(map, filter), filter)),
    count: (filter = {}) => attempt('count', async (map) => (await matching(map, filter)).length),
    exists: (sessionId) => attempt('exists', async (map) => (await map.get(keyOf(sessionId))) !== null),
    cleanup: (updatedBefore) =>
      attempt('cleanup', async (map) => {
        let removed = 0
        for await (const state of all(map)) {
          if (state.status === 'active' || state.updatedAt >= updatedBefore) continue
          if (await map.delete(keyOf(state.sessionId))) removed += 1
        }
        return removed
      }),
    updateStatus: (sessionId, status) =>
      attempt('updateStatus', async (map) => {
        // Another writer may save at the same time. If the version has changed, read again.
        for (;;) {
          const entry = await map.get(keyOf(sessionId))
          if (!entry) return false
          const next = { ...decode(entry.bytes), status, updatedAt: new Date().toISOString() }
          if ((await map.compareAndSet(entry.key, entry.version, encode(next))) !== null) return true
        }
      }),
    async close() {
      // A store that could not be opened needs no close. Its calls have failed already.
      const map = await opening.catch(() => undefined)
      if (map) await attempt('close', async () => map[Symbol.asyncDispose]())
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
  return store
}

/** A session store in memory. Its sessions are lost when the process ends. */
export function memorySessionStore(): SessionStore {
  return kvSessionStore(memoryStore().kv('sessions'))
}

/** The error that a session store throws when its database or file system fails. */
export function storeError(operation: string, error: unknown): SessionStoreError {
  const known = SignalboxError.is(error)
  return new SessionStoreError({
    code: known ? error.code : 'unavailable',
    message: `The session store failed at ${operation}: ${error instanceof Error ? error.message : String(error)}`,
    op: operation,
    sent: known ? error.sent : 'maybe',
    cause: error,
  })
}
