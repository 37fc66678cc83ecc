/** A full disk: a small file system in memory, if this machine allows it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createCatsyphon, type CatsyphonEvent } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import { catsyphonFaults, createCatsyphonSimulator } from '../../src/testing/index.js'
import { fileStore } from '../../transports/node/store/file.js'

const disk = mkdtempSync(join(tmpdir(), 'signalbox-disk-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', disk]).status === 0
afterAll(() => {
  if (mounted) spawnSync('umount', [disk])
  rmSync(disk, { recursive: true, force: true })
})

test.skipIf(!mounted)(
  '[catsyphon.full-disk] a full disk refuses new events and loses no acknowledged event, and the outbox works again when there is space',
  async () => {
    const simulator = createCatsyphonSimulator()
    const { id: collectorId, key: apiKey } = simulator.register()
    const events: CatsyphonEvent[] = []
    const acknowledged: string[] = []
    const open = async () => {
      const store = fileStore({ directory: disk, segmentBytes: 20_000 })
      const client = await createCatsyphon({
        transport: simulator.transport,
        collectorId,
        apiKey,
        outbox: catsyphonOutbox({ store }),
        retryConfig: { initialDelayMs: 2, maxDelayMs: 10 },
        drainTimeoutMs: 500,
        onEvent: (event) => void events.push(event),
      })
      const say = async (content: string): Promise<void> => {
        await client.session('full').message({ role: 'user', content })
        acknowledged.push(content)
      }
      return { store, client, say }
    }

    const first = await open()
    simulator.inject({ ...catsyphonFaults.refuse(), times: 1_000_000 })
    const refused: unknown[] = []
    for (let index = 0; index < 200; index += 1)
      await first.say(`${index}:${'x'.repeat(5000)}`).catch((error: unknown) => refused.push(error))
    expect(refused.length).toBeGreaterThan(100)
    for (const error of refused) expect(error).toMatchObject({ code: 'unavailable', remoteCode: 'ENOSPC', sent: 'no' })
    expect(String(refused[0])).toContain('the disk is full')
    await first.client.close()
    await first.store[Symbol.asyncDispose]()

    // A new client on the same full disk: acknowledged events are sent, which frees space.
    simulator.faults.clear()
    const second = await open()
    expect((await second.client.flush()).pending).toBe(0)
    await second.say('room again')
    expect((await second.client.flush()).pending).toBe(0)
    await second.client.close()
    await second.store[Symbol.asyncDispose]()
    const stored = simulator.ledger.rows('full').map(({ data }) => String(data.content))
    expect(stored).toEqual(acknowledged)
  },
)
