/** The answer to a prompt of the hub, when a CCC server has it before it confirms the prompt. */
import { expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { cccSource, createHub, type HubEvent } from '../../src/hub/index.js'
import { createCccSimulator } from '../../src/testing/index.js'
import { eventually } from '../eventually.js'

test('an answer that is in the history before the send returns belongs to its turn, once [hub.source.own-answer]', async () => {
  await using simulator = createCccSimulator({ sessions: [{ name: 'backend', running: true }], timeScale: 0.001 })
  await using client = createCcc({ transport: simulator.transport })
  const late: typeof client = {
    ...client,
    async send(message) {
      const sent = await client.send(message)
      await eventually(async () =>
        expect((await client.history({ session: 'backend' })).map(({ from }) => from)).toContain('claude'),
      )
      // Several polls of the source.
      await new Promise((resolve) => setTimeout(resolve, 100))
      return sent
    },
  }
  await using hub = await createHub({ sources: [cccSource({ client: late, pollMs: 10, sessionsEveryMs: 200 })] })
  const turn = hub.prompt('ccc/backend', '[[reply the tests pass]]')
  const own: HubEvent[] = []
  for await (const event of turn) own.push(event)
  expect(own.flatMap((event) => (event.kind === 'message' ? [event.text] : []))).toEqual(['the tests pass'])
  await new Promise((resolve) => setTimeout(resolve, 100))
  const stop = new AbortController()
  const all: HubEvent[] = []
  await (async () => {
    for await (const event of hub.watch({ from: 'oldest', kinds: ['message', 'end'], signal: stop.signal })) {
      all.push(event)
      if (event.kind === 'end') setTimeout(() => stop.abort(), 50)
    }
  })().catch(() => {})
  expect(all.filter(({ kind }) => kind === 'message')).toHaveLength(1)
})
