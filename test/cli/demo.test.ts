/** The demo: what a visitor of `signalbox up --demo` sees. */
import { expect, test, vi } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { createDemo } from '../../src/testing/demo/world.js'

test('agents of every system end turns, and questions are answered when no visitor does [cli.demo]', async () => {
  const demo = await createDemo()
  await using hub = await createHub({ sources: demo.sources })
  const over = new AbortController()
  const seen = new Set<string>()
  const living = demo.live(hub, { signal: over.signal, answerAfterMs: 200 })
  const watching = (async () => {
    for await (const event of hub.watch({ from: 'oldest', signal: over.signal })) {
      if (event.kind === 'end' && event.outcome === 'completed') seen.add(event.agent.split('/')[0] as string)
      if (event.kind === 'ask_resolved') seen.add(`answered by ${event.by}`)
    }
  })().catch(() => {})
  const all = ['answered by mira (phone)', 'ccc', 'cccc', 'claude', 'cmdop', 'editor']
  await vi.waitFor(() => expect([...seen].sort()).toEqual(all), { timeout: 50_000 })
  over.abort()
  await Promise.all([living, watching])
  await hub.close()
  await demo.close()
})

test('a prompt outside the demo is answered as by the plain simulator [cli.demo]', async () => {
  const demo = await createDemo()
  await using hub = await createHub({ sources: demo.sources })
  expect(await hub.prompt('acp/main', 'hello').text()).toBe('You said: hello')
  expect(await hub.prompt('claude/review', 'FAKE:echo:hello').text()).toBe('hello')
  await hub.close()
  await demo.close()
})
