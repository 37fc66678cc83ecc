/** The web port: requests as recorded, answers as recorded, and a stream that is joined across connections that replay nothing. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createCccc, type CcccClient, type CcccEventStream, type Loose } from '../../src/cccc/index.js'
import { ccccWebPort, type CcccWebSocket, type CcccWebTerminals } from '../../src/cccc/web/index.js'
import type { Clock, Exchange, ExchangeTransport, OpenOptions, Reply } from '../../src/index.js'
import { createFakeClock } from '../../src/testing/index.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const GROUP = 'g_0123456789ab'

function json(status: number, body: unknown): Reply {
  const body_ = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes(JSON.stringify(body)))
      controller.close()
    },
  })
  return { status, headers: { 'content-type': 'application/json' }, body: body_ }
}

/** The own answer of a proxy. */
const page = (status: number): Reply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: new Blob(['<html><h1>Bad Gateway</h1></html>']).stream(),
})

interface Recorded {
  readonly kind: string
  readonly method: string
  readonly path: string
  readonly request_body: Loose | null
  readonly status: number
  readonly response_body: unknown
}
const recorded = (file: string): Recorded[] =>
  readFileSync(new URL(`../fixtures/cccc/${file}.ndjson`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded)
    .filter(({ kind }) => kind === 'http')

/** Answers from a recording, by method and path without ids; records the requests. */
function replay(file: string) {
  const asked: Exchange[] = []
  const shape = (path: string): string => path.replace(/[ge]?_?[0-9a-f]{12,32}/g, '*').replace(/\?.*/, '')
  const exchange: ExchangeTransport = {
    kind: 'exchange',
    name: 'recorded',
    async exchange(request) {
      asked.push(request)
      const found = recorded(file).find(
        (each) => each.method === request.method && shape(each.path) === shape(request.path) && each.status !== 401,
      )
      return found
        ? json(found.status, found.response_body)
        : json(404, { ok: false, error: { code: 'not_found', message: 'Not Found' } })
    },
  }
  return { asked, client: createCccc({ transport: ccccWebPort({ exchange }) }) }
}

describe('a request', () => {
  const CALLS: readonly [string, (client: CcccClient) => Promise<unknown>, string, string, Loose | undefined][] = [
    ['ping', (client) => client.daemon.ping(), 'GET', '/api/v1/ping', undefined],
    ['groups', (client) => client.groups.list(), 'GET', '/api/v1/groups', undefined],
    [
      'a new group',
      (client) => client.call('group_create', { title: 'web demo', topic: 't' }),
      'POST',
      '/api/v1/groups',
      { title: 'web demo', topic: 't' },
    ],
    [
      'a deletion, confirmed',
      (client) => client.groups.delete({ groupId: GROUP }),
      'DELETE',
      `/api/v1/groups/${GROUP}?by=user&confirm=${GROUP}`,
      undefined,
    ],
    [
      'a patch, flat',
      (client) => client.groups.update({ groupId: GROUP, patch: { title: 'x' } }),
      'PUT',
      `/api/v1/groups/${GROUP}`,
      { by: 'user', title: 'x' },
    ],
    [
      'an actor, its command as one line',
      (client) => client.actors.add({ groupId: GROUP, actorId: 'sh', runtime: 'custom', command: ['sh', '-c', "echo 'a b'"] }),
      'POST',
      `/api/v1/groups/${GROUP}/actors`,
      { actor_id: 'sh', runtime: 'custom', command: `sh -c 'echo '\\''a b'\\'''`, by: 'user' },
    ],
    [
      'a state, in the query',
      (client) => client.groups.setState({ groupId: GROUP, state: 'paused' }),
      'POST',
      `/api/v1/groups/${GROUP}/state?state=paused&by=user`,
      {},
    ],
    [
      'an id that needs escaping',
      (client) => client.groups.show({ groupId: '../x?y' }),
      'GET',
      '/api/v1/groups/..%2Fx%3Fy',
      undefined,
    ],
  ]
  test.each(CALLS)(
    'for %s has the method, the path and the body of the recording [cccc.web-requests]',
    async (_, run, method, path, body) => {
      const { asked, client } = replay('http-0.4.3')
      await run(client).catch(() => {})
      await client.close()
      const [first] = asked
      expect([first?.method, first?.path]).toEqual([method, path])
      expect(first?.body === undefined ? undefined : JSON.parse(String(first.body))).toEqual(body)
    },
  )
})

describe('an answer', () => {
  test('is the envelope of the daemon, with status 200 even for a refusal [cccc.web-answers]', async () => {
    const { client } = replay('http-0.4.3')
    expect((await client.call('ping')).pid).toBe(7632)
    expect((await client.groups.list()).groups).toEqual([])
    await expect(client.groups.show({ groupId: 'g_missing' })).rejects.toMatchObject({
      code: 'not_found',
      remoteCode: 'group_not_found',
    })
  })

  test('of the web layer is typed too; an op without a route is unsupported [cccc.web-unsupported]', async () => {
    const refusing = (status: number, code: string): CcccClient =>
      createCccc({
        transport: ccccWebPort({
          exchange: {
            kind: 'exchange',
            name: 'x',
            exchange: async () => json(status, { ok: false, error: { code, message: code, details: [] } }),
          },
        }),
      })
    await expect(refusing(401, 'unauthorized').call('groups')).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(refusing(401, 'bootstrap_required').call('groups')).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(refusing(403, 'read_only').call('group_create')).rejects.toMatchObject({ code: 'permission_denied' })
    await expect(refusing(422, 'validation_error').call('send', { group_id: 'g', text: '' })).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    await expect(refusing(404, 'not_found').call('groups')).rejects.toMatchObject({ code: 'unsupported', remoteCode: 'unknown_op' })
    await expect(refusing(200, '').call('notify_ack' as string, {})).rejects.toMatchObject({ code: 'unsupported', sent: 'no' })
    await expect(refusing(200, '').terminal.attach({ groupId: 'g', actorId: 'a' })).rejects.toMatchObject({ code: 'unsupported' })
  })

  test('of a compatibility check over HTTP is about routes, not about empty calls [cccc.web-compat]', async () => {
    const { asked, client } = replay('http-0.4.3')
    expect((await client.assertCompatible({ ops: ['send', 'group_create'] })).ops).toEqual({
      send: 'inferred',
      group_create: 'inferred',
    })
    await expect(client.assertCompatible({ ops: ['notify_ack'] })).rejects.toMatchObject({ code: 'incompatible' })
    expect(asked.map(({ path }) => path)).toEqual(['/api/v1/ping', '/api/v1/ping'])
    await client.close()
  })

  /** Answers a ping as a daemon does, and everything else as told. */
  const answering = (reply: (path: string, signal: AbortSignal) => Reply | Promise<Reply>): ExchangeTransport => ({
    kind: 'exchange',
    name: 'x',
    exchange: async ({ path }, options) => (path.endsWith('/ping') ? json(200, PING) : reply(path, options?.signal as AbortSignal)),
  })
  const PING = {
    ok: true,
    result: { daemon: { version: '0.4.3', pid: 7, ts: '2026-03-01T10:00:00Z', ipc_v: 1, capabilities: {} } },
  }

  test('of a proxy is not an answer of the daemon: it is typed by its status, and has sent: maybe [cccc.web-proxy]', async () => {
    const through = (status: number): CcccClient =>
      createCccc({ transport: ccccWebPort({ exchange: answering(() => page(status)) }) })
    const refused = await through(502)
      .call('groups')
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'CcccError', code: 'unreachable', op: 'groups', status: 502, sent: 'maybe' })
    expect(refused).not.toHaveProperty('remoteCode')
    await expect(through(504).call('groups')).rejects.toMatchObject({ code: 'deadline_exceeded', sent: 'maybe' })
    await expect(through(200).call('groups')).rejects.toMatchObject({ code: 'invalid_message', status: 200, sent: 'maybe' })
    await expect(through(404).call('groups')).rejects.toMatchObject({ code: 'unsupported', remoteCode: 'unknown_op' })
  })

  test('of a proxy gives no information about routes; an error envelope of the daemon does [cccc.web-proxy]', async () => {
    const through = (reply: () => Reply): CcccClient => createCccc({ transport: ccccWebPort({ exchange: answering(reply) }) })
    await expect(through(() => page(502)).describe()).rejects.toMatchObject({ code: 'unreachable', status: 502 })
    const unready = through(() => json(503, { ok: false, error: { code: 'daemon_unavailable', message: 'not yet' } }))
    expect((await unready.describe()).dialect).toBe('C')
  })

  test('about its dialect that never arrives is abandoned, with or without waiting calls [cccc.describe-shared]', async () => {
    const clock = createFakeClock()
    const never = answering(
      (_path, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    )
    const client = createCccc({ transport: ccccWebPort({ exchange: never, clock }), clock })
    const asked = expect(client.describe()).rejects.toMatchObject({ code: 'deadline_exceeded' })
    await clock.advance(30_000)
    await asked
    const again = expect(client.describe()).rejects.toMatchObject({ code: 'closed' })
    await clock.advance(1)
    await client.close()
    await again
    expect(clock.timers).toBe(0)
  })

  test('shows the dialect by the existing routes [cccc.web-dialect]', async () => {
    const { client } = replay('http-0.4.3')
    // The recording of the oldest dialect has neither route.
    expect((await client.describe()).dialect).toBe('A')
    await client.close()
  })
})

