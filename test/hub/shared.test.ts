/** Hubs that share a store: who drives, what happens when a driver goes, and what does not travel through the store. */
import { expect, test } from 'vitest'
import { createHub, createSharedHub, type Hub, type HubEvent } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { LEASE_MS, world } from './shared-world.js'

const viewerOf = (hub: Hub): HubEvent[] => {
  const seen: HubEvent[] = []
  const follow = async (): Promise<void> => {
    for await (const event of hub.watch()) seen.push(event)
  }
  follow().catch(() => {})
  return seen
}

test('a prompt, an answer and a cancel at any hub reach the agent once [hub.shared.calls]', async () => {
  const { start, settled } = world()
  const system = createScriptedSystem({
    script: async (run) => {
      if (run.prompt.text === 'ask') await run.ask({ nativeId: 'q' })
      if (run.prompt.text === 'last') await run.whenCancelled
      run.say('done')
      run.end()
    },
  })
  const driver = await start('driver', [system.source])
  const viewer = await start('viewer', [])
  expect((await viewer.hub.agents()).map(({ id }) => id)).toEqual(['script/a'])
  const asked = viewer.hub.prompt('script/a', 'ask', { promptId: 'p' })
  const again = driver.hub.prompt('script/a', 'ask', { promptId: 'p' })
  await settled(Promise.all([asked.accepted(), again.accepted()]))
  const [ask] = await viewer.hub.asks()
  const answers = [viewer.hub, driver.hub].map((hub, index) => hub.answer(ask?.id ?? '', { accept: true }, { by: `${index}` }))
  const outcomes = await settled(Promise.allSettled(answers))
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(await settled(asked.text())).toBe('done')
  const long = viewer.hub.prompt('script/a', 'last')
  await settled(long.accepted())
  await settled(long.cancel())
  expect((await settled(long.end())).outcome).toBe('cancelled')
  expect(system.ledger.prompts.length).toBe(2)
  expect(system.ledger.answers.length).toBe(1)
})

test('when the end of a turn is stored and a hub has not read it, the turn runs at this hub until it can show the end [hub.shared.read]', async () => {
  let isBehind = false
  const { clock, start, settled } = world((hub, operation) =>
    isBehind && hub === 'viewer' && operation === 'hub.tail' ? 'refuse' : 'do',
  )
  const system = createScriptedSystem()
  const driver = await start('driver', [system.source])
  const viewer = await start('viewer', [])
  isBehind = true
  await settled(driver.hub.prompt('script/a', 'x', { promptId: 'p' }).end())
  await clock.advance(1_000)
  const run = viewer.hub.turn('p')
  expect((await settled(run.info())).state).toBe('running')
  let ended = false
  const end = run.end().finally(() => {
    ended = true
  })
  await clock.advance(2_000)
  expect(ended).toBe(false)
  isBehind = false
  expect((await settled(end)).outcome).toBe('completed')
  const journal = viewer.hub.watch({ from: 'oldest' })
  const kinds: string[] = []
  const last = viewer.hub.watch()
  for await (const { seq } of last) {
    for await (const event of journal) {
      kinds.push(event.kind)
      if (event.seq >= seq) break
    }
    break
  }
  expect(kinds).toContain('end')
  expect((await settled(viewer.hub.turn('p').info())).state).toBe('ended')
})

test('when a driver dies, another hub with the source drives it within two lease times, and the turn goes on [hub.shared.takeover]', async () => {
  const { clock, start, settled } = world()
  const system = createScriptedSystem({
    script: async (run) => {
      await run.whenCancelled
      run.say('done')
      run.end({ outcome: 'completed' })
    },
  })
  const first = await start('first', [system.source])
  const second = await start('second', [system.source])
  const run = second.hub.prompt('script/a', 'x', { promptId: 'p' })
  await settled(run.accepted())
  const seen = viewerOf(second.hub)
  await clock.advance(100)
  first.machine.kill()
  await clock.advance(LEASE_MS * 2)
  expect(seen.filter(({ kind, agent }) => kind === 'gap' && agent === 'script/a').length).toBe(1)
  await settled(run.cancel())
  expect((await settled(run.end())).outcome).toBe('completed')
  expect(system.ledger.prompts.length).toBe(1)
})

test('when no hub can reach the agents of a dead driver, they become offline with the reason, until it is back [hub.shared.offline]', async () => {
  const { clock, start, settled } = world()
  const system = createScriptedSystem()
  const laptop = await start('laptop', [system.source])
  const server = await start('server', [])
  await clock.advance(LEASE_MS * 2)
  laptop.machine.kill()
  await clock.advance(LEASE_MS * 2)
  const [agent] = await server.hub.agents()
  expect([agent?.sessions[0]?.state, agent?.facts.offlineReason]).toEqual([
    'offline',
    'The hub laptop, which reaches the agent, is gone.',
  ])
  const refused = await settled(
    server.hub
      .prompt('script/a', 'x')
      .accepted()
      .catch((error: unknown) => error as never),
  )
  expect(refused).toMatchObject({ code: 'unavailable', sent: 'no', message: 'The hub laptop, which reaches the agent, is gone.' })
  await start('laptop', [system.source])
  await clock.advance(LEASE_MS)
  const [back] = await server.hub.agents()
  expect([back?.sessions[0]?.state, back?.facts.offlineReason]).toEqual(['idle', undefined])
  expect(await settled(server.hub.prompt('script/a', 'x').text())).toBe('echo: x')
})

