/** Answers of proxies in front of a CatSyphon server; and requests that a browser would not send. */
import { expect, test } from 'vitest'
import { createCatsyphon, type CatsyphonEvent, type CatsyphonOptions } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/outbox/index.js'
import type { Exchange, ExchangeTransport, Reply } from '../../src/index.js'
import { createCatsyphonSimulator } from '../../src/testing/index.js'

/** A client whose requests a proxy can answer. */
async function setUp(instead: (request: Exchange) => Reply | undefined, options: Partial<CatsyphonOptions> = {}) {
  const simulator = createCatsyphonSimulator({ generation: 'current' })
  const { id: collectorId, key: apiKey } = simulator.register()
  const events: CatsyphonEvent[] = []
  const requests: Exchange[] = []
  const transport: ExchangeTransport = {
    ...simulator.transport,
    async exchange(request, given) {
      requests.push(request)
      return instead(request) ?? (await simulator.transport.exchange(request, given))
    },
  }
  const client = await createCatsyphon({
    transport,
    collectorId,
    apiKey,
    workspaceId: simulator.workspaceId,
    outbox: catsyphonOutbox(),
    flushIntervalMs: 60_000,
    drainTimeoutMs: 20_000,
    retryConfig: { initialDelayMs: 1, maxDelayMs: 5, jitter: false },
    onEvent: (event) => void events.push(event),
    ...options,
  })
  return { client, events, requests, simulator }
}

const reply = (status: number, type: string, text: string, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': type, ...headers },
  body: new Blob([text]).stream(),
})

test('[catsyphon.proxy-400] an HTML page with status 400 comes from a proxy: the outbox halts, keeps everything, and makes no dead letter', async () => {
  let broken = false
  const page = '<html>400 The plain HTTP request was sent to HTTPS port</html>'
  const { client, events, simulator } = await setUp(({ path }) =>
    broken && path === '/collectors/events' ? reply(400, 'text/html', page) : undefined,
  )
  const session = client.session('s-1')
  await session.start({ agentType: 'demo' })
  expect((await session.flush()).pending).toBe(0)
  broken = true
  for (const content of ['one', 'two', 'three']) await session.message({ role: 'user', content })
  await session.flush()
  expect(client.status()).toMatchObject({ pending: 3, halted: { code: 'incompatible', status: 400 } })
  expect(await client.deadLetters.list()).toEqual([])
  broken = false
  client.resume()
  expect((await session.flush()).pending).toBe(0)
  expect(events.filter(({ type }) => type === 'dead')).toEqual([])
  expect(simulator.ledger.rows('s-1')).toHaveLength(3)
  await client.close()
})

test('[catsyphon.leaving-large] events above the browser’s keepalive limit are sent as ordinary requests while the page is hidden', async () => {
  const { client, requests } = await setUp(() => undefined)
  const session = client.session('s-1')
  client.setLeaving(true)
  await session.start({ agentType: 'demo' })
  await session.flush()
  await session.message({ role: 'user', content: 'x'.repeat(100_000) })
  expect((await session.flush()).pending).toBe(0)
  const sent = requests.filter(({ path }) => path === '/collectors/events')
  expect(sent.map(({ body, keepalive }) => [String(body).length > 64 * 1024, keepalive])).toEqual([
    [false, true],
    [true, false],
  ])
  await client.close()
})

