/** A map in IndexedDB. */
import { promisifyRequest } from 'idb-keyval'
import { checkFence, checkKey, checkPosition, fenced, PAGE_ENTRIES, storeClosed, storeFull } from '../../../src/store/rules.js'
import type { Fence, Kv, KvVersion } from '../../../src/store/store.js'
import type { Database } from './database.js'

interface Value {
  readonly bytes: Uint8Array
  readonly version: KvVersion
}

export function createDatabaseKv(database: Database, name: string, maxBytes: number, release: () => void): Kv {
  const what = `The map ${name}`
  let closed = false
  const checkUse = (key: string): string => {
    if (closed) throw storeClosed(what)
    return checkKey(key)
  }
  const idOf = (key: string): IDBValidKey => ['k', name, key]
  const find = async (objects: IDBObjectStore, key: string): Promise<Value | undefined> =>
    (await promisifyRequest(objects.get(idOf(key)))) as unknown as Value | undefined
  const checkHolder = async (objects: IDBObjectStore, fence: Fence | undefined): Promise<void> => {
    if (!fence) return
    const id = ['kf', name, fence.key]
    const highest = ((await promisifyRequest(objects.get(id))) as unknown as number | undefined) ?? 0
    if (fence.token < highest) throw fenced(what, fence, highest)
    if (fence.token > highest) objects.put(fence.token, id)
  }
  const store = (objects: IDBObjectStore, key: string, bytes: Uint8Array): KvVersion => {
    if (bytes.byteLength > maxBytes) throw storeFull(what, maxBytes, 'maxBytes')
    // Random, so that a key that was deleted and stored again never has an old version.
    const version = randomVersion()
    objects.put({ bytes, version } satisfies Value, idOf(key))
    return version
  }

  return {
    async get(key) {
      checkUse(key)
      const value = await database.run('readonly', what, (objects) => find(objects, key))
      return value ? { key, ...value } : null
    },
    async put(key, bytes, { fence } = {}) {
      checkUse(key)
      checkFence(fence)
      const copy = bytes.slice()
      return await database.run('readwrite', what, async (objects) => {
        await checkHolder(objects, fence)
        return store(objects, key, copy)
      })
    },
    async compareAndSet(key, expected, bytes, { fence } = {}) {
      checkUse(key)
      checkFence(fence)
      const copy = bytes.slice()
      return await database.run('readwrite', what, async (objects) => {
        await checkHolder(objects, fence)
        const current = (await find(objects, key))?.version ?? null
        return current === expected ? store(objects, key, copy) : null
      })
    },
    async delete(key, expected, { fence } = {}) {
      checkUse(key)
      checkFence(fence)
      return await database.run('readwrite', what, async (objects) => {
        await checkHolder(objects, fence)
        const current = await find(objects, key)
        if (!current || (expected !== undefined && current.version !== expected)) return false
        objects.delete(idOf(key))
        return true
      })
    },
    async list({ prefix = '', after, maxKeys = PAGE_ENTRIES } = {}) {
      if (closed) throw storeClosed(what)
      checkPosition(maxKeys, 'maxKeys', 1)
      const from = after !== undefined && after >= prefix ? after : prefix
      // IndexedDB sorts an array behind every string.
      const range = IDBKeyRange.bound(['k', name, from], ['k', name, []], after !== undefined && from === after, true)
      return await database.run('readonly', what, (objects) => keysOf(objects.openKeyCursor(range), prefix, maxKeys))
    },
    async [Symbol.asyncDispose]() {
      closed = true
      release()
    },
  }
}

function keysOf(request: IDBRequest<IDBCursor | null>, prefix: string, maxKeys: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const keys: string[] = []
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      const cursor = request.result
      const key = cursor && (cursor.key as [string, string, string])[2]
      if (!cursor || key === null || !key.startsWith(prefix) || keys.length >= maxKeys) return resolve(keys)
      keys.push(key)
      cursor.continue()
    }
  })
}

function randomVersion(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('')
}
