/** An editor drives an agent of a real hub. The editor is scripted here with plain JSON lines; the agent is the simulated one. */
import { afterEach, describe, expect, test } from 'vitest'
import { acpSource, serveAcp, type ServeAcpOptions } from '../../src/acp/index.js'
import { createHub } from '../../src/hub/index.js'
import {
  createAcpAgentSimulator,
  createScriptedSystem,
  memoryPair,
  type AcpAgentSimulatorOptions,
} from '../../src/testing/index.js'
import { createSchemaCheck } from './schema-check.js'
import { eventually } from '../eventually.js'

type Json = Record<string, unknown>
// Every message of every test here is checked.
const wire = createSchemaCheck()
const disposals: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose()
  expect(wire.ours.problems).toEqual([])
})

async function served(simulated: AcpAgentSimulatorOptions = {}, options: Partial<ServeAcpOptions> = {}) {
  const agent = createAcpAgentSimulator(simulated)
  const hub = await createHub({ sources: [acpSource({ transport: agent.transport, cwd: '/work' })] })
  const [near, far] = memoryPair({ name: 'editor' })
  const serving = serveAcp(hub, wire.link(far), { agent: 'acp/main', by: 'zed', ...options })
  const editor = connectEditor(near)
  disposals.push(
    () => hub.close(),
    () => serving.close(),
    () => near.close(),
  )
  return { agent, hub, serving, editor }
}

