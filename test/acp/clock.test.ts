/** Every wait of the ACP code runs on the injected clock: with a clock that stands still nothing happens, however long a test takes. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import type { SourceEvent } from '../../src/hub/source.js'
import type { SimulatedAcpTurn } from '../../src/testing/acp/index.js'
import { createAcpScript } from '../../src/testing/demo/acp-script.js'
import { createFakeClock, memoryPair } from '../../src/testing/index.js'
import type { Link } from '../../src/transport.js'

type Json = Record<string, unknown>

afterEach(() => void vi.useRealTimers())

/** A source of an agent that answers `initialize` and that a test drives from there. */
async function opened(answer: (method: string) => Json | undefined) {
  const clock = createFakeClock()
  const events: SourceEvent[] = []
  const far: Link[] = []
  const transport = {
    kind: 'stream',
    name: 'test',
    async open() {
      const [near, other] = memoryPair()
      far.push(other)
      void serve(other, answer)
      return near
    },
  } as const
  const source = acpSource({ transport, cwd: '/work', clock, random: () => 0.5 })
  await source.open({ push: (event) => void events.push(event) })
  return { clock, events, far, source, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() }
}

async function serve(link: Link, answer: (method: string) => Json | undefined): Promise<void> {
  const decoder = new TextDecoder()
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
    for (const line of decoder.decode(chunk).trim().split('\n')) {
      const { id, method } = JSON.parse(line) as { id: number; method: string }
      const result = method === 'initialize' ? { protocolVersion: 1 } : answer(method)
      if (result) await link.write(new TextEncoder().encode(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`))
    }
  }
}

describe('time in the Agent Client Protocol', () => {
  test('an output that ends without an exit code ends the turn after 250 ms of the injected clock [acp.clock]', async () => {
    await using held = await opened((method) => (method === 'session/new' ? { sessionId: 's1' } : undefined))
    const { clock, events, far, source } = held
    await source.prompt?.({ promptId: 'p1', agent: 'acp/main', text: 'x', by: 'test' })
    // Only the output ends; the process has not ended.
    await far[0]?.end()
    await clock.advance(249)
    expect(events.filter(({ kind }) => kind === 'end')).toEqual([])
    await clock.advance(1)
    expect(events.filter(({ kind }) => kind === 'end')).toMatchObject([{ turn: 'p1', outcome: 'failed', sent: 'maybe' }])
  })

  test('a session that the agent never opens fails the prompt after openTimeoutMs of the injected clock [acp.clock]', async () => {
    await using held = await opened(() => undefined)
    const { clock, source } = held
    let failure: unknown
    source.prompt?.({ promptId: 'p1', agent: 'acp/main', text: 'x', by: 'test' }).catch((error: unknown) => {
      failure = error
    })
    await clock.advance(29_999)
    expect(failure).toBeUndefined()
    await clock.advance(1)
    expect(failure).toMatchObject({ code: 'deadline_exceeded', sent: 'no' })
    expect(clock.timers).toBe(0)
  })

  test('two turns of the demo in the same millisecond have different tool ids [acp.clock]', async () => {
    vi.useFakeTimers({ now: 0, toFake: ['Date'] })
    const clock = createFakeClock()
    const script = createAcpScript(clock)
    const ids: string[] = []
    const turn: SimulatedAcpTurn = {
      sessionId: 's1',
      text: 'The order page is slow.',
      signal: new AbortController().signal,
      async update({ sessionUpdate, toolCallId }) {
        if (sessionUpdate === 'tool_call') ids.push(String(toolCallId))
      },
      request: async () => ({ outcome: { outcome: 'selected', optionId: 'once' } }),
      async notify() {},
      die() {},
    }
    const both = Promise.all([script(turn), script(turn)])
    await clock.advance(60_000)
    expect(await both).toEqual(['end_turn', 'end_turn'])
    expect(ids).toHaveLength(4)
    expect(new Set(ids).size).toBe(4)
  })
})
