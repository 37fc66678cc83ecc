/** The commands over a real hub, whose agent is the simulated one of the Agent Client Protocol. */
import { afterEach, describe, expect, test } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import { createHub, type Hub, type Source } from '../../src/hub/index.js'
import { createAcpAgentSimulator, createScriptedSystem, type SimulatedAcpScript } from '../../src/testing/index.js'
import { fakeTerminal } from './fake-terminal.js'
import { programOn } from './program-on.js'
import { eventually } from '../eventually.js'

const hubs: Hub[] = []
afterEach(async () => {
  for (const hub of hubs.splice(0)) await hub.close()
})

async function started(script?: SimulatedAcpScript) {
  const agent = createAcpAgentSimulator(script ? { script } : {})
  return { agent, ...(await over(acpSource({ transport: agent.transport, cwd: '/work' }))) }
}

/** A hub over one source, and a function that runs a command line on it. */
async function over(source: Source) {
  const hub = await createHub({ sources: [source] })
  hubs.push(hub)
  const go = programOn(hub)
  return { hub, go }
}

const permission: SimulatedAcpScript = async ({ request, sessionId, update }) => {
  const answer = (await request('session/request_permission', {
    sessionId,
    toolCall: { toolCallId: 't', title: 'Run make', kind: 'execute', rawInput: { command: 'make' } },
    options: [
      { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  })) as { outcome: { optionId?: string } }
  await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: `chosen: ${answer.outcome.optionId}` } })
  return 'end_turn'
}

describe('ls, ask, history', () => {
  test('ls lists agents as a table and as one JSON document [cli.json]', async () => {
    const { go } = await started()
    expect((await go(['ls'])).out).toMatch(/^acp\/main +idle/)
    expect(JSON.parse((await go(['ls', '--json'])).out)).toMatchObject([{ id: 'acp/main' }])
  })

  test('ask prints only the text of the agent on stdout [cli.ask]', async () => {
    const { go } = await started(async ({ update, text }) => {
      await update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'thinking' } })
      await update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Read', status: 'completed' })
      await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: `It says ${text}` } })
      return 'end_turn'
    })
    expect(await go(['ask', 'acp/main', 'hello'])).toEqual({ code: 0, out: 'It says hello\n', err: '' })
  })

  test('the prompt can come from stdin; an empty one is refused [cli.ask]', async () => {
    const { go } = await started()
    expect((await go(['ask', 'acp/main', '-'], fakeTerminal({ input: 'from stdin' }))).out).toBe('You said: from stdin\n')
    expect(await go(['ask', 'acp/main', ' '])).toMatchObject({ code: 2, out: '' })
    expect(await go(['ask', 'acp/main', '@/does/not/exist'])).toMatchObject({ code: 2 })
  })

  test('history --json is one document, [] when empty [cli.json]', async () => {
    const { go } = await started()
    expect(JSON.parse((await go(['history', 'acp/main', '--json'])).out)).toEqual([])
    await go(['ask', 'acp/main', 'hello'])
    const events = JSON.parse((await go(['history', 'acp/main', '--json'])).out) as { readonly kind: string }[]
    expect(Array.isArray(events)).toBe(true)
  })

  test('the exit code depends on the outcome of the turn [cli.exit-codes]', async () => {
    const { go } = await started(async ({ text, die }) => {
      if (text === 'die') die()
      return text === 'no' ? 'refusal' : 'end_turn'
    })
    expect((await go(['ask', 'acp/main', 'yes'])).code).toBe(0)
    expect((await go(['ask', 'acp/main', 'no'])).code).toBe(1)
    expect(await go(['ask', 'acp/none', 'x'])).toMatchObject({ code: 5, out: '' })
    expect((await go(['ask', 'acp/mian', 'x'])).err).toContain('Did you mean acp/main?')
    expect((await go(['history', 'ccc/backend'])).err).toContain('signalbox ls lists the agents')
    expect(await go(['ask', 'acp/main', 'die'])).toMatchObject({ code: 1, err: expect.stringContaining('may have reached') })
  })

  test('--timeout cancels the turn and exits with 124 [cli.exit-codes]', async () => {
    const { go, agent } = await started(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('cancelled'))),
    )
    expect((await go(['ask', 'acp/main', 'wait', '--timeout', '200ms'])).code).toBe(124)
    expect(agent.received.some(({ method }) => method === 'session/cancel')).toBe(true)
  })

  test('the first ctrl-c cancels the turn and reports it [cli.interrupt]', async () => {
    const { go, agent } = await started(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('cancelled'))),
    )
    const terminal = fakeTerminal()
    const going = go(['ask', 'acp/main', 'wait'], terminal)
    await eventually(() => expect(agent.received.some(({ method }) => method === 'session/prompt')).toBe(true))
    terminal.interrupt()
    expect(await going).toMatchObject({ code: 130, err: expect.stringContaining('Cancelled') })
  })
})

