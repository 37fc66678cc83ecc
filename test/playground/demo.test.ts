/** The demo of the dashboard: the simulated systems behind a real hub, driven by the scripted people. */
import { createHub, type HubEvent } from 'signalbox/hub'
import { expect, test } from 'vitest'
import { createSystems } from '../../playground/src/worker/systems.js'
import { systemClock } from '../../src/core/clock.js'
import { runPeople } from '../../src/testing/demo/people.js'

test('the demo has agents of five systems, and soon asks of every kind', async () => {
  const { sources, group } = createSystems()
  await using hub = await createHub({ sources })
  const seen: HubEvent[] = []
  const stop = new AbortController()
  const reading = (async () => {
    for await (const event of hub.watch({ signal: stop.signal })) seen.push(event)
  })().catch(() => {})
  const people = runPeople(hub, group, { clock: systemClock, signal: stop.signal })
  const kinds = (): readonly string[] =>
    [...new Set(seen.flatMap((event) => (event.kind === 'ask' ? [event.ask.kind] : [])))].sort()
  await expect.poll(kinds, { timeout: 20_000 }).toEqual(['confirm', 'permission', 'question', 'secret'])
  const agents = await hub.agents()
  expect([...new Set(agents.map(({ system }) => system))].sort()).toEqual(['acp', 'ccc', 'cccc', 'claude', 'cmdop'])
  expect(agents.length).toBeGreaterThanOrEqual(12)
  // The prompts that a visitor sees have no marks for the simulators.
  expect(seen.filter((event) => event.kind === 'message' && event.text.includes('[['))).toEqual([])
  if (process.env.SHOW) for (const { kind, agent, ...rest } of seen) console.log(kind, agent, JSON.stringify(rest).slice(0, 200))
  stop.abort()
  await Promise.all([reading, people])
})
