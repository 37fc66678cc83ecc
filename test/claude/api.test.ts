/** The Messages API in place of the CLI: over MSW, over a real port with fetch, and with the client. */
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messagesApi } from '../../src/claude/api/index.js'
import { createFullClaude, createSdkMcpServer, tool } from '../../src/claude/index.js'
import { messagesHandlers } from '../../src/testing/msw/claude.js'
import type { ExchangeTransport } from '../../src/transport.js'
import { fetchExchange } from '../../transports/web/index.js'
import { imitateMessagesApi, type Imitation } from './messages-api.js'

const bodies: { model: string; max_tokens: number; messages: unknown[] }[] = []
const worker = setupServer(...messagesHandlers({ onRequest: (body) => void bodies.push(body as (typeof bodies)[number]) }))
let imitation: Imitation
beforeAll(async () => {
  imitation = await imitateMessagesApi()
  worker.listen({ onUnhandledRequest: 'bypass' })
})
afterAll(async () => {
  worker.close()
  await imitation.close()
})

const clientOf = (baseUrl: string) =>
  createFullClaude({
    transport: messagesApi({ exchange: fetchExchange({ baseUrl }), apiKey: 'sk-ant-test-key', maxRetries: 1 }),
    limiter: false,
  })

test('[claude.api] a query over MSW gives the answer and its cost, and sends the limits of the request', async () => {
  const claude = clientOf('https://api.anthropic.com')
  const result = await claude.query('FAKE:echo:hello', { model: 'sonnet', maxTokens: 77 }).result()
  expect(result).toMatchObject({ text: 'hello', isError: false })
  expect(result.raw.backend).toBe('messages-api')
  expect(result.costUsd).toBeGreaterThan(0)
  expect(bodies.at(-1)).toMatchObject({ model: 'claude-sonnet-4-5', max_tokens: 77 })
  await claude.close()
})

describe('on a real port', () => {
  test('[claude.api] sessions keep their history, deltas arrive, and tools of this process run', async () => {
    const claude = clientOf(imitation.url)
    const session = claude.createSession({ options: { includePartial: true } })
    expect(await session.sendMessage('FAKE:recall one').text()).toContain('seen: 1')
    let shown = ''
    for await (const message of session.sendMessage('FAKE:recall two')) if (message.type === 'text') shown += message.content
    expect(shown).toContain('seen: 2')
    const add = tool<{ a: number; b: number }>('add', 'Adds', { type: 'object', required: ['a', 'b'] }, ({ a, b }) => String(a + b))
    const calc = createSdkMcpServer({ name: 'calc', tools: [add] })
    expect(await claude.querySimple('FAKE:tool:mcp__calc__add {"a":2,"b":3}', { mcpServers: { calc } })).toContain('5')
    await claude.close()
  })

  test('[claude.api] failures equal those of the CLI, an interrupt ends the turn, and features of the CLI alone are refused', async () => {
    const claude = clientOf(imitation.url)
    const fail = (prompt: string) => claude.querySimple(prompt).catch((error) => error)
    expect(await fail('FAKE:401')).toMatchObject({ name: 'CLIAuthenticationError', code: 'unauthenticated' })
    expect(await fail('FAKE:400')).toMatchObject({ name: 'APIClientError', code: 'invalid_argument', status: 400 })
    expect(await fail('FAKE:429')).toMatchObject({ name: 'APIRateLimitError', code: 'rate_limited', status: 429 })
    expect(await fail('FAKE:500')).toMatchObject({ code: 'unavailable', status: 500 })
    expect(await fail('FAKE:cut:x')).toMatchObject({ code: 'unavailable' })
    const session = claude.createSession({ options: { includePartial: true } })
    const turn = session.sendMessage('FAKE:slow:300')
    for await (const message of turn) if (message.type === 'text') void turn.interrupt()
    await expect(turn.result()).rejects.toMatchObject({ code: 'aborted' })
    expect(await session.sendMessage('FAKE:recall after').text()).toContain('seen: 1')
    await expect(claude.querySimple('x', { resume: 'y' })).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
    await claude.close()
  })
})

test('[claude.api] a missing API key fails before anything is sent', async () => {
  const transport = messagesApi({ exchange: fetchExchange({ baseUrl: imitation.url }), requireKey: true })
  const claude = createFullClaude({ transport, retry: false })
  await expect(claude.querySimple('x')).rejects.toMatchObject({ name: 'APINotAvailableError', sent: 'no' })
  await claude.close()
})

test('[claude.api] an error name such as constructor is an unknown failure', async () => {
  const error = JSON.stringify({ type: 'error', error: { type: 'constructor', message: 'strange' } })
  const replies = [
    { status: 200, text: `event: error\ndata: ${error}\n\n` },
    { status: 501, text: error },
  ]
  const exchange: ExchangeTransport = {
    kind: 'exchange',
    name: 'scripted',
    async exchange() {
      const { status = 500, text = '' } = replies.shift() ?? {}
      return { status, headers: {}, body: new Response(text).body }
    },
  }
  const claude = createFullClaude({ transport: messagesApi({ exchange, apiKey: 'sk-ant-test-key', maxRetries: 0 }), retry: false })
  for (let count = 0; count < 2; count += 1)
    await expect(claude.querySimple('x')).rejects.toMatchObject({ code: 'unavailable', remoteCode: 'server_error' })
  await claude.close()
})