/** A client of the protocol that shares no code with ours. */
function connectEditor(link: ReturnType<typeof memoryPair>[0]) {
  const received: Json[] = []
  const replies = new Map<number, (message: Json) => void>()
  let answer: (method: string, params: Json) => Promise<unknown> = async () => ({})
  let lastId = 0
  const send = (message: Json): Promise<void> =>
    link.write(new TextEncoder().encode(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`))
  void (async () => {
    let text = ''
    const decoder = new TextDecoder()
    for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
      text += decoder.decode(chunk, { stream: true })
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const message = JSON.parse(line) as Json
        received.push(message)
        if (message.method === undefined) replies.get(Number(message.id))?.(message)
        else if (message.id !== undefined) {
          void answer(String(message.method), message.params as Json).then((result) => send({ id: message.id, result }))
        }
      }
    }
  })().catch(() => {})
  return {
    received,
    updates: () =>
      received.filter(({ method }) => method === 'session/update').map(({ params }) => (params as { update: Json }).update),
    onRequest(handler: typeof answer) {
      answer = handler
    },
    notify: (method: string, params: Json) => send({ method, params }),
    call(method: string, params: Json): Promise<Json> {
      lastId += 1
      const id = lastId
      const reply = new Promise<Json>((resolve) => replies.set(id, resolve))
      void send({ id, method, params })
      return reply
    },
    async begin(capabilities: Json = {}): Promise<string> {
      await this.call('initialize', { protocolVersion: 1, clientCapabilities: capabilities })
      const { result } = await this.call('session/new', { cwd: '/work', mcpServers: [] })
      return (result as { sessionId: string }).sessionId
    },
  }
}

const prompt = (sessionId: string, text: string): Json => ({ sessionId, prompt: [{ type: 'text', text }] })
const askingAgent: AcpAgentSimulatorOptions['script'] = async ({ request, sessionId, update }) => {
  const answer = (await request('session/request_permission', {
    sessionId,
    toolCall: { toolCallId: 't1', title: 'Run make', kind: 'execute' },
    options: [
      { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  })) as { outcome: { optionId?: string } }
  await update({
    sessionUpdate: 'agent_message_chunk',
    content: { type: 'text', text: `chosen: ${answer.outcome.optionId ?? 'nothing'}` },
  })
  return 'end_turn'
}

describe('an editor on an agent of the hub', () => {
  test('prompts, receives the text in order and then the stop reason [acp.serve-turn]', async () => {
    const { editor } = await served()
    const session = await editor.begin()
    const reply = await editor.call('session/prompt', prompt(session, 'hello'))
    expect(reply.result).toEqual({ stopReason: 'end_turn' })
    const words = editor.updates().filter(({ sessionUpdate }) => sessionUpdate === 'agent_message_chunk')
    expect(words.map(({ content }) => (content as { text: string }).text).join('')).toBe('You said: hello')
    // The response is the last message of the turn.
    expect(editor.received.at(-1)).toBe(reply)
  })

  test('answers a permission request; the agent gets the chosen option [acp.serve-permission]', async () => {
    const { editor } = await served({ script: askingAgent })
    const session = await editor.begin()
    editor.onRequest(async () => ({ outcome: { outcome: 'selected', optionId: 'no' } }))
    await editor.call('session/prompt', prompt(session, 'go'))
    expect(JSON.stringify(editor.updates())).toContain('chosen: no')
  })

  test('when another viewer answers first, the request is withdrawn and the turn continues [acp.serve-conflict]', async () => {
    const { editor, hub } = await served({ script: askingAgent })
    const session = await editor.begin()
    editor.onRequest(() => new Promise(() => {}))
    const turn = editor.call('session/prompt', prompt(session, 'go'))
    const [ask] = await eventually(async () => {
      const asks = await hub.asks()
      expect(asks).toHaveLength(1)
      return asks
    })
    await hub.answer(ask?.id ?? '', { option: 'yes' }, { by: 'ann' })
    expect((await turn).result).toEqual({ stopReason: 'end_turn' })
    expect(editor.received.some(({ method }) => method === '$/cancel_request')).toBe(true)
    expect(JSON.stringify(editor.updates())).toContain('chosen: yes')
    expect(JSON.stringify(editor.updates())).toContain('ann')
  })

  test('a page that the editor opened is reported as complete when its ask is answered [acp.serve-complete]', async () => {
    const system = createScriptedSystem({
      script: async (run) => {
        await run.ask({ nativeId: run.prompt.promptId, kind: 'secret', title: 'PIN?' })
        run.end()
      },
    })
    const hub = await createHub({ sources: [system.source()] })
    const [near, far] = memoryPair({ name: 'editor' })
    const secretPage = ({ id }: { id: string }) => `https://hub.example/pin?ask=${encodeURIComponent(id)}`
    const serving = serveAcp(hub, wire.link(far), { agent: 'script/a', secretPage })
    const editor = connectEditor(near)
    disposals.push(
      () => hub.close(),
      () => serving.close(),
      () => near.close(),
    )
    const opened: string[] = []
    editor.onRequest(async (_method, { elicitationId }) => {
      opened.push(String(elicitationId))
      return { action: 'accept' }
    })
    const session = await editor.begin({ elicitation: { url: {} } })
    const completed = () => editor.received.filter(({ method }) => method === 'elicitation/complete').map(({ params }) => params)

    const answered = editor.call('session/prompt', prompt(session, 'go'))
    await eventually(() => expect(opened).toHaveLength(1))
    // The response of the editor must be handled before the hub has the answer.
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(completed()).toEqual([])
    await hub.answer(opened[0] ?? '', { secret: '1234' }, { by: 'ann' })
    expect((await answered).result).toEqual({ stopReason: 'end_turn' })
    expect(completed()).toEqual([{ elicitationId: opened[0] }])
    expect(JSON.stringify(editor.received)).not.toContain('1234')
  })

  test('cancel ends the turn with the stop reason cancelled [acp.serve-cancel]', async () => {
    const { editor } = await served({
      script: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('cancelled'))),
    })
    const session = await editor.begin()
    const turn = editor.call('session/prompt', prompt(session, 'wait'))
    await eventually(() => expect(editor.received.length).toBeGreaterThan(1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await editor.notify('session/cancel', { sessionId: session })
    expect((await turn).result).toEqual({ stopReason: 'cancelled' })
  })

  test('when an agent dies, the editor gets an error with the known outcome [acp.serve-ends]', async () => {
    const { editor } = await served({
      script: async ({ die }) => {
        die()
        return new Promise<string>(() => {})
      },
    })
    const session = await editor.begin()
    const reply = await editor.call('session/prompt', prompt(session, 'die'))
    expect(reply.error).toMatchObject({ code: -32603, data: { outcome: 'failed', sent: 'maybe' } })
  })

  test('unknown methods, sessions and prompts that cannot be sent are refused [acp.serve-refusals]', async () => {
    const { editor } = await served()
    const session = await editor.begin()
    expect((await editor.call('session/set_mode', { sessionId: session })).error).toMatchObject({ code: -32601 })
    expect((await editor.call('session/prompt', prompt('other', 'x'))).error).toMatchObject({ code: -32602 })
    expect((await editor.call('session/prompt', prompt(session, ''))).error).toMatchObject({ code: -32602 })
  })

  test('the history of a session is replayed before the answer to session/load [acp.serve-load]', async () => {
    const stored = { old: [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Earlier' } }] }
    const { editor } = await served({ stored })
    await editor.begin()
    const listed = await editor.call('session/list', {})
    expect(JSON.stringify(listed.result)).toContain('old')
    const reply = await editor.call('session/load', { sessionId: 'old', cwd: '/work', mcpServers: [] })
    expect(reply.error).toBeUndefined()
    const at = editor.received.findIndex((message) => JSON.stringify(message).includes('Earlier'))
    expect(at).toBeGreaterThan(-1)
    expect(at).toBeLessThan(editor.received.indexOf(reply))
  })

  test('when an editor goes away, the turn continues and no request waits for it [acp.serve-gone]', async () => {
    let go = (): void => {}
    const gone = new Promise<void>((resolve) => {
      go = resolve
    })
    let begun = false
    const { editor, hub, serving } = await served({
      script: async ({ update }) => {
        begun = true
        await gone
        await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'done' } })
        return 'end_turn'
      },
    })
    const session = await editor.begin()
    void editor.call('session/prompt', prompt(session, 'go'))
    const watch = hub.watch({ kinds: ['end'] })
    const ended = watch[Symbol.asyncIterator]().next()
    await eventually(() => expect(begun).toBe(true))
    await serving.close()
    await serving.done
    go()
    expect((await ended).value).toMatchObject({ kind: 'end', outcome: 'completed', text: 'done' })
    await watch.close()
  })
})