test('while the store is away prompts are refused with sent: no, agents go on, and their events follow [hub.shared.outage]', async () => {
  const { clock, start, settled } = world()
  const system = createScriptedSystem({
    script: async (run) => {
      for (let count = 0; count < 10; count += 1) {
        run.delta('x')
        await new Promise<void>((resolve) => void clock.after(LEASE_MS / 3, resolve))
      }
      run.say('done')
      run.end()
    },
  })
  const { machine, hub } = await start('laptop', [system.source])
  const server = await start('server', [])
  const seen = viewerOf(server.hub)
  const run = hub.prompt('script/a', 'x')
  await settled(run.accepted())
  machine.cut()
  server.machine.cut()
  // The hub has not noticed the outage yet.
  const first = server.hub.prompt('script/a', 'y').accepted()
  await expect(settled(first)).rejects.toMatchObject({ code: 'unavailable', sent: 'no', message: 'The store cannot be reached.' })
  await clock.advance(LEASE_MS * 2)
  for (const one of [hub, server.hub]) {
    const refused = await settled(
      one
        .prompt('script/a', 'y')
        .accepted()
        .catch((error: unknown) => error as never),
    )
    expect(refused).toMatchObject({ code: 'unavailable', sent: 'no' })
  }
  machine.heal()
  server.machine.heal()
  expect(await settled(run.text())).toBe('done')
  await clock.advance(LEASE_MS)
  const text = seen.flatMap((event) => (event.kind === 'message' && event.how === 'append' ? [event.text] : [])).join('')
  expect(text.length).toBe(10)
  expect(seen.filter(({ kind }) => kind === 'gap')).toEqual([])
  expect(system.ledger.prompts.length).toBe(1)
})

test('a call that no driver takes is withdrawn, and is not carried out later [hub.shared.withdrawn]', async () => {
  const { clock, start, settled } = world()
  const system = createScriptedSystem()
  const driver = await start('driver', [system.source])
  const viewer = await start('viewer', [], { callTimeoutMs: 1_000 })
  driver.machine.stop()
  const refused = await settled(
    viewer.hub
      .prompt('script/a', 'x')
      .accepted()
      .catch((error: unknown) => error as never),
  )
  expect(refused).toMatchObject({ code: 'unavailable', sent: 'no' })
  driver.machine.resume()
  await clock.advance(LEASE_MS * 2)
  expect(system.ledger.prompts).toEqual([])
})

test('a secret for an agent of another hub is refused, and the error names the hub that takes it [hub.shared.secret]', async () => {
  const { clock, start, settled } = world()
  const system = createScriptedSystem({
    script: async (run) => {
      await run.ask({ nativeId: 'pin', kind: 'secret', title: 'PIN?' })
      run.end()
    },
  })
  const laptop = await start('laptop', [system.source])
  const server = await start('server', [])
  const run = laptop.hub.prompt('script/a', 'x')
  await settled(run.accepted())
  await clock.advance(LEASE_MS)
  const [ask] = await server.hub.asks()
  await expect(server.hub.answer(ask?.id ?? '', { secret: '1234' })).rejects.toMatchObject({
    code: 'permission_denied',
    sent: 'no',
    message: expect.stringContaining('Answer it at the hub laptop, which drives script/a.') as string,
  })
  await settled(laptop.hub.answer(ask?.id ?? '', { secret: '1234' }))
  expect((await settled(run.end())).outcome).toBe('completed')
})

test('a hub that wants the store alone and hubs that share it refuse each other [hub.shared.exclusive]', async () => {
  const store = memoryStore()
  const alone = await createHub({ store, sources: [] })
  await expect(createSharedHub({ store, sources: [], name: 'one' })).rejects.toMatchObject({ code: 'conflict' })
  await alone.close()
  await using shared = await createSharedHub({ store, sources: [], name: 'one' })
  await expect(createHub({ store, sources: [] })).rejects.toMatchObject({ code: 'conflict' })
  expect(await shared.agents()).toEqual([])
})

test('a hub that joins late shows every agent and every open ask, also those whose events were cut off [hub.shared.join]', async () => {
  const { clock, start, settled } = world()
  const system = createScriptedSystem({
    agents: ['a', 'b'],
    script: async (run) => {
      if (run.prompt.text === 'ask') await run.ask({ nativeId: 'q' })
      run.end()
    },
  })
  const { hub } = await start('driver', [system.source], { limits: { maxEvents: 20 } })
  await settled(hub.prompt('script/a', 'ask').accepted())
  for (let count = 0; count < 30; count += 1) await settled(hub.prompt('script/b', 'x').end())
  await clock.advance(30_000)
  const late = await start('late', [])
  expect((await late.hub.agents()).map(({ id }) => id)).toEqual(['script/a', 'script/b'])
  expect((await late.hub.asks()).map(({ title }) => title)).toEqual(['May it run?'])
})
