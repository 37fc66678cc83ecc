/**
 * The protocol's own SDK on the other side: its client drives an agent of our hub, our source drives an agent made with it. Every message that
 * we send is checked against the SDK's JSON schema.
 */
import { readFileSync } from 'node:fs'
import { agent as sdkAgent, client as sdkClient, methods, ndJsonStream } from '@agentclientprotocol/sdk'
import * as z from 'zod'
import { afterEach, describe, expect, test } from 'vitest'
import { acpSource, serveAcp } from '../../src/acp/index.js'
import { toWeb } from '../../src/core/to-web.js'
import { createHub } from '../../src/hub/index.js'
import { createAcpAgentSimulator, memoryPair } from '../../src/testing/index.js'
import type { Link } from '../../src/transport.js'

const disposals: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose()
})

const schemaPath = new URL('../../node_modules/@agentclientprotocol/sdk/schema/v1/schema.json', import.meta.url)
// zod knows neither keyword. The schema uses them only to keep custom variants apart from the known ones.
const withoutNot = (key: string, value: unknown): unknown => (key === 'not' || key === 'unevaluatedProperties' ? undefined : value)
const { $defs } = JSON.parse(readFileSync(schemaPath, 'utf8'), withoutNot) as { $defs: Record<string, Record<string, unknown>> }
const typeFor = (method: string, part: 'Request' | 'Response' | 'Notification'): z.ZodType | undefined => {
  const found = Object.entries($defs).find(([name, def]) => def['x-method'] === method && name.endsWith(part))
  return found && z.fromJSONSchema({ $defs, $ref: `#/$defs/${found[0]}` } as Parameters<typeof z.fromJSONSchema>[0])
}

/** Checks one direction of a conversation: requests, notifications and results that one side wrote. */
function checker() {
  const methodsById = new Map<unknown, string>()
  const problems: string[] = []
  let checked = 0
  const check = (type: z.ZodType | undefined, value: unknown, what: string): void => {
    if (!type) return
    checked += 1
    const result = type.safeParse(value)
    if (!result.success) problems.push(`${what}: ${JSON.stringify(value)}: ${result.error.issues[0]?.message}`)
  }
  return {
    problems,
    count: () => checked,
    /** A line that our side wrote. */
    ours(line: string): void {
      const { id, method, params, result } = JSON.parse(line) as {
        id?: unknown
        method?: string
        params?: unknown
        result?: unknown
      }
      if (method !== undefined) check(typeFor(method, id === undefined ? 'Notification' : 'Request'), params, method)
      else if (result !== undefined)
        check(typeFor(methodsById.get(id) ?? '', 'Response'), result, `result of ${methodsById.get(id)}`)
    },
    /** A line that the SDK wrote: its requests name the type of our results. */
    theirs(line: string): void {
      const { id, method } = JSON.parse(line) as { id?: unknown; method?: string }
      if (method !== undefined && id !== undefined) methodsById.set(id, method)
    },
  }
}

/** A link that shows every line which passes it. */
function watched(link: Link, written: (line: string) => void, read: (line: string) => void): Link {
  const split = (show: (line: string) => void) => {
    const decoder = new TextDecoder()
    let rest = ''
    return (chunk: Uint8Array): void => {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') show(line)
    }
  }
  const showWritten = split(written)
  const showRead = split(read)
  return {
    info: link.info,
    closed: link.closed,
    end: () => link.end(),
    close: (options) => link.close(options),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
    write(chunk) {
      showWritten(chunk)
      return link.write(chunk)
    },
    async read() {
      const chunk = await link.read()
      if (chunk) showRead(chunk)
      return chunk
    },
  }
}

const streamOf = (link: Link) => {
  const { readable, writable } = toWeb(link)
  return ndJsonStream(writable, readable)
}

