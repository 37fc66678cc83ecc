/** Viewers that come back at once: the pages of the journal that they read. */
import { expect, test } from 'vitest'
import { createHub, type HubEvent, type HubWatch } from '../../src/hub/index.js'
import { memoryStore, type Log, type Store } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/index.js'

/** A store in memory that counts how often the journal is read. */
function countingStore() {
  const store = memoryStore()
  const counts = { reads: 0 }
  const counted: Store = {
    ...store,
    async log(name) {
      const log = await store.log(name)
      if (name !== 'hub') return log
      const read: Log['read'] = (...args) => {
        counts.reads += 1
        return log.read(...args)
      }
      return { ...log, read }
    },
  }
  return { store: counted, log: () => store.log('hub'), counts }
}

async function firstBatch(watch: HubWatch): Promise<readonly HubEvent[]> {
  for await (const batch of watch.batches()) return batch
  return []
}

test('viewers that read from the same position share one page of the log, until the next event [hub.page]', async () => {
  const { store, log, counts } = countingStore()
  await using hub = await createHub({ sources: [createScriptedSystem().source()], store })
  const [agent] = await hub.agents()
  for (let count = 0; count < 20; count += 1) await hub.prompt(agent?.id ?? '', `prompt ${count}`).end()
  const readBefore = counts.reads
  const batches = await Promise.all(Array.from({ length: 50 }, () => firstBatch(hub.watch({ from: 'oldest' }))))
  expect(counts.reads - readBefore).toBe(1)
  expect(batches[49]?.[0]).toBe(batches[0]?.[0])

  await hub.prompt(agent?.id ?? '', 'one more').end()
  const again = await firstBatch(hub.watch({ from: 'oldest' }))
  expect(again.map(({ seq }) => seq).slice(0, 3)).toEqual(batches[0]?.map(({ seq }) => seq).slice(0, 3))
  expect(counts.reads - readBefore).toBe(2)

  const journal = await log()
  await journal.trim((again[10] as HubEvent).seq)
  await hub.prompt(agent?.id ?? '', 'the last one').end()
  expect((await firstBatch(hub.watch({ from: 'oldest' })))[0]?.seq).toBe((again[10] as HubEvent).seq)
})