describe('questions', () => {
  test('a question is asked at the terminal with its input, and an empty line means no [cli.inline]', async () => {
    const { go } = await started(permission)
    const refused = await go(['ask', 'acp/main', 'go'], fakeTerminal({ typed: [''], canAsk: true }))
    expect(refused.err).toContain('Run make')
    expect(refused.err).toContain('"command": "make"')
    expect(refused.out).toContain('chosen: no')
    expect((await go(['ask', 'acp/main', 'go'], fakeTerminal({ typed: ['y'], canAsk: true }))).out).toContain('chosen: yes')
  })

  test('in JSON mode asks are printed and answers are taken from stdin [cli.json]', async () => {
    const { go, hub } = await started(permission)
    const terminal = fakeTerminal({
      async *lines() {
        const ask = await eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
        yield 'not json'
        yield JSON.stringify({ ask: ask.id, option: 'yes' })
      },
    })
    const { code, out } = await go(['ask', 'acp/main', 'go', '--json'], terminal)
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string })
    expect(code).toBe(0)
    expect(lines.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['ask', 'answer_failed', 'answered', 'ask_resolved', 'end']),
    )
    expect(out).toContain('chosen: yes')
  })

  test('asks lists them, approve and deny answer them by the end of the id [cli.inline]', async () => {
    const { go, hub } = await started(permission)
    for (const [word, chosen] of [
      ['approve', 'yes'],
      ['deny', 'no'],
    ] as const) {
      const turn = hub.prompt('acp/main', 'go')
      const ask = await eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
      expect((await go(['asks'])).out).toContain('Run make')
      expect(JSON.parse((await go(['asks', '--json'])).out)).toMatchObject([{ id: ask.id }])
      expect(await go([word, ask.id.slice(-12)])).toMatchObject({ code: 0 })
      expect(await turn.text()).toBe(`chosen: ${chosen}`)
    }
    expect((await go(['asks', '--json'])).out).toBe('[]\n')
    expect(await go(['approve', 'nothing'])).toMatchObject({ code: 5 })
  })

  test('asks prints for each question the command that can answer it [cli.inline]', async () => {
    const system = createScriptedSystem({
      async script(turn) {
        const kind = turn.prompt.text as 'permission' | 'secret' | 'question'
        await Promise.race([turn.ask({ nativeId: kind, kind, title: `A ${kind}?` }), turn.whenCancelled])
        turn.end()
      },
    })
    const { go, hub } = await over(system.source())
    for (const [kind, word] of [
      ['permission', 'approve'],
      ['secret', 'answer'],
      ['question', 'answer'],
    ] as const) {
      const turn = hub.prompt('script/a', kind)
      const ask = await eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
      expect((await go(['asks'])).out).toContain(`signalbox ${word} '${ask.id}'`)
      if (word === 'answer') expect((await go(['approve', ask.id])).err).toContain(`signalbox answer '${ask.id}'`)
      await turn.cancel()
      await turn.end()
    }
  })
})
