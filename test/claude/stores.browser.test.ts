/** The session store over the browser's own database. */
import { afterAll, expect, test } from 'vitest'
import { createFullClaude, kvSessionStore } from '../../src/claude/index.js'
import { createClaudeSimulator, sessionStoreCases } from '../../src/testing/index.js'
import { indexedDbStore } from '../../transports/web/store/indexeddb.js'

const databases: string[] = []
const freshDatabase = (): string => {
  const name = `sessions-${crypto.randomUUID()}`
  databases.push(name)
  return name
}
afterAll(() => {
  for (const name of databases) indexedDB.deleteDatabase(name)
})

for (const law of sessionStoreCases) {
  test(`[${law.id}] ${law.title}`, async () => {
    await using store = indexedDbStore({ database: freshDatabase() })
    await law.run({ open: async () => kvSessionStore(store.kv('sessions')) })
  })
}

test('[claude.store] a session that one page saved is found by the next page, with its counters', async () => {
  const database = freshDatabase()
  const { transport } = createClaudeSimulator()
  let sessionId = ''
  {
    await using pages = indexedDbStore({ database })
    await using claude = createFullClaude({ transport, limiter: false, store: kvSessionStore(pages.kv('sessions')) })
    const session = await claude.sessions.createSession({ options: { model: 'opus' }, tags: ['page'] })
    sessionId = session.sessionId
    await session.sendMessage('FAKE:echo:kept').text()
  }
  await using pages = indexedDbStore({ database })
  await using store = kvSessionStore(pages.kv('sessions'))
  await using claude = createFullClaude({ transport, limiter: false, store })
  expect(await claude.sessions.searchByTags(['page'])).toMatchObject([{ sessionId, status: 'closed', turnCount: 1 }])
  const session = await claude.loadSession(sessionId)
  expect(session?.lastResponse).toBe('kept')
  expect(await session?.sendMessage('FAKE:recall again').text()).toContain('seen: 2')
  expect(session?.turnCount).toBe(2)
})
