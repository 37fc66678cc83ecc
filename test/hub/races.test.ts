/** Two viewers on links of their own answer the same asks at the same moment. */
import { expect, test } from 'vitest'
import { SignalboxError } from '../../src/errors.js'
import { createHub, createHubClient, serveHub, type Answer } from '../../src/hub/index.js'
import { createScriptedSystem, memoryServer } from '../../src/testing/index.js'

const RACES = 1_000

test('of two answers at the same moment one wins, and the error of the other names who won, 1,000 times [hub.ask.races]', async () => {
  const told: Answer[] = []
  const system = createScriptedSystem({
    async script(turn) {
      for (let race = 0; race < RACES; race += 1) told.push((await turn.ask({ nativeId: `q${race}` })) as Answer)
      turn.end()
    },
  })
  await using hub = await createHub({ sources: [system.source()] })
  await using server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(hub, link)
  })()
  await using ann = createHubClient({ transport: server.transport, by: 'ann' })
  await using bob = createHubClient({ transport: server.transport, by: 'bob' })

  const results: PromiseSettledResult<unknown>[][] = []
  const turn = ann.prompt('script/a', 'go')
  for await (const event of hub.watch()) {
    if (event.kind === 'end') break
    if (event.kind !== 'ask') continue
    const { id } = event.ask
    // Each begins every second time.
    const first = results.length % 2 === 0 ? ann.answer(id, { accept: true }) : bob.answer(id, { accept: false })
    const second = results.length % 2 === 0 ? bob.answer(id, { accept: false }) : ann.answer(id, { accept: true })
    results.push(results.length % 2 === 0 ? await Promise.allSettled([first, second]) : await Promise.allSettled([second, first]))
  }
  await turn.end()

  expect(results).toHaveLength(RACES)
  const winners = results.map(([ofAnn, ofBob]) => {
    const isAnn = ofAnn?.status === 'fulfilled'
    const loser = isAnn ? ofBob : ofAnn
    expect([ofAnn?.status, ofBob?.status].sort()).toEqual(['fulfilled', 'rejected'])
    const error = loser?.status === 'rejected' ? (loser.reason as unknown) : undefined
    expect(SignalboxError.is(error, 'conflict') && error.message).toContain(isAnn ? 'ann' : 'bob')
    return isAnn
  })
  expect(told).toEqual(winners.map((isAnn) => ({ accept: isAnn })))
  expect(system.ledger.answers).toHaveLength(RACES)
}, 180_000)
