/** A thousand calls, two hundred streams and twenty terminals over one client: the heap is flat, nothing is held, nothing is warned of. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createCccc } from '../../src/cccc/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'
import { listenUnix } from '../../transports/node/index.js'
import { buildSoak } from '../memory/program.js'

test('a thousand calls, two hundred streams and twenty terminals leave no handle on either side [cccc.soak]', async () => {
  using program = await buildSoak(new URL('./soak.ts', import.meta.url))
  const path = join(program.folder, 'd.sock')
  await using listener = await listenUnix({ path })
  await using simulator = createCcccSimulator({ dialect: 'B' })
  void simulator.listen(listener)
  await using own = createCccc({ transport: simulator.transport })
  const { group_id: groupId } = await own.groups.create({ title: 'soak' })
  await own.groups.attach({ groupId, path: '/home/dev/project' })
  await own.actors.add({ groupId, actorId: 'sh', runtime: 'custom', runner: 'pty', command: ['sh', '-c', 'cat'] })

  const left = await program.run([path, groupId], 100_000)
  expect(left.outcomes).toEqual({
    answered: 600,
    not_found: 100,
    overdue: 100,
    aborted: 200,
    left: 100,
    'stream aborted': 100,
    terminal: 20,
  })
  expect(left.warnings).toEqual([])
  expect(left.held).toEqual({})
  expect(left.sockets).toBeLessThanOrEqual(0)
  // One leaked closure, link or buffer for each call would exceed this.
  expect(left.heapGrowthBytes).toBeLessThan(1_000_000)
  // A daemon finds out that a reader has left when it next writes to it.
  const afterAWrite = async (): Promise<number> => {
    await own.messages.send({ groupId, text: 'is anybody there', to: ['user'] })
    return simulator.subscribers
  }
  await expect.poll(afterAWrite, { timeout: 30_000 }).toBe(0)
  expect(simulator.ledger.bare).toBe(0)
  expect(simulator.ledger.invalid).toBe(0)
}, 120_000)
