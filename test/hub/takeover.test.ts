/** A source that pushes events of a turn while a new driver of the turn is still reading the records of the one before. */
import { expect, test } from 'vitest'
import { deferred } from '../../src/core/deferred.js'
import { createHub, type HubEvent, type Source } from '../../src/hub/index.js'
import { memoryStore } from '../../src/store/index.js'
import { createCrashingStore, createScriptedSystem, type ScriptedSystem } from '../../src/testing/hub/index.js'
import { LEASE_MS, world } from './shared-world.js'

/** A system whose turn ends when `finish` is called. */
function waitingSystem() {
  const gate = deferred()
  const system = createScriptedSystem({
    script: async (turn) => {
      await gate.promise
      turn.say('done')
      turn.end()
    },
  })
  return { system, finish: gate.resolve }
}

/** A source that, while it opens, reports that the turn `p` started and ended. */
const endingWhileOpening = (system: ScriptedSystem, finish: () => void): Source => {
  const inner = system.source()
  return {
    ...inner,
    async open(sink) {
      const agents = await inner.open(sink)
      system.push('a', { kind: 'turn', what: 'started', promptId: 'p', turn: 'p', by: 'user', text: 'x' })
      finish()
      await new Promise((resolve) => setImmediate(resolve))
      return agents
    },
  }
}

/** The events of the turn `p`, in the journal of a store. */
async function eventsOf(store: ReturnType<typeof memoryStore>): Promise<string[]> {
  await using log = await store.log('hub')
  const { entries } = await log.read(0)
  return entries
    .map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)) as HubEvent)
    .flatMap((event) => (event.turn !== 'p' ? [] : event.kind === 'end' ? [`end ${event.outcome}`] : [event.kind]))
}

test('a turn that ends while the next hub opens its source has one start and one end [hub.turn.recovering]', async () => {
  const store = memoryStore()
  const { system, finish } = waitingSystem()
  const first = createCrashingStore(store)
  const old = await createHub({ store: first.store, sources: [system.source()] })
  await old.prompt('script/a', 'x', { promptId: 'p' }).accepted()
  await expect.poll(() => system.ledger.prompts.length).toBe(1)
  await first.crash()

  await using hub = await createHub({ store, sources: [endingWhileOpening(system, finish)] })
  expect(await hub.turn('p').end()).toMatchObject({ outcome: 'completed', sent: 'yes' })
  // The agent is free again.
  await hub.prompt('script/a', 'x').end()
  expect(await eventsOf(store)).toEqual(['turn', 'message', 'end completed'])
})

test('a turn that ends while another hub takes its source over has one start and one end [hub.turn.recovering]', async () => {
  const { clock, store, start, settled } = world()
  const { system, finish } = waitingSystem()
  const driver = await start('driver', [system.source])
  const turn = driver.hub.prompt('script/a', 'x', { promptId: 'p' })
  await settled(turn.accepted())
  await clock.advance(100)
  expect(system.ledger.prompts).toHaveLength(1)
  driver.machine.stop()
  await clock.advance(LEASE_MS * 2)

  const next = await start('next', [() => endingWhileOpening(system, finish)])
  expect(await settled(next.hub.turn('p').end())).toMatchObject({ outcome: 'completed', sent: 'yes' })
  driver.machine.resume()
  await clock.advance(LEASE_MS * 2)
  expect(await eventsOf(store)).toEqual(['turn', 'message', 'end completed'])
})

test('an ask that an earlier driver stores while another hub opens the source has its event and one outcome [hub.ask.late-record]', async () => {
  const plan = (hub: string, operation: string) => (hub === 'driver' && operation === 'hub-asks.create' ? 'late' : 'do')
  const { clock, store, start, settled } = world(plan)
  const system = createScriptedSystem({
    script: async (turn) => {
      await turn.ask({ nativeId: 'q' })
      turn.end()
    },
  })
  const driver = await start('driver', [system.source])
  await settled(driver.hub.prompt('script/a', 'x', { promptId: 'p' }).accepted())
  await clock.advance(100)
  driver.machine.stop()
  const slow = (): Source => {
    const inner = system.source()
    return {
      ...inner,
      async open(sink) {
        // The record of the earlier driver comes after the new driver has read the records.
        await new Promise<void>((resolve) => void clock.after(LEASE_MS * 4, resolve))
        return inner.open(sink)
      },
    }
  }
  const next = await start('next', [slow])
  await clock.advance(LEASE_MS * 8)
  const [ask] = await next.hub.asks()
  await settled(next.hub.answer(ask?.id ?? '', { accept: true }, { by: 'ann' }))
  await settled(next.hub.turn('p').end())
  expect(await eventsOf(store)).toEqual(['turn', 'ask', 'ask_resolved', 'end completed'])
})
