/** A store in IndexedDB, in Chromium, with another tab or an early close. The store suite checks the general laws. */
import { afterAll, expect, test } from 'vitest'
import { checkRejects } from '../../src/testing/index.js'
import { indexedDbStore } from '../../transports/web/store/indexeddb.js'

const databases: string[] = []
const freshDatabase = (): string => {
  const name = `test-${crypto.randomUUID()}`
  databases.push(name)
  return name
}
const deleted = (name: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve('deleted')
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('blocked'))
  })
afterAll(() => {
  for (const name of databases) indexedDB.deleteDatabase(name)
})

test('[store.indexeddb.deleted] when another tab deletes the database, the store closes it and opens it again at the next use', async () => {
  const database = freshDatabase()
  await using store = indexedDbStore({ database })
  const kv = await store.kv('map')
  await kv.put('key', new Uint8Array([1]))
  expect(await deleted(database)).toBe('deleted')
  expect(await kv.get('key')).toBeNull()
  await kv.put('key', new Uint8Array([2]))
  expect((await kv.get('key'))?.bytes).toEqual(new Uint8Array([2]))
  // The reopened database is closed for a delete as well.
  expect(await deleted(database)).toBe('deleted')
  expect(await kv.get('key')).toBeNull()
})

test('[store.indexeddb.late-lease] a lease that is granted after its store was closed is released, and the database is closed', async () => {
  const database = freshDatabase()
  const store = indexedDbStore({ database })
  const leases = await store.lease('workers')
  const acquiring = leases.acquire('one', { ttlMs: 600_000 })
  const refused = checkRejects(acquiring, 'closed')
  await store[Symbol.asyncDispose]()
  await refused
  // The browser needs a moment after a release.
  const held = async () => ((await navigator.locks.query()).held ?? []).filter(({ name }) => name?.includes(database))
  await expect.poll(held).toEqual([])
  expect(await deleted(database)).toBe('deleted')
})