describe('the SDK of the protocol', () => {
  test('its client drives an agent of the hub, with messages that its schema accepts [acp.sdk-client]', async () => {
    const simulated = createAcpAgentSimulator({
      script: async ({ update, request, sessionId }) => {
        await update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit', kind: 'edit', status: 'pending' })
        await update({
          sessionUpdate: 'tool_call_update',
          toolCallId: 't',
          status: 'completed',
          content: [{ type: 'diff', path: '/a', newText: 'b' }],
        })
        await update({ sessionUpdate: 'plan', entries: [{ content: 'Look', priority: 'high', status: 'completed' }] })
        await update({ sessionUpdate: 'usage_update', used: 1, size: 10, cost: { amount: 1, currency: 'USD' } })
        await request('session/request_permission', {
          sessionId,
          toolCall: { toolCallId: 't', title: 'Edit' },
          options: [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }],
        })
        await request('elicitation/create', {
          mode: 'form',
          sessionId,
          message: 'Which?',
          requestedSchema: {
            type: 'object',
            properties: { a: { type: 'string' }, b: { type: 'array', items: { type: 'string', enum: ['x'] } } },
          },
        })
        await update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'done' } })
        return 'end_turn'
      },
    })
    const hub = await createHub({ sources: [acpSource({ transport: simulated.transport, cwd: '/work' })] })
    disposals.push(() => hub.close())
    const [near, far] = memoryPair()
    const wire = checker()
    const serving = serveAcp(hub, watched(far, wire.ours, wire.theirs), { agent: 'acp/main' })
    disposals.push(() => serving.close())

    const updates: unknown[] = []
    const editor = sdkClient({ name: 'editor' })
      .onRequest(methods.client.session.requestPermission, async () => ({ outcome: { outcome: 'selected', optionId: 'yes' } }))
      .onRequest(methods.client.elicitation.create, async () => ({ action: 'accept', content: { a: 'text', b: ['x'] } }))
      .onNotification(methods.client.session.update, async ({ params }) => void updates.push(params.update))
    const stopReason = await editor.connectWith(streamOf(near), async (context) => {
      await context.request(methods.agent.initialize, { protocolVersion: 1, clientCapabilities: { elicitation: { form: {} } } })
      const { sessionId } = await context.request(methods.agent.session.new, { cwd: '/work', mcpServers: [] })
      const reply = await context.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text: 'go' }] })
      return reply.stopReason
    })
    expect(stopReason).toBe('end_turn')
    expect(wire.problems).toEqual([])
    expect(wire.count()).toBeGreaterThan(8)
    expect(updates.length).toBeGreaterThan(5)
    expect(simulated.received.filter(({ result }) => result !== undefined)).toMatchObject([
      { result: { outcome: { optionId: 'yes' } } },
      { result: { action: 'accept', content: { a: 'text', b: ['x'] } } },
    ])
  })

  test('the source drives an agent made with that SDK, with messages that its schema accepts [acp.sdk-agent]', async () => {
    const wire = checker()
    const app = sdkAgent({ name: 'agent' })
      .onRequest(methods.agent.initialize, async () => ({ protocolVersion: 1, agentCapabilities: {} }))
      .onRequest(methods.agent.session.new, async () => ({ sessionId: 's1' }))
      .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
        await client.notify(methods.client.session.update, {
          sessionId: params.sessionId,
          update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'Hello' } },
        })
        const { outcome } = await client.request(methods.client.session.requestPermission, {
          sessionId: params.sessionId,
          toolCall: { toolCallId: 't', title: 'Run' },
          options: [{ optionId: 'no', name: 'Reject', kind: 'reject_once' }],
        })
        return { stopReason: outcome.outcome === 'selected' ? 'end_turn' : 'cancelled' }
      })
      .onNotification(methods.agent.session.cancel, async () => {})
    const transport = {
      kind: 'stream',
      name: 'sdk',
      async open() {
        const [near, far] = memoryPair()
        const connection = app.connect(streamOf(far))
        disposals.push(async () => connection.close())
        return watched(near, wire.ours, wire.theirs)
      },
    } as const
    const hub = await createHub({
      sources: [acpSource({ transport, cwd: '/work' })],
      policy: [{ name: 'never', rules: [{ match: { kind: 'permission' }, then: 'deny' }] }],
    })
    disposals.push(() => hub.close())
    expect(await hub.prompt('acp/main', 'go').end()).toMatchObject({ outcome: 'completed', text: 'Hello' })
    expect(wire.problems).toEqual([])
    expect(wire.count()).toBeGreaterThan(3)
  })
})
