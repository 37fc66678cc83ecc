/** Every driver of the session store against one suite, and a database as ccflow leaves it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { memorySessionStore, type SessionStore } from '../../src/claude/sessions-entry.js'
import { sessionStoreCases } from '../../src/testing/claude/session-store-suite.js'
import { fileSessionStore, sqliteSessionStore } from '../../transports/node/session-stores.js'
import { openSqlite } from '../../transports/node/sqlite.js'

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
