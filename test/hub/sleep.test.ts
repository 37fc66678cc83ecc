/** A hub whose process slept: a laptop that was closed, or a process that was stopped and continued. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/index.js'
import { fileStore } from '../../transports/node/index.js'

/** Stops the whole process, timers and all. */
const sleepProcess = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

const STORES: Readonly<Record<string, (directory: string) => Store>> = {
  memory: () => memoryStore(),
  'a folder': (directory) => fileStore({ directory, sync: false }),
}

test.each(Object.entries(STORES))(
  'a hub on %s that slept for longer than its lease goes on [hub.lease.sleep]',
  async (_name, open) => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-sleep-'))
    try {
      await using store = open(directory)
      const problems: string[] = []
      const system = createScriptedSystem()
      await using hub = await createHub({
        store,
        sources: [system.source()],
        leaseMs: 150,
        onProblem: ({ error }) => void problems.push(error.message),
      })
      for (let round = 0; round < 3; round += 1) {
        sleepProcess(300)
        await pause(150)
        expect(await hub.prompt('script/a', `${round}`).text()).toBe(`echo: ${round}`)
      }
      expect(problems).toEqual([])
      const second = createHub({ store, sources: [system.source()] })
      await expect(second).rejects.toMatchObject({ code: 'conflict' })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
)

test('a hub that slept while another one had its lease closes [hub.lease.sleep]', async () => {
  await using store = memoryStore()
  await using hub = await createHub({ store, sources: [createScriptedSystem().source()], leaseMs: 150 })
  sleepProcess(300)
  const leases = await store.lease('hub')
  const other = await leases.acquire('driver', { ttlMs: 50 })
  expect(other).not.toBeNull()
  await expect
    .poll(() =>
      hub.agents().then(
        () => 'open',
        (error: { code: string }) => error.code,
      ),
    )
    .toBe('conflict')
})
