/**
 * The protocol's own SDK on the other side: its client drives an agent of our hub, our source drives an agent made with it. Every message that
 * we send is checked against the SDK's JSON schema.
 */
import { agent as sdkAgent, client as sdkClient, methods, ndJsonStream } from '@agentclientprotocol/sdk'
import { afterEach, describe, expect, test } from 'vitest'
import { acpSource, serveAcp } from '../../src/acp/index.js'
import { toWeb } from '../../src/core/to-web.js'
import { createHub } from '../../src/hub/index.js'
import { createAcpAgentSimulator, memoryPair } from '../../src/testing/index.js'
import type { Link } from '../../src/transport.js'
import { createSchemaCheck } from './schema-check.js'

const disposals: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose()
})

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
    const wire = createSchemaCheck()
    const serving = serveAcp(hub, wire.link(far), { agent: 'acp/main' })
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
    expect([...wire.ours.problems, ...wire.theirs.problems]).toEqual([])
    expect([...wire.ours.checked]).toEqual(
      expect.arrayContaining(['session/update', 'session/request_permission', 'elicitation/create']),
    )
    expect(updates.length).toBeGreaterThan(5)
    expect(simulated.received.filter(({ result }) => result !== undefined)).toMatchObject([
      { result: { outcome: { optionId: 'yes' } } },
      { result: { action: 'accept', content: { a: 'text', b: ['x'] } } },
    ])
  })

  test('the source drives an agent made with that SDK, with messages that its schema accepts [acp.sdk-agent]', async () => {
    const wire = createSchemaCheck()
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
        return wire.link(near)
      },
    } as const
    const hub = await createHub({
      sources: [acpSource({ transport, cwd: '/work' })],
      policy: [{ name: 'never', rules: [{ match: { kind: 'permission' }, then: 'deny' }] }],
    })
    disposals.push(() => hub.close())
    expect(await hub.prompt('acp/main', 'go').end()).toMatchObject({ outcome: 'completed', text: 'Hello' })
    expect([...wire.ours.problems, ...wire.theirs.problems]).toEqual([])
    expect([...wire.ours.checked]).toEqual(
      expect.arrayContaining(['initialize', 'session/new', 'session/prompt', 'result of session/request_permission']),
    )
  })
})
