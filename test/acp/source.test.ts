/** The source of agents that speak the Agent Client Protocol, over a simulated agent. */
import { afterEach, describe, expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { acpSource } from '../../src/acp/index.js'
import type { AcpSourceOptions } from '../../src/acp/source/options.js'
import type { Ask } from '../../src/hub/model/ask.js'
import type { SourceEvent } from '../../src/hub/source.js'
import { createAcpAgentSimulator, type AcpAgentSimulator, type AcpAgentSimulatorOptions } from '../../src/testing/acp/index.js'
import { eventually } from '../eventually.js'
import { createSchemaCheck } from './schema-check.js'

// Every message of every test here is checked.
const wire = createSchemaCheck()
afterEach(() => expect(wire.ours.problems).toEqual([]))

async function opened(simulated: AcpAgentSimulatorOptions = {}, options: Partial<AcpSourceOptions> = {}) {
  const agent = createAcpAgentSimulator(simulated)
  const source = acpSource({ transport: wire.transport(agent.transport), cwd: '/work', ...options })
  const events: SourceEvent[] = []
  const agents = await source.open({ push: (event) => void events.push(event) })
  const until = (test: (event: SourceEvent) => boolean): Promise<SourceEvent> =>
    eventually(() => events.find(test) ?? expect.fail('not yet'))
  const prompt = (text: string, promptId = 'p1', session?: string) =>
    source.prompt?.({ promptId, agent: 'acp/main', text, by: 'test', session })
  const end = (promptId = 'p1') => until((event) => event.kind === 'end' && event.turn === promptId)
  return { agent, source, events, agents, until, prompt, end }
}

const asOpen = (event: SourceEvent): Ask => {
  if (event.kind !== 'ask') throw new Error('not an ask')
  const { nativeId, ...ask } = event.ask
  return { ...ask, id: nativeId, agent: event.agent, session: event.session ?? '', askedAt: '', status: 'open' }
}

const asOpenEvent = (event: SourceEvent) => (event.kind === 'ask' ? event.ask : expect.fail('not an ask'))

const kinds = (events: readonly SourceEvent[]): string[] => events.map(({ kind }) => kind)
const sent = (agent: AcpAgentSimulator, method: string) => agent.received.filter((message) => message.method === method)

describe('an agent of the Agent Client Protocol', () => {
  test('is described by its answer to initialize [acp.snapshot]', async () => {
    await using held = await openedAndClosed()
    const [agent] = held.agents
    expect(agent).toMatchObject({ id: 'acp/main', system: 'acp', name: 'Simulated agent', facts: { version: '1.0.0' } })
    expect(agent?.can).toMatchObject({ prompt: { images: true }, history: { complete: true }, sessions: { list: true } })
    expect(sent(held.agent, 'initialize')[0]?.params).toMatchObject({
      protocolVersion: 1,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    })
  })

  test('a prompt gives its text, closes the message and ends once [acp.prompt]', async () => {
    await using held = await openedAndClosed()
    await held.prompt('hello')
    expect(await held.end()).toMatchObject({ outcome: 'completed', stopReason: 'end_turn', text: 'You said: hello', sent: 'yes' })
    const words = held.events.filter((event) => event.kind === 'message')
    expect(words.map(({ how, text, partial }) => [how, text, partial])).toEqual([
      ['append', 'You said: ', true],
      ['append', 'hello', true],
      ['replace', 'You said: hello', false],
    ])
    expect(new Set(words.map(({ id }) => id)).size).toBe(1)
    expect(held.events.every(({ turn, kind }) => kind === 'state' || kind === 'asks_open' || turn === 'p1')).toBe(true)
    expect(kinds(held.events).filter((kind) => kind === 'end')).toHaveLength(1)
  })

  test('an update after the response to a prompt does not belong to its turn [acp.order]', async () => {
    await using held = await openedAndClosed({
      script: async ({ update, text }) => {
        if (text === 'one')
          setTimeout(() => void update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'late' } }), 5)
        return 'end_turn'
      },
    })
    await held.prompt('one')
    const late = await held.until((event) => event.kind === 'message')
    expect(late.turn).toBeUndefined()
  })

  test('one byte at a time gives the same events [acp.split]', async () => {
    const words = 'Grüße, 世界 \u2028 👋'
    const script: AcpAgentSimulatorOptions['script'] = async ({ update }) => {
      await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: words } })
      return 'end_turn'
    }
    await using whole = await openedAndClosed({ script })
    await using split = await openedAndClosed({ script, splitWrites: true })
    for (const held of [whole, split]) await held.prompt('go')
    expect(await split.end()).toMatchObject({ text: words })
    expect(kinds(split.events)).toEqual(kinds(whole.events))
  })

  test('tool calls, plans, usage and notices become events, unknown updates keep their raw form [acp.updates]', async () => {
    await using held = await openedAndClosed({
      script: async ({ update }) => {
        await update({
          sessionUpdate: 'tool_call',
          toolCallId: 't1',
          title: 'Edit a.ts',
          kind: 'edit',
          status: 'pending',
          rawInput: { path: 'a.ts' },
        })
        await update({
          sessionUpdate: 'tool_call_update',
          toolCallId: 't1',
          status: 'in_progress',
          content: [{ type: 'diff', path: 'a.ts', oldText: 'a', newText: 'b' }],
        })
        // A missing status is unchanged.
        await update({ sessionUpdate: 'tool_call_update', toolCallId: 't1', title: 'Edit a.ts again' })
        await update({ sessionUpdate: 'plan', entries: [{ content: 'Look', priority: 'high', status: 'in_progress' }] })
        await update({ sessionUpdate: 'usage_update', used: 10, size: 100, cost: { amount: 0.5, currency: 'USD' } })
        await update({ sessionUpdate: 'available_commands_update', availableCommands: [{ name: 'init', description: 'x' }] })
        return { stopReason: 'max_tokens', usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } }
      },
    })
    await held.prompt('go')
    expect(await held.end()).toMatchObject({ outcome: 'completed', stopReason: 'max_tokens' })
    const tools = held.events.filter((event) => event.kind === 'tool')
    expect(tools.map(({ status }) => status)).toEqual(['pending', 'running', 'running'])
    expect(tools[1]).toMatchObject({ id: 't1', diff: [{ path: 'a.ts', oldText: 'a', newText: 'b' }] })
    expect(held.events.find(({ kind }) => kind === 'plan')).toMatchObject({
      entries: [{ text: 'Look', status: 'running', priority: 'high' }],
    })
    expect(held.events.filter(({ kind }) => kind === 'usage')).toMatchObject([
      { scope: 'session', context: { used: 10, size: 100 }, costUsd: 0.5 },
      { scope: 'turn', tokens: { input: 3, output: 4 } },
    ])
    expect(held.events.find(({ kind }) => kind === 'unknown')).toMatchObject({
      name: 'available_commands_update',
      raw: { availableCommands: [{ name: 'init' }] },
    })
  })

  test('a permission request is an ask, and its answer reaches the agent once [acp.permission]', async () => {
    const outcomes: unknown[] = []
    await using held = await openedAndClosed({
      script: async ({ request, sessionId }) => {
        outcomes.push(
          await request('session/request_permission', {
            sessionId,
            toolCall: { toolCallId: 't1', title: 'rm -rf build', kind: 'execute', rawInput: { command: 'rm -rf build' } },
            options: [
              { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
              { optionId: 'no', name: 'Reject', kind: 'reject_once' },
            ],
          }),
        )
        return 'end_turn'
      },
    })
    await held.prompt('go')
    const event = await held.until(({ kind }) => kind === 'ask')
    const ask = asOpen(event)
    expect(ask).toMatchObject({ kind: 'permission', title: 'rm -rf build', danger: 'high', defaultsToNo: true, tool: 'execute' })
    await expect(held.source.answer?.(ask, ask.id, { option: 'maybe' }, 'ann')).rejects.toMatchObject({
      code: 'invalid_argument',
      sent: 'no',
    })
    expect(await held.source.answer?.(ask, ask.id, { accept: false }, 'ann')).toEqual({ delivered: 'written' })
    await held.end()
    expect(outcomes).toEqual([{ outcome: { outcome: 'selected', optionId: 'no' } }])
    await expect(held.source.answer?.(ask, ask.id, { accept: true }, 'bob')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a form becomes questions, and the answers have the types of the form [acp.elicitation]', async () => {
    const answers: unknown[] = []
    await using held = await openedAndClosed({
      script: async ({ request, sessionId }) => {
        answers.push(
          await request('elicitation/create', {
            mode: 'form',
            sessionId,
            message: 'How should it be built?',
            requestedSchema: {
              type: 'object',
              properties: {
                target: { type: 'string', title: 'Target', oneOf: [{ const: 'es', title: 'ES2022' }] },
                workers: { type: 'integer' },
                tests: { type: 'boolean' },
                parts: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
              },
            },
          }),
        )
        return 'end_turn'
      },
    })
    await held.prompt('go')
    const ask = asOpen(await held.until(({ kind }) => kind === 'ask'))
    expect(ask.questions?.map(({ id, multiple, freeText }) => [id, multiple, freeText])).toEqual([
      ['target', undefined, undefined],
      ['workers', undefined, true],
      ['tests', undefined, undefined],
      ['parts', true, undefined],
    ])
    const filled = { target: 'es', workers: '3', tests: 'true', parts: ['a'] }
    for (const workers of ['three', '', '1.5']) {
      const wrong = { answers: { ...filled, workers } }
      expect(() => held.source.checkAnswer?.(ask, ask.id, wrong)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    }
    await held.source.answer?.(ask, ask.id, { answers: filled }, 'ann')
    await held.end()
    expect(answers).toEqual([{ action: 'accept', content: { target: 'es', workers: 3, tests: true, parts: ['a'] } }])
  })

  test('configured options and folders reach every session [acp.options]', async () => {
    const options = { configOptions: { effort: 'low', mode: 'plan' }, additionalDirectories: ['/shared'] }
    await using held = await openedAndClosed({}, options)
    await held.prompt('go')
    await held.end()
    expect(sent(held.agent, 'session/new')[0]?.params).toMatchObject({ cwd: '/work', additionalDirectories: ['/shared'] })
    expect(sent(held.agent, 'session/set_config_option').map(({ params }) => params)).toEqual([
      { sessionId: 'session-1', configId: 'effort', value: 'low' },
      { sessionId: 'session-1', configId: 'mode', value: 'plan' },
    ])
  })

  test('an option or a folder that the agent does not take fails the prompt before it is sent [acp.options]', async () => {
    await using unknown = await openedAndClosed({}, { configOptions: { colour: 'red' } })
    await expect(unknown.prompt('go')).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
    await using narrow = await openedAndClosed({ initialize: { agentCapabilities: {} } }, { additionalDirectories: ['/shared'] })
    await expect(narrow.prompt('go')).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
    expect(sent(narrow.agent, 'session/new')).toEqual([])
  })

  test('a page that the agent reports as done closes its ask as answered elsewhere [acp.complete]', async () => {
    const answers: unknown[] = []
    await using held = await openedAndClosed({
      script: async ({ request, notify, sessionId }) => {
        const url = 'https://agent.example/sign-in'
        const answer = request('elicitation/create', { mode: 'url', sessionId, message: 'Sign in', elicitationId: 'e1', url })
        await notify('elicitation/complete', { elicitationId: 'other' })
        await notify('elicitation/complete', { elicitationId: 'e1' })
        answers.push(await answer)
        return 'end_turn'
      },
    })
    await held.prompt('go')
    await held.end()
    expect(answers).toEqual([{ action: 'accept' }])
    const { nativeId } = asOpenEvent(await held.until(({ kind }) => kind === 'ask'))
    expect(held.events.filter(({ kind }) => kind === 'ask_closed')).toMatchObject([{ nativeId, outcome: 'answered' }])
  })

  test('cancel stops the turn, answers its open requests as cancelled and ends it once [acp.cancel]', async () => {
    const outcomes: unknown[] = []
    await using held = await openedAndClosed({
      script: async ({ request, sessionId, signal }) => {
        outcomes.push(await request('session/request_permission', { sessionId, toolCall: { toolCallId: 't' }, options: [] }))
        return signal.aborted ? 'cancelled' : 'end_turn'
      },
    })
    await held.prompt('go')
    await held.until(({ kind }) => kind === 'ask')
    await held.source.cancel?.({ agent: 'acp/main', turn: 'p1' })
    expect(await held.end()).toMatchObject({ outcome: 'cancelled' })
    expect(outcomes).toEqual([{ outcome: { outcome: 'cancelled' } }])
    expect(held.events.find(({ kind }) => kind === 'ask_closed')).toMatchObject({ outcome: 'withdrawn' })
  })

  test('when an agent dies, its turn fails with sent: maybe, and the hub connects again in a new epoch [acp.death]', async () => {
    let died = false
    await using held = await openedAndClosed({
      script: async ({ die, text }) => {
        if (died) return `end_turn`
        died = text === 'die'
        die()
        return new Promise<string>(() => {})
      },
    })
    const epoch = held.events[0]?.epoch
    await held.prompt('die')
    expect(await held.end()).toMatchObject({ outcome: 'failed', sent: 'maybe', error: { code: 'closed' } })
    await held.until((event) => event.kind === 'agent' && event.epoch !== epoch)
    await held.prompt('again', 'p2')
    expect(await held.end('p2')).toMatchObject({ outcome: 'completed' })
    expect(kinds(held.events.filter(({ turn }) => turn === 'p1')).filter((kind) => kind === 'end')).toHaveLength(1)
  })

  test('while the agent is unreachable a prompt fails with sent: no [acp.away]', async () => {
    const refusing = { kind: 'stream', name: 'none', open: async () => Promise.reject(new Error('nothing listens')) } as const
    const source = acpSource({ transport: refusing, cwd: '/work' })
    const agents = await source.open({ push() {} })
    expect(agents[0]).toMatchObject({ can: {}, sessions: [{ state: 'offline' }] })
    await expect(source.prompt?.({ promptId: 'p', agent: 'acp/main', text: 'x', by: 'test' })).rejects.toMatchObject({
      code: 'unreachable',
      sent: 'no',
    })
    await source[Symbol.asyncDispose]()
  })

  test('through the hub a prompt to an agent that was never reached says why it is offline [acp.away]', async () => {
    const refusing = { kind: 'stream', name: 'none', open: async () => Promise.reject(new Error('nothing listens')) } as const
    await using hub = await createHub({ sources: [acpSource({ transport: refusing, cwd: '/work' })] })
    const failure = { code: 'unreachable', sent: 'no', message: expect.stringContaining('nothing listens') }
    await expect(hub.prompt('acp/main', 'x').text()).rejects.toMatchObject(failure)
  })

  test.each([0, 2, 99])('an agent that answers with protocol version %i is refused [acp.version]', async (protocolVersion) => {
    await using held = await openedAndClosed({ initialize: { protocolVersion } })
    expect(held.agents[0]?.sessions[0]?.state).toBe('offline')
    expect(held.agents[0]?.facts.offlineReason).toContain(`protocol version ${protocolVersion}`)
    await expect(held.prompt('x')).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    expect(sent(held.agent, 'session/new')).toEqual([])
  })

  test('a fork begins with the conversation of its session, in the configured mode [acp.fork]', async () => {
    const stored = { old: [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Hello' } }] }
    await using held = await openedAndClosed({ stored }, { mode: 'plan' })
    const fork = await held.source.openSession?.('acp/main', { fork: 'old' }, {})
    expect(sent(held.agent, 'session/fork')[0]?.params).toMatchObject({ sessionId: 'old', mcpServers: [] })
    expect(sent(held.agent, 'session/set_mode')[0]?.params).toEqual({ sessionId: fork?.id, modeId: 'plan' })
    const page = await held.source.history?.('acp/main', { session: fork?.id })
    expect(page?.events.at(-1)).toMatchObject({ text: 'Hello', origin: 'replay' })
    await expect(held.source.openSession?.('acp/main', { fork: 'gone' }, {})).rejects.toMatchObject({ code: 'not_found' })
  })

  test('the history of a session is read as replay, and none of it is sent as new events [acp.history]', async () => {
    const stored = {
      old: [
        { sessionUpdate: 'user_message_chunk', content: { type: 'text', text: 'Hi' } },
        { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Hello' } },
      ],
    }
    await using held = await openedAndClosed({ stored })
    const page = await held.source.history?.('acp/main', { session: 'old' })
    expect(page?.events.filter((event) => event.kind === 'message' && !event.partial)).toMatchObject([
      { role: 'user', text: 'Hi', origin: 'replay' },
      { role: 'agent', text: 'Hello', origin: 'replay' },
    ])
    expect(held.events.filter(({ kind }) => kind === 'message')).toEqual([])
    expect(await held.source.sessions?.('acp/main', {})).toContainEqual(expect.objectContaining({ id: 'old' }))
  })

  test('a configured mode is set in every session before its first prompt [acp.mode]', async () => {
    await using held = await openedAndClosed({}, { mode: 'plan' })
    await held.prompt('go')
    await held.end()
    const order = held.agent.received.map(({ method }) => method)
    expect(order).toEqual(['initialize', 'session/new', 'session/set_mode', 'session/prompt'])
    expect(sent(held.agent, 'session/set_mode')[0]?.params).toEqual({ sessionId: 'session-1', modeId: 'plan' })
  })

  test('files are refused as unknown methods unless the caller offers them [acp.files]', async () => {
    const results: unknown[] = []
    const script: AcpAgentSimulatorOptions['script'] = async ({ request, sessionId }) => {
      results.push(await request('fs/read_text_file', { sessionId, path: '/project/a' }).catch((error: unknown) => error))
      results.push(await request('terminal/create', { sessionId, command: 'sh' }).catch((error: unknown) => error))
      return 'end_turn'
    }
    await using without = await openedAndClosed({ script })
    await without.prompt('go')
    await without.end()
    await using offered = await openedAndClosed({ script }, { files: { readTextFile: async ({ path }) => `content of ${path}` } })
    await offered.prompt('go')
    await offered.end()
    expect(results).toMatchObject([{ code: -32601 }, { code: -32601 }, { content: 'content of /project/a' }, { code: -32601 }])
  })

  async function openedAndClosed(...given: Parameters<typeof opened>) {
    const held = await opened(...given)
    return { ...held, [Symbol.asyncDispose]: () => held.source[Symbol.asyncDispose]() }
  }
})
