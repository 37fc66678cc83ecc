/** The rules that every session store keeps, as cases. */
import type { SessionState, SessionStore } from '../../claude/session/state.js'
import { check, checkEqual, type Case } from '../case.js'

/** The functions that a driver must have for the cases. */
export interface SessionStoreContext {
  /** Opens an empty store. Each case calls it for a store of its own. */
  open(): Promise<SessionStore>
}

function stateOf(sessionId: string, more: Partial<SessionState> = {}): SessionState {
  return {
    sessionId,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    status: 'active',
    model: 'sonnet',
    systemPrompt: null,
    appendSystemPrompt: 'be brief',
    turnCount: 1,
    totalInputTokens: 10,
    totalOutputTokens: 5,
    totalCostUsd: 0.25,
    messagesHash: 'abc',
    lastPrompt: 'Grüße \u2028 🚂',
    lastResponse: 'hello',
    tags: ['one', 'zwei %_"'],
    metadata: { nested: { deep: [1, null] } },
    toonSavingsRatio: 0,
    ...more,
  }
}

function lawOf(id: string, title: string, run: (store: SessionStore) => Promise<void>): Case<SessionStoreContext> {
  return {
    id,
    title,
    async run(context) {
      await using store = await context.open()
      await run(store)
    },
  }
}

const ids = (list: readonly { sessionId: string }[]): string[] => list.map(({ sessionId }) => sessionId)

/** The rules of every store of Claude sessions. Run them over a store of your own. */
export const sessionStoreCases: readonly Case<SessionStoreContext>[] = [
  lawOf('claude.store-round-trip', 'a saved session is read back without a change, and an unknown id gives null', async (store) => {
    const state = stateOf('a')
    await store.save(state)
    checkEqual(await store.load('a'), state)
    checkEqual(await store.load('b'), null)
    await store.save({ ...state, turnCount: 2 })
    checkEqual((await store.load('a'))?.turnCount, 2)
    checkEqual([await store.exists('a'), await store.exists('b')], [true, false])
  }),
  lawOf('claude.store-filter', 'a query filters by every field, and its count ignores the page', async (store) => {
    for (let index = 0; index < 130; index += 1) {
      const day = String(1 + (index % 28)).padStart(2, '0')
      const time = `2026-02-${day}T00:00:00.000Z`
      await store.save(
        stateOf(`s${String(index).padStart(3, '0')}`, {
          updatedAt: time,
          createdAt: time,
          turnCount: index,
          status: index % 2 ? 'closed' : 'active',
        }),
      )
    }
    checkEqual(await store.count(), 130)
    checkEqual((await store.list()).length, 100)
    checkEqual(await store.count({ status: 'closed', minTurns: 100 }), 15)
    checkEqual(await store.count({ tags: ['zwei %_"'] }), 130)
    checkEqual(await store.count({ tags: ['%'] }), 0)
    checkEqual(await store.count({ updatedAfter: '2026-02-28T00:00:00.000Z' }), 4)
    checkEqual(await store.count({ createdBefore: '2026-02-01T00:00:00.000Z', maxTurns: 28 }), 2)
    checkEqual(await store.count({ model: 'opus' }), 0)
  }),
  lawOf('claude.store-order', 'a query sorts by an allowed key, breaks ties by id, and pages', async (store) => {
    for (const [index, name] of ['c', 'a', 'b', 'd'].entries()) {
      await store.save(stateOf(name, { totalInputTokens: name === 'd' ? 99 : 1, totalOutputTokens: 0, turnCount: index }))
    }
    checkEqual(ids(await store.list({ orderBy: 'totalTokens' })), ['d', 'a', 'b', 'c'])
    checkEqual(ids(await store.list({ orderBy: 'turnCount', orderDesc: false, limit: 2, offset: 1 })), ['a', 'b'])
  }),
  lawOf(
    'claude.store-status',
    'a status can be changed, a session deleted, and a cleanup deletes old sessions that are not active',
    async (store) => {
      await store.save(stateOf('old-closed', { status: 'closed' }))
      await store.save(stateOf('old-active'))
      await store.save(stateOf('new-closed', { status: 'closed', updatedAt: '2026-03-01T00:00:00.000Z' }))
      checkEqual(await store.cleanup('2026-02-01T00:00:00.000Z'), 1)
      checkEqual(ids(await store.list({ orderBy: 'updatedAt' })), ['new-closed', 'old-active'])
      checkEqual([await store.updateStatus('old-active', 'error'), await store.updateStatus('nobody', 'error')], [true, false])
      checkEqual((await store.load('old-active'))?.status, 'error')
      checkEqual([await store.delete('old-active'), await store.delete('old-active')], [true, false])
    },
  ),
  lawOf(
    'claude.store-closed',
    'a closed store rejects every call with a typed error, and a second close has no effect',
    async (store) => {
      await store.save(stateOf('a'))
      await store.close()
      await store.close()
      let refused = false
      try {
        await store.load('a')
      } catch (error) {
        refused = error instanceof Error && error.name === 'SessionStoreError'
      }
      check(refused, 'a closed store still answers')
    },
  ),
]
