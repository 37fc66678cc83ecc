/** An outbox that fails to open leaves no handle, and a failure of cleanup work does not make it fail. */
import { expect, test } from 'vitest'
import { createCatsyphon, type CatsyphonOptions } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { outboxName } from '../../src/catsyphon/outbox/name.js'
import { memoryStore, type Kv, type Store } from '../../src/store/index.js'
import { openOutbox, type Deliver } from '../../src/store/outbox/index.js'
import { catsyphonFaults, createCatsyphonSimulator } from '../../src/testing/index.js'

/** The same store, with other maps, and a count of the handles that are open. */
function spying(inner: Store, change: (kv: Kv) => Partial<Kv>): { store: Store; open: Set<AsyncDisposable> } {
  const open = new Set<AsyncDisposable>()
  const watched = <Handle extends AsyncDisposable>(handle: Handle): Handle => {
    const made: Handle = {
      ...handle,
      async [Symbol.asyncDispose]() {
        open.delete(made)
        await handle[Symbol.asyncDispose]()
      },
    }
    open.add(made)
    return made
  }
  const store: Store = {
    ...inner,
    log: async (name) => watched(await inner.log(name)),
    lease: async (name) => watched(await inner.lease(name)),
    async kv(name) {
      const kv = await inner.kv(name)
      return watched({ ...kv, ...change(kv) })
    },
  }
  return { store, open }
}

test('[catsyphon.open-fails] opening fails when the store cannot list its queues, and every handle and sender is freed', async () => {
  const simulator = createCatsyphonSimulator()
  const { id: collectorId, key: apiKey } = simulator.register()
  await using inner = memoryStore()
  const options = (store: Store): CatsyphonOptions => ({
    transport: simulator.transport,
    collectorId,
    apiKey,
    outbox: catsyphonOutbox({ store }),
    flushIntervalMs: 60_000,
    drainTimeoutMs: 10,
    retryConfig: { initialDelayMs: 60_000, jitter: false },
  })
  simulator.inject({ ...catsyphonFaults.refuse(), times: 1_000_000 })
  const earlier = await createCatsyphon(options(inner))
  await earlier.session('left').start({ agentType: 'demo' })
  expect((await earlier.close()).pending).toBe(1)

  const broken = new Error('the disk is gone')
  let lists = 0
  let openAtFailure = 0
  const { store, open } = spying(inner, (kv) => ({
    async list(page) {
      lists += 1
      // The first page can be read, so a sender is running when the second page fails.
      if (lists === 1) return await kv.list(page)
      openAtFailure = open.size
      throw broken
    },
  }))
  await expect(createCatsyphon(options(store))).rejects.toBe(broken)
  expect(openAtFailure).toBeGreaterThan(2)
  expect(open.size).toBe(0)
  // The waiting event still exists, and its queue has no owner.
  simulator.faults.clear()
  await using later = await createCatsyphon(options(inner))
  expect((await later.flush()).pending).toBe(0)
  expect(simulator.ledger.sessions.has('left')).toBe(true)
})

test('[catsyphon.forgets.housekeeping] an outbox opens although the state of an old queue cannot be deleted', async () => {
  await using inner = memoryStore()
  const settle = { store: inner, name: 'queues', forgetAfterMs: -1, lingerMs: 0 }
  const deliver: Deliver = async ({ items }) => ({ kind: 'delivered', count: items.length })
  const earlier = await openOutbox({ ...settle, deliver })
  await earlier.append('old', new Uint8Array([1]))
  expect((await earlier.flush()).pending).toBe(0)
  await earlier.close()
  let deletes = 0
  const { store } = spying(inner, () => ({
    async delete() {
      deletes += 1
      throw new Error('read-only')
    },
  }))
  await using outbox = await openOutbox({ ...settle, store, deliver })
  expect(await outbox.recover()).toEqual([])
  expect(deletes).toBe(1)
})

test('[catsyphon.node-defaults.name] the outbox has the same name on disk in every version', () => {
  expect(outboxName('http://localhost:8000', 'w')).toBe('catsyphon-47c86290f350b68f')
  expect(outboxName('http://localhost:8000', 'w')).not.toBe(outboxName('http://localhost:8000', 'v'))
})
