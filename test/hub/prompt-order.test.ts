/** Prompts to one agent run in the order of the calls, whatever the store does. */
import { expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'

/** Answers the lookup of the first prompt later than that of the next ones, as a disk may. */
function unevenStore(): Store {
  const store = memoryStore()
  return {
    ...store,
    async kv(name) {
      const kv = await store.kv(name)
      return {
        ...kv,
        async get(key) {
          const entry = await kv.get(key)
          if (key === 'one') await new Promise((resolve) => setTimeout(resolve, 20))
          return entry
        },
      }
    },
  }
}

test('prompts run in the order of the calls, also where the store answers in another order [hub.busy.order]', async () => {
  const texts: string[] = []
  const system = createScriptedSystem({
    script(turn) {
      texts.push(turn.prompt.text)
      turn.end()
    },
  })
  await using hub = await createHub({ sources: [system.source()], store: unevenStore() })
  const turns = ['one', 'two', 'three'].map((text) => hub.prompt('script/a', text, { promptId: text }))
  await Promise.all(turns.map((turn) => turn.end()))
  expect(texts).toEqual(['one', 'two', 'three'])
})