/** A web port with one ledger: its stream begins when a subscriber comes, and replays nothing. */
function ledgerPort() {
  const ledger: Loose[] = []
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>()
  let count = 0
  const event = (kind: string): Loose => {
    count += 1
    const ts = `2026-03-01T10:00:00.${String(count).padStart(6, '0')}Z`
    return {
      v: 1,
      id: String(count).padStart(32, '0'),
      ts,
      kind,
      group_id: GROUP,
      scope_key: '',
      by: 'user',
      data: { text: `m${count}` },
    }
  }
  const port = {
    connections: 0,
    tails: 0,
    /** The number of next subscribers that get the page of a proxy. */
    badGateways: 0,
    /** The number of next subscribers, and of reads of the tail, that get no answer. */
    silences: { stream: 0, tail: 0 },
    /** Writes an event to the ledger only, not to the stream. */
    write(kind = 'chat.message'): Loose {
      const made = event(kind)
      ledger.push(made)
      return made
    },
    push(kind = 'chat.message', repeat?: Loose): void {
      const made = repeat ?? port.write(kind)
      for (const stream of streams) stream.enqueue(bytes(`event: ledger\ndata: ${JSON.stringify(made)}\n\n`))
    },
    say(text: string): void {
      for (const stream of streams) stream.enqueue(bytes(text))
    },
    reset(): void {
      for (const stream of streams) stream.error(new TypeError('terminated'))
      streams.clear()
    },
    drop(): void {
      for (const stream of streams) stream.close()
      streams.clear()
    },
    exchange: {
      kind: 'exchange',
      name: 'ledger',
      async exchange({ path }: Exchange, { signal }: OpenOptions = {}): Promise<Reply> {
        if (path.includes('/ledger/tail')) {
          port.tails += 1
          if (port.silences.tail > 0) {
            port.silences.tail -= 1
            return given(signal)
          }
          const lines = Number(new URL(path, 'http://x').searchParams.get('lines'))
          return json(200, { ok: true, result: { events: ledger.slice(-lines) } })
        }
        if (!path.includes('/ledger/stream')) return json(404, { ok: false, error: { code: 'not_found' } })
        port.connections += 1
        if (port.silences.stream > 0) {
          port.silences.stream -= 1
          return given(signal)
        }
        if (port.badGateways > 0) {
          port.badGateways -= 1
          return page(502)
        }
        let mine: ReadableStreamDefaultController<Uint8Array>
        const body = new ReadableStream<Uint8Array>({
          start(controller) {
            mine = controller
            streams.add(controller)
            controller.enqueue(bytes(': connected\n\n'))
          },
          cancel: () => void streams.delete(mine),
        })
        return { status: 200, headers: { 'content-type': 'text/event-stream' }, body }
      },
    } satisfies ExchangeTransport,
  }
  port.write('group.create')
  return port
}