test('[catsyphon.leaving-large] keepalive requests of all sessions together stay within the browser’s limit', async () => {
  let answer = (): void => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const flying: { readonly size: number; readonly keepalive: boolean | undefined }[] = []
  const simulator = createCatsyphonSimulator({ generation: 'current' })
  const { id: collectorId, key: apiKey } = simulator.register()
  const transport: ExchangeTransport = {
    ...simulator.transport,
    async exchange(request, given) {
      if (request.path === '/collectors/events') {
        flying.push({ size: String(request.body).length, keepalive: request.keepalive })
        if (flying.length === 3) answer()
        await answered
      }
      return await simulator.transport.exchange(request, given)
    },
  }
  const outbox = catsyphonOutbox()
  const client = await createCatsyphon({ transport, collectorId, apiKey, outbox, flushIntervalMs: 60_000, drainTimeoutMs: 20_000 })
  client.setLeaving(true)
  const metadata = { padding: 'x'.repeat(30_000) }
  for (const id of ['s-1', 's-2', 's-3']) await client.session(id).start({ agentType: 'demo', metadata })
  expect((await client.flush()).pending).toBe(0)
  const outliving = flying.filter(({ keepalive }) => keepalive)
  expect(outliving.length).toBeGreaterThan(0)
  expect(outliving.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(64 * 1024)
  await client.close()
})

test('[catsyphon.large-summary] a completion that is too large for a proxy becomes a dead letter, and its session continues', async () => {
  const { client, events, simulator } = await setUp(({ body }) =>
    String(body).length > 1024 * 1024 ? reply(413, 'text/html', '<html>413</html>') : undefined,
  )
  const session = client.session('s-1')
  await session.start({ agentType: 'demo' })
  expect(await session.complete({ summary: 'x'.repeat(1_100_000), timeoutMs: 5_000 })).toEqual({ pending: 0 })
  expect(events.filter(({ type }) => type === 'dead')).toHaveLength(2)
  expect(simulator.ledger.sessions.has('s-1')).toBe(true)
  await client.close()
})

test('[catsyphon.long-retry-after] a Retry-After is obeyed for at most an hour', async () => {
  let asked = 0
  const { client, events } = await setUp(({ path }) => {
    if (path !== '/collectors/events') return undefined
    asked += 1
    return asked === 1 ? reply(429, 'application/json', '{}', { 'retry-after': '999999999' }) : undefined
  })
  const session = client.session('s-1')
  await session.start({ agentType: 'demo' })
  const flushed = session.flush()
  await expect.poll(() => events.find(({ type }) => type === 'retrying')).toMatchObject({ delayMs: 3_600_000 })
  client.nudge()
  expect((await flushed).pending).toBe(0)
  await client.close()
})

test('[catsyphon.conversation-order] messages of one millisecond are sorted by their microseconds', async () => {
  const message = (id: string, timestamp: string) => ({ id, role: 'user', content: id, timestamp })
  const messages = [
    message('third', '2026-01-01T00:00:00.002000+00:00'),
    message('second', '2026-01-01T00:00:00.001900+00:00'),
    message('first', '2026-01-01T00:00:00.001100+00:00'),
  ]
  const { client } = await setUp(({ path }) =>
    path.startsWith('/conversations/') ? reply(200, 'application/json', JSON.stringify({ id: 'c', messages })) : undefined,
  )
  const found = await client.getConversation('c')
  expect(found?.messages.map(({ id }) => id)).toEqual(['first', 'second', 'third'])
  await client.close()
})

test('[catsyphon.conversation-order] messages of equal times keep their order, and a value that is not a list of messages is returned as it is', async () => {
  let messages: unknown
  const { client } = await setUp(({ path }) =>
    path.startsWith('/conversations/') ? reply(200, 'application/json', JSON.stringify({ id: 'c', messages })) : undefined,
  )
  const at = '2026-01-01T00:00:00.001100+00:00'
  messages = ['a', 'b', 'c'].map((id) => ({ id, role: 'user', content: id, timestamp: at }))
  expect((await client.getConversation('c'))?.messages).toEqual(messages)
  messages = [null, { id: 'a', role: 'user', content: '', timestamp: at }, 7]
  expect((await client.getConversation('c'))?.messages).toEqual(expect.arrayContaining(messages as unknown[]))
  messages = { none: true }
  expect((await client.getConversation('c'))?.messages).toEqual(messages)
  messages = undefined
  expect((await client.getConversation('c'))?.messages).toEqual([])
  await client.close()
})
