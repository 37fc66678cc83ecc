/** Prompts to one agent run in the order of the calls, whatever the store does. */
import { expect, test } from 'vitest'
import { createHub, createSharedHub, type Hub } from '../../src/hub/index.js'
import { memoryStore, type Kv, type Store } from '../../src/store/index.js'
import { createScriptedSystem, createSeededRandom } from '../../src/testing/index.js'

const TEXTS = Array.from({ length: 12 }, (_, index) => `prompt ${index}`)

/** Carries each operation on a map out, and answers it, after a random time, as a disk or a network may. */
function unevenStore(seed: number): Store {
  const store = memoryStore()
  const random = createSeededRandom(seed)
  const pause = () => new Promise((resolve) => setTimeout(resolve, random() * 15))
  const late = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await pause()
    const result = await work()
    await pause()
    return result
  }
  return {
    ...store,
    async kv(name): Promise<Kv> {
      const kv = await store.kv(name)
      return {
        ...kv,
        get: (key) => late(() => kv.get(key)),
        put: (key, value, options) => late(() => kv.put(key, value, options)),
        compareAndSet: (key, version, value, options) => late(() => kv.compareAndSet(key, version, value, options)),
      }
    },
  }
}

function echoSystem() {
  const texts: string[] = []
  const system = createScriptedSystem({
    script(turn) {
      texts.push(turn.prompt.text)
      turn.end()
    },
  })
  return { texts, source: () => system.source() }
}

async function promptAll(hub: Hub): Promise<void> {
  const turns = TEXTS.map((text) => hub.prompt('script/a', text, { promptId: text }))
  await Promise.all(turns.map((turn) => turn.end()))
}

test.each([1, 2, 3])(
  'a hub on a store that answers in another order runs prompts in the order of the calls [hub.busy.order]',
  async (seed) => {
    const { texts, source } = echoSystem()
    await using hub = await createHub({ sources: [source()], store: unevenStore(seed) })
    await promptAll(hub)
    expect(texts.join()).toBe(TEXTS.join())
  },
)

test.each([1, 2, 3])(
  'a hub that drives the agent on a shared store runs its own prompts in the order of the calls [hub.busy.order]',
  async (seed) => {
    const { texts, source } = echoSystem()
    await using driver = await createSharedHub({ sources: [source], store: unevenStore(seed), name: 'driver' })
    await promptAll(driver)
    expect(texts.join()).toBe(TEXTS.join())
  },
)

test.each([1, 2, 3])(
  'prompts of a hub that does not drive the agent run in the order of the calls [hub.busy.order]',
  async (seed) => {
    const { texts, source } = echoSystem()
    const store = unevenStore(seed)
    await using _driver = await createSharedHub({ sources: [source], store, name: 'driver' })
    await using viewer = await createSharedHub({ sources: [], store, name: 'viewer' })
    await promptAll(viewer)
    expect(texts.join()).toBe(TEXTS.join())
  },
)

test.each([1, 2, 3])(
  'a driver that comes later runs the waiting prompts in the order of the calls [hub.busy.order]',
  async (seed) => {
    const { texts, source } = echoSystem()
    const store = unevenStore(seed)
    const leaseMs = 500
    await using viewer = await createSharedHub({ sources: [], store, name: 'viewer', leaseMs })
    const first = await createSharedHub({ sources: [source], store, name: 'first', leaseMs })
    await expect.poll(async () => (await viewer.agents()).length).toBe(1)
    await first.close()
    const done = promptAll(viewer)
    await using _second = await createSharedHub({ sources: [source], store, name: 'second', leaseMs })
    await done
    expect(texts.join()).toBe(TEXTS.join())
  },
)