/** A transport that never answers; each request ends only with its signal. */
const given = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))

async function take(stream: CcccEventStream, count: number): Promise<string[]> {
  const iterator = stream[Symbol.asyncIterator]()
  const seen: string[] = []
  while (seen.length < count) {
    const next = await iterator.next()
    if (next.done) break
    seen.push(next.value.type === 'gap' ? `gap:${next.value.reason}` : String(next.value.event.data.text))
  }
  return seen
}

describe('the stream of the ledger', () => {
  const open = (port: ReturnType<typeof ledgerPort>, more: object = {}, clock?: Clock) => {
    const client = createCccc({ transport: ccccWebPort({ exchange: port.exchange, ...(clock ? { clock } : {}) }) })
    return client.events({ groupId: GROUP, ...more }, { backoff: { baseMs: 1, maxMs: 2 } })
  }

  test('carries pushed events and events written during a break, each once [cccc.web-events]', async () => {
    const port = ledgerPort()
    const stream = await open(port)
    expect(stream.mode).toBe('sse')
    const missed = port.write()
    port.push()
    port.push(undefined, missed)
    port.push()
    expect(await take(stream, 3)).toEqual(['m2', 'm3', 'm4'])
    await stream.close()
  })

  test('is opened again after a broken connection, and gives the events of the meantime [cccc.web-reconnect]', async () => {
    const port = ledgerPort()
    const stream = await open(port, { kinds: ['chat.message'] })
    const iterator = stream[Symbol.asyncIterator]()
    port.push()
    await iterator.next()
    port.drop()
    port.write('context.sync')
    port.write()
    const next = await iterator.next()
    expect(next.value).toMatchObject({ type: 'event', event: { data: { text: 'm4' } } })
    await expect.poll(() => port.connections).toBe(2)
    port.say('event: error\ndata: {"code":"slow_consumer"}\n\n')
    await expect.poll(() => port.connections).toBe(3)
    await stream.close()
  })

  test('reads the ledger once for all events of one chunk [cccc.web-events]', async () => {
    const port = ledgerPort()
    // The clock stands still, so the second read never happens.
    const stream = await open(port, {}, createFakeClock())
    await expect.poll(() => port.tails).toBe(2)
    const events = [port.write(), port.write(), port.write()]
    port.say(events.map((event) => `event: ledger\ndata: ${JSON.stringify(event)}\n\n`).join(''))
    expect(await take(stream, 3)).toEqual(['m2', 'm3', 'm4'])
    expect(port.tails).toBe(3)
    await stream.close()
  })

  test('is opened again after a fault of its body, with any error code of the transport [cccc.web-reconnect]', async () => {
    const port = ledgerPort()
    const stream = await open(port)
    const iterator = stream[Symbol.asyncIterator]()
    port.push()
    await iterator.next()
    port.reset()
    port.write()
    expect((await iterator.next()).value).toMatchObject({ type: 'event', event: { data: { text: 'm3' } } })
    await stream.close()
  })

  test.each(['stream', 'tail'] as const)(
    'is opened again although the request for its %s gets no answer [cccc.web-silent]',
    async (what) => {
      const port = ledgerPort()
      const clock = createFakeClock()
      const stream = await open(port, {}, clock)
      const iterator = stream[Symbol.asyncIterator]()
      port.push()
      await iterator.next()
      port.silences[what] = 1
      port.drop()
      port.write()
      await expect.poll(() => port.silences[what]).toBe(0)
      const next = iterator.next()
      await clock.advance(30_000)
      expect((await next).value).toMatchObject({ type: 'event', event: { data: { text: 'm3' } } })
      await stream.close()
    },
  )

  test('is opened again although a proxy answers in between [cccc.web-proxy]', async () => {
    const port = ledgerPort()
    const stream = await open(port, { kinds: ['chat.message'] })
    const iterator = stream[Symbol.asyncIterator]()
    port.push()
    await iterator.next()
    port.badGateways = 1
    port.drop()
    port.write()
    expect((await iterator.next()).value).toMatchObject({ type: 'event', event: { data: { text: 'm3' } } })
    expect(port.connections).toBe(3)
    await stream.close()
  })

  test('reports a gap if its tail no longer reaches back [cccc.web-gap]', async () => {
    const port = ledgerPort()
    const cursor = { eventId: 'f'.repeat(32), ts: '2026-03-01T09:00:00.000000Z' }
    const stream = await open(port, { cursor, kinds: ['chat.message'] })
    port.push()
    expect(await take(stream, 2)).toEqual(['gap:expired', 'm2'])
    await stream.close()
  })

  test('refuses the view of an actor, which it does not have [cccc.web-view]', async () => {
    await expect(open(ledgerPort(), { by: 'peer1' })).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('a terminal', () => {
  test('that ends before its answer has sent: maybe if its WebSocket was open [cccc.web-terminal-ended]', async () => {
    const ending = (opens: boolean, code: number): NonNullable<CcccWebTerminals['webSocket']> =>
      class implements CcccWebSocket {
        binaryType = ''
        readyState = 0
        constructor() {
          this.#events.addEventListener('close', () => {
            this.readyState = 3
          })
          queueMicrotask(() => {
            if (opens) this.#events.dispatchEvent(new Event('open'))
            this.#events.dispatchEvent(Object.assign(new Event('close'), { code, reason: '' }))
          })
        }
        readonly #events = new EventTarget()
        send(): void {}
        close(): void {}
        addEventListener(type: string, listener: (event: unknown) => void): void {
          this.#events.addEventListener(type, listener)
        }
      }
    const attach = (opens: boolean, code: number): Promise<unknown> => {
      const exchange: ExchangeTransport = {
        kind: 'exchange',
        name: 'x',
        exchange: async () => json(404, { ok: false, error: { code: 'not_found' } }),
      }
      const terminals = { url: 'http://127.0.0.1:1', webSocket: ending(opens, code) }
      return createCccc({ transport: ccccWebPort({ exchange, terminals }) }).terminal.attach({ groupId: 'g', actorId: 'a' })
    }
    await expect(attach(true, 1000)).rejects.toMatchObject({ code: 'closed', sent: 'maybe' })
    await expect(attach(true, 1006)).rejects.toMatchObject({ code: 'closed', sent: 'maybe' })
    await expect(attach(false, 1006)).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
  })
})
