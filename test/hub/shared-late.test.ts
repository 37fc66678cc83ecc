/** What arrives too late: a prompt whose caller has given up, and a record of a driver that has lost its lease. */
import { expect, test } from 'vitest'
import { SignalboxError } from '../../src/errors.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { LEASE_MS, world } from './shared-world.js'
import type { Fate } from './store-faults.js'

const CALL_MS = 2_000

/** The steps of a driver that carries out a prompt of another hub. */
const STEPS = ['hub-requests.get', 'hub-requests.change', 'hub-turns.get', 'hub-turns.create', 'hub.append', 'hub-turns.change']

for (const step of STEPS) {
  for (const fate of ['refuse', 'drop', 'lose'] as const) {
    test(`when the store is away from the step ${step} on (${fate}) until the caller has given up, the prompt never starts [hub.shared.late]`, async () => {
      let isArmed = false
      let isAway = false
      const { clock, start, settled } = world((hub, operation): Fate => {
        if (isAway) return 'refuse'
        if (!isArmed || hub !== 'driver' || operation !== step) return 'do'
        isAway = true
        return fate
      })
      const system = createScriptedSystem()
      await start('driver', [system.source])
      const viewer = await start('viewer', [], { callTimeoutMs: CALL_MS })
      isArmed = true
      const error = await settled(
        viewer.hub
          .prompt('script/a', 'x', { promptId: 'p' })
          .accepted()
          .then(
            () => undefined,
            (failure: unknown) => failure,
          ),
      )
      expect(isAway).toBe(true)
      expect(SignalboxError.is(error, 'unavailable') && error.sent).toBe('maybe')
      await clock.advance(CALL_MS)
      isArmed = false
      isAway = false
      await clock.advance(120_000)
      expect(system.ledger.prompts).toEqual([])
      // A prompt that is in the journal has an end with the true outcome.
      const end = await settled(
        viewer.hub
          .turn('p')
          .end()
          .catch(() => undefined),
      )
      if (end) expect([end.outcome, end.sent]).toEqual(['lost', 'no'])
    })
  }
}

test('when the store is back before the caller gives up, the caller gets the result [hub.shared.late]', async () => {
  for (const step of STEPS) {
    for (const fate of ['refuse', 'drop', 'lose'] as const) {
      let isArmed = false
      let isAway = false
      const { clock, start, settled } = world((hub, operation): Fate => {
        if (isAway) return 'refuse'
        if (!isArmed || hub !== 'driver' || operation !== step) return 'do'
        isAway = true
        isArmed = false
        clock.after(1_000, () => {
          isAway = false
        })
        return fate
      })
      const system = createScriptedSystem()
      await start('driver', [system.source])
      const viewer = await start('viewer', [], { callTimeoutMs: 10_000 })
      isArmed = true
      const begun = clock.monotonic()
      const result = await settled(
        viewer.hub
          .prompt('script/a', 'x', { promptId: 'p' })
          .accepted()
          .then(
            () => 'accepted',
            (error: unknown) => (error as SignalboxError).sent,
          ),
      )
      const where = `${step} ${fate}`
      expect([where, result === 'maybe']).toEqual([where, false])
      expect([where, clock.monotonic() - begun < 6_000]).toEqual([where, true])
      await clock.advance(LEASE_MS)
      expect([where, system.ledger.prompts.length]).toEqual([where, result === 'accepted' ? 1 : 0])
    }
  }
})

test('an answer that a stopped driver writes after another hub took over has no effect: a second answer reaches the agent [hub.shared.zombie]', async () => {
  let stop: (() => void) | undefined
  const { clock, store, start, settled } = world((hub, operation): Fate => {
    if (hub !== 'first' || operation !== 'hub-asks.change' || !stop) return 'do'
    stop()
    stop = undefined
    return 'late'
  })
  const system = createScriptedSystem({
    script: async (run) => {
      await run.ask({ nativeId: 'q' })
      run.say('done')
      run.end()
    },
  })
  const first = await start('first', [system.source])
  const second = await start('second', [system.source])
  const run = second.hub.prompt('script/a', 'x')
  await settled(run.accepted())
  await clock.advance(100)
  const [ask] = await first.hub.asks()
  const id = ask?.id ?? ''
  stop = () => first.machine.stop()
  const zombie = first.hub.answer(id, { accept: false }, { by: 'ann' }).then(
    () => 'answered',
    (error: unknown) => (error as SignalboxError).sent,
  )
  await clock.advance(LEASE_MS * 4)
  const asks = await store.kv('hub-asks')
  const [key = ''] = await asks.list()
  const record = new TextDecoder().decode((await asks.get(key))?.bytes)
  expect(record).toContain('"by":"ann"')
  expect((await second.hub.asks()).map((one) => one.status)).toEqual(['open'])
  expect((await settled(second.hub.answer(id, { accept: true }, { by: 'bob' }))).delivered).toBe('yes')
  first.machine.resume()
  expect(await settled(zombie)).not.toBe('answered')
  expect((await settled(run.end())).outcome).toBe('completed')
  expect(system.ledger.answers.map(({ by }) => by)).toEqual(['bob'])
})
