/** A map in memory. One counter for all writes makes versions that never repeat. */
import { checkFence, checkKey, checkPosition, fenced, PAGE_ENTRIES, storeClosed, storeFull } from './rules.js'
import type { Fence, Kv, KvVersion } from './store.js'

interface Value {
  readonly bytes: Uint8Array
  readonly version: KvVersion
}

export interface KvState {
  readonly entries: Map<string, Value>
  writes: number
  bytes: number
  /** The highest token of each lease. */
  readonly fences: Map<string, number>
}

const ENTRY_OVERHEAD = 64
const sizeOf = (key: string, bytes: Uint8Array): number => key.length * 2 + bytes.byteLength + ENTRY_OVERHEAD

export function createMemoryKv(name: string, kv: KvState, maxBytes: number, release: () => void): Kv {
  const what = `The map ${name}`
  let closed = false
  const checkUse = (key: string): void => {
    if (closed) throw storeClosed(what)
    checkKey(key)
  }
  const checkWrite = (key: string, fence: Fence | undefined): void => {
    checkUse(key)
    checkFence(fence)
    if (!fence) return
    const highest = kv.fences.get(fence.key) ?? 0
    if (fence.token < highest) throw fenced(what, fence, highest)
    kv.fences.set(fence.key, fence.token)
  }
  const remove = (key: string): void => {
    const old = kv.entries.get(key)
    if (old) kv.bytes -= sizeOf(key, old.bytes)
    kv.entries.delete(key)
  }
  const store = (key: string, bytes: Uint8Array): KvVersion => {
    const old = kv.entries.get(key)
    const total = kv.bytes + sizeOf(key, bytes) - (old ? sizeOf(key, old.bytes) : 0)
    if (total > maxBytes) throw storeFull(what, maxBytes, 'maxBytes')
    kv.writes += 1
    kv.bytes = total
    const version = String(kv.writes)
    kv.entries.set(key, { bytes: bytes.slice(), version })
    return version
  }

  return {
    async get(key) {
      checkUse(key)
      const value = kv.entries.get(key)
      return value ? { key, bytes: value.bytes.slice(), version: value.version } : null
    },
    async put(key, bytes, { fence } = {}) {
      checkWrite(key, fence)
      return store(key, bytes)
    },
    async compareAndSet(key, expected, bytes, { fence } = {}) {
      checkWrite(key, fence)
      const current = kv.entries.get(key)?.version ?? null
      return current === expected ? store(key, bytes) : null
    },
    async delete(key, expected, { fence } = {}) {
      checkWrite(key, fence)
      const current = kv.entries.get(key)
      if (!current || (expected !== undefined && current.version !== expected)) return false
      remove(key)
      return true
    },
    async list({ prefix = '', after, maxKeys = PAGE_ENTRIES } = {}) {
      if (closed) throw storeClosed(what)
      checkPosition(maxKeys, 'maxKeys', 1)
      const keys = [...kv.entries.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after))
      return keys.sort().slice(0, maxKeys)
    },
    async [Symbol.asyncDispose]() {
      closed = true
      release()
    },
  }
}
