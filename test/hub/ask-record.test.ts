/** An ask and its record. */
import { expect, test } from 'vitest'
import { deferred } from '../../src/core/deferred.js'
import { createHub } from '../../src/hub/index.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/index.js'

test('an ask is not listed before its record is stored, because a crash would lose it [hub.ask.recorded]', async () => {
  const writing = deferred()
  const mayWrite = deferred()
  const inner = memoryStore()
  const store: Store = {
    ...inner,
    async kv(name) {
      const kv = await inner.kv(name)
      if (name !== 'hub-asks') return kv
      return {
        ...kv,
        async compareAndSet(...args) {
          writing.resolve()
          await mayWrite.promise
          return kv.compareAndSet(...args)
        },
      }
    },
  }
  const system = createScriptedSystem({
    script: async (turn) => {
      await turn.ask({ nativeId: 'q' })
      turn.end()
    },
  })
  await using hub = await createHub({ sources: [system.source()], store })
  const [agent] = await hub.agents()
  hub.prompt(agent?.id ?? '', 'x')
  await writing.promise
  expect(await hub.asks()).toEqual([])
  mayWrite.resolve()
  await expect.poll(async () => (await hub.asks()).length).toBe(1)
})
