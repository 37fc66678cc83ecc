/** Every driver of the session store against one suite, and a database as ccflow leaves it. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { memorySessionStore, type SessionStore } from '../../src/claude/index.js'
import { sessionStoreCases } from '../../src/testing/claude/session-store-suite.js'
import { SignalboxError } from '../../src/index.js'
import { fileSessionStore, sqliteSessionStore } from '../../transports/node/claude/session-stores.js'
import { openSqlite } from '../../transports/node/store/sqlite.js'

const room = mkdtempSync(join(tmpdir(), 'signalbox-sessions-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
let count = 0
const place = (): string => {
  count += 1
  return join(room, String(count))
}

const DRIVERS: Readonly<Record<string, () => SessionStore>> = {
  memory: () => memorySessionStore(),
  file: () => fileSessionStore(place()),
  'sqlite over libsql': () => sqliteSessionStore(`${place()}.db`, { driver: 'libsql' }),
}

for (const [name, open] of Object.entries(DRIVERS)) {
  describe(name, () => {
    for (const law of sessionStoreCases) test(`[${law.id}] ${law.title}`, () => law.run({ open: async () => open() }))
  })
}

test('[claude.store-ccflow] a database that ccflow wrote opens, its local times read as UTC', async () => {
  const path = `${place()}.db`
  const store = sqliteSessionStore(path)
  await store.count()
  await store.close()
  const database = await openSqlite(path)
  database.run(
    "INSERT INTO sessions (session_id, created_at, updated_at, status, model, tags) VALUES ('old', '2025-12-01T10:00:00.123456', '2025-12-01T11:00:00.123456', 'active', 'sonnet', '[\"gr\\u00fcn\"]')",
  )
  database.close()
  const again = sqliteSessionStore(path)
  expect(await again.load('old')).toMatchObject({
    status: 'active',
    tags: ['grün'],
    createdAt: new Date('2025-12-01T10:00:00.123').toISOString(),
  })
  expect(await again.count({ tags: ['grün'] })).toBe(1)
  await again.close()
})

test('[claude.store-unsupported] without any SQLite the failure names the remedy', async () => {
  await expect(openSqlite(':memory:', { driver: 'bun:sqlite' })).rejects.toMatchObject({ code: 'unsupported' })
})

const openFilesAt = (path: string): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path)
    } catch {
      return false
    }
  }).length

test.skipIf(process.platform !== 'linux')(
  '[claude.store-broken] a file that is not a database is a typed error, and does not stay open',
  async () => {
    const path = `${place()}.db`
    writeFileSync(path, 'not a database '.repeat(1000))
    const store = sqliteSessionStore(path)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(store.count()).rejects.toMatchObject({ name: 'SessionStoreError', code: 'unavailable' })
    }
    expect(openFilesAt(path)).toBe(0)
    await store.close()
  },
)

test('[claude.store-broken] a path that cannot be opened is a typed error, at once and on later calls', async () => {
  const file = place()
  writeFileSync(file, '')
  const error: unknown = await openSqlite(join(file, 'x.db')).catch((cause: unknown) => cause)
  expect(SignalboxError.is(error, 'unavailable')).toBe(true)
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  const store = fileSessionStore(join(file, 'sessions'))
  await new Promise((resolve) => setTimeout(resolve, 50))
  process.removeListener('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
  await expect(store.count()).rejects.toMatchObject({ name: 'SessionStoreError', code: 'unavailable' })
  await store.close()
})
