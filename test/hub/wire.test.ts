/** The hub on a wire: what a client may do, and what happens when its link dies. */
import { expect, test } from 'vitest'
import { SignalboxError } from '../../src/errors.js'
import { createHub, createHubClient, serveHub, type Hub, type HubEvent, type Source, type SourceSink } from '../../src/hub/index.js'
import { hubServer } from '../../src/hub/wire/serve.js'
import { createTurn, type TurnAccess } from '../../src/hub/turns/turn.js'
import { createScriptedSystem } from '../../src/testing/hub/index.js'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { joinBytes } from '../../src/core/join-bytes.js'
import { createReader } from '../../src/core/messages.js'
import { memoryStore, type Store } from '../../src/store/index.js'
import { createFakeClock, memoryPair } from '../../src/testing/index.js'
import { memoryServer } from '../../src/testing/memory-server.js'
import type { Link } from '../../src/transport.js'
import { hubOverLink } from './over-link.js'

test('a client without the scope is refused, and its link stays open [hub.wire.scope]', async () => {
  const system = createScriptedSystem()
  await using hub = await hubOverLink({ sources: [system.source()] }, { scopes: ['observe'] })
  await expect(hub.prompt('script/a', 'x').accepted()).rejects.toMatchObject({ code: 'permission_denied', sent: 'no' })
  await expect(hub.answer('x', { accept: true })).rejects.toMatchObject({ code: 'permission_denied' })
  expect(await hub.agents()).toHaveLength(1)
  expect(system.ledger.prompts).toEqual([])
})

test('the server sets the by of prompts and answers, and ignores the one that the client sends [hub.wire.by]', async () => {
  const system = createScriptedSystem()
  await using hub = await hubOverLink({ sources: [system.source()] }, { by: 'page' })
  await hub.prompt('script/a', 'x', { by: 'admin' }).end()
  expect(system.ledger.prompts[0]?.by).toBe('page')
})

test('a secret is refused on a link that others could read, with advice [hub.secret.link]', async () => {
  const system = createScriptedSystem({ script: async (turn) => void (await turn.ask({ nativeId: 'pin', kind: 'secret' })) })
  await using hub = await hubOverLink({ sources: [system.source()] }, { secrets: false })
  hub.prompt('script/a', 'x')
  await expect.poll(async () => (await hub.asks()).length).toBe(1)
  const [ask] = await hub.asks()
  const refused = hub.answer(ask?.id ?? '', { secret: '1234' })
  await expect(refused).rejects.toMatchObject({ code: 'permission_denied', message: expect.stringContaining('own machine') })
  expect(await hub.asks()).toHaveLength(1)
  expect(system.ledger.answers).toEqual([])
})

test('a watch continues over a new link without a duplicate or missing event [hub.order.link]', async () => {
  const system = createScriptedSystem()
  await using hub = await createHub({ sources: [system.source()] })
  const server = memoryServer()
  const links: Link[] = []
  void (async () => {
    for await (const link of server.accept()) {
      links.push(link)
      void serveHub(hub, link)
    }
  })()
  await using client = createHubClient({ transport: server.transport })
  const seen: HubEvent[] = []
  const stream = client.watch({ from: 'oldest' })
  const reading = (async () => {
    for await (const event of stream) seen.push(event)
  })()
  for (let count = 0; count < 12; count += 1) {
    await hub.prompt('script/a', `${count}`).end()
    if (count % 3 === 0) await links.at(-1)?.close()
  }
  await expect.poll(() => seen.filter(({ kind }) => kind === 'end').length).toBe(12)
  const whole: number[] = []
  for await (const { seq } of hub.watch({ from: 'oldest' })) {
    whole.push(seq)
    if (seq === seen.at(-1)?.seq) break
  }
  expect(seen.map(({ seq }) => seq)).toEqual(whole)
  expect(links.length).toBeGreaterThan(1)
  await stream.close()
  await reading
  await server[Symbol.asyncDispose]()
})

test('a client that reads no events does not delay its other calls [hub.bounded.link]', async () => {
  const system = createScriptedSystem({
    script: (turn) => {
      for (let count = 0; count < 5000; count += 1) turn.say('x'.repeat(200), `m${count}`)
      turn.end()
    },
  })
  await using hub = await hubOverLink({ sources: [system.source()] })
  const idle = hub.watch({ from: 'oldest' })[Symbol.asyncIterator]()
  await idle.next()
  expect((await hub.prompt('script/a', 'x').end()).outcome).toBe('completed')
  expect(await hub.agents()).toHaveLength(1)
  await idle.return?.()
})

test('a page of history above 1,000 events is refused over a link [hub.wire.history]', async () => {
  await using hub = await hubOverLink({ sources: [createScriptedSystem().source()] })
  await expect(hub.history('script/a', { limit: 1_001 })).rejects.toMatchObject({
    code: 'invalid_argument',
    sent: 'no',
    message: expect.stringContaining('1 to 1000'),
  })
  expect((await hub.history('script/a', { limit: 1_000 })).events).toEqual([])
})

test('watches above the limit of a link are refused, and a second one with the same id ends the link [hub.wire.watches]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem().source()] })
  const [near, far] = memoryPair()
  const serving = serveHub(hub, far, { maxWatches: 2 })
  const reader = createReader<{ id: number; error?: { code: string } }>(near, ndjsonDecoder())
  const watch = (id: number) => near.write(encodeNdjson({ id, method: 'watch', params: { kinds: ['turn'] } }))
  for (const id of [1, 2, 3]) await watch(id)
  expect(await reader.next()).toMatchObject({ id: 3, error: { code: 'rate_limited' } })
  await near.write(encodeNdjson({ id: 1, method: 'stop' }))
  expect(await reader.next()).toEqual({ id: 1, end: true })
  await watch(4)
  await watch(4)
  await serving
  expect((await near.closed).kind).not.toBe('local')
})

test('a client that takes no line gets no page read for its other watches, and its link ends at once [hub.wire.watches]', async () => {
  const system = createScriptedSystem()
  const store = memoryStore()
  let reads = 0
  const counting: Store = {
    ...store,
    async log(name) {
      const log = await store.log(name)
      return {
        ...log,
        read(from, options) {
          reads += 1
          return log.read(from, options)
        },
      }
    },
  }
  await using hub = await createHub({ sources: [system.source()], store: counting })
  for (let count = 0; count < 700; count += 1) await hub.prompt('script/a', `${count} ${'x'.repeat(2_000)}`).end()
  reads = 0
  const [near, far] = memoryPair()
  const serving = serveHub(hub, far)
  const lines = Array.from({ length: 32 }, (_, id) => ({ id, method: 'watch', params: { from: 'oldest' } })).map(encodeNdjson)
  for (const line of lines) await near.write(line)
  for (let seen = -1; seen !== reads; ) {
    seen = reads
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(reads).toBeGreaterThan(0)
  expect(reads).toBeLessThan(16)
  await near.close()
  await serving
})

test('a line that is not a request ends the link, and an unknown method is refused [hub.wire.broken]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem().source()] })
  const [near, far] = memoryPair()
  const serving = serveHub(hub, far)
  await near.write(new TextEncoder().encode('{"id":1,"method":"toString","params":{}}\n'))
  const answer = new TextDecoder().decode((await near.read()) ?? undefined)
  expect(JSON.parse(answer)).toMatchObject({ id: 1, error: { code: 'unsupported' } })
  await near.write(new TextEncoder().encode('["no request"]\n'))
  await serving
  expect(await near.read()).toBeNull()
})

test('a link whose server has become silent is given up: calls fail and a watch continues over a new link [hub.wire.silent]', async () => {
  const system = createScriptedSystem()
  await using hub = await createHub({ sources: [system.source()] })
  const server = memoryServer()
  const links: Link[] = []
  let silent = false
  void (async () => {
    for await (const link of server.accept()) {
      links.push(link)
      // Like a laptop in sleep: both sides keep the link open, and no bytes pass.
      const write = (chunk: Uint8Array): Promise<void> => (silent && link === links[0] ? new Promise(() => {}) : link.write(chunk))
      void serveHub(hub, { ...link, write })
    }
  })()
  const clock = createFakeClock()
  const client = createHubClient({ transport: server.transport, clock, checkEveryMs: 1_000 })
  const seen: HubEvent[] = []
  const stream = client.watch({ from: 'oldest', kinds: ['end'] })
  const reading = (async () => {
    for await (const event of stream) seen.push(event)
  })()
  await client.prompt('script/a', 'first').end()
  silent = true
  const failing = client.agents()
  failing.catch(() => {})
  await hub.prompt('script/a', 'second').end()
  await clock.advance(10_000)
  await expect(failing).rejects.toMatchObject({ code: 'unavailable', sent: 'maybe', retryable: true })
  await expect.poll(() => seen.length).toBe(2)
  expect(links).toHaveLength(2)
  // A hub without events still answers the liveness check, so its link stays.
  await clock.advance(60_000)
  expect(links).toHaveLength(2)
  await stream.close()
  await reading
  await client.close()
  expect(clock.timers).toBe(0)
  await server[Symbol.asyncDispose]()
})

test('when the turn of an accepted prompt cannot be looked up, the prompt is not refused [hub.turn.read-failure]', async () => {
  const system = createScriptedSystem({ script: () => {} })
  await using hub = await createHub({ sources: [system.source()] })
  const away = new SignalboxError({ code: 'unavailable', message: 'The store is away.', sent: 'no' })
  const broken: Hub = {
    ...hub,
    prompt: (...given) => ({ ...hub.prompt(...given), info: () => Promise.reject(away) }),
  }
  await using server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(broken, link)
  })()
  await using client = createHubClient({ transport: server.transport })
  expect((await client.prompt('script/a', 'x', { promptId: 'p' }).accepted()).promptId).toBe('p')

  const info = await hub.turn('p').info()
  const access: TurnAccess = {
    watch: () => {
      throw away
    },
    find: () => Promise.reject(away),
    cancel: () => Promise.reject(away),
  }
  const turn = createTurn(access, 'p', 'script/a', Promise.resolve(info))
  for (const read of [turn.info, turn.end, turn.text])
    await expect(read()).rejects.toMatchObject({ code: 'unavailable', sent: 'maybe' })
  // A turn that is only looked up was not prompted here.
  await expect(createTurn(access, 'p', undefined).info()).rejects.toMatchObject({ sent: 'no' })
})

test('watches of several links with different filters write an event as JSON once [hub.wire.once]', async () => {
  let sink: SourceSink | undefined
  const source: Source = {
    name: 'one',
    system: 'one',
    async open(given) {
      sink = given
      return [{ id: 'one/a', source: 'one', system: 'one', name: 'a', sessions: [], can: {}, facts: {} }]
    },
    async [Symbol.asyncDispose]() {},
  }
  await using hub = await createHub({ sources: [source] })
  const server = memoryServer()
  const serve = hubServer(hub)
  void (async () => {
    for await (const link of server.accept()) void serve(link)
  })()
  await using near = createHubClient({ transport: server.transport })
  await using far = createHubClient({ transport: server.transport })
  const seen: HubEvent[][] = []
  const watches = [
    near.watch({ from: 'oldest', kinds: ['tool'] }),
    near.watch({ from: 'oldest' }),
    far.watch({ from: 'oldest', agents: ['one/a'] }),
  ]
  const reading = watches.map(async (watch, index) => {
    const own: HubEvent[] = []
    seen[index] = own
    for await (const event of watch) own.push(event)
  })
  // This event shows that the watches are open.
  sink?.push({ agent: 'one/a', epoch: 'e', kind: 'tool', id: 'first', status: 'done' })
  const ids = () => seen.map((own) => own.flatMap((event) => (event.kind === 'tool' ? [event.id] : [])))
  await expect.poll(() => ids().every((own) => own.includes('first'))).toBe(true)
  let written = 0
  const input = {
    toJSON() {
      written += 1
      return { path: 'a "b" \u2028 ü' }
    },
  }
  sink?.push({ agent: 'one/a', epoch: 'e', kind: 'tool', id: 'second', status: 'done', input })
  await expect.poll(() => ids().every((own) => own.includes('second'))).toBe(true)
  // Once for the journal, and once for the three watches.
  expect(written).toBe(2)
  for (const own of seen) expect(own.at(-1)).toMatchObject({ id: 'second', input: { path: 'a "b" \u2028 ü' } })
  expect(new Set(seen.map((own) => own.at(-1)?.seq)).size).toBe(1)
  await Promise.all(watches.map((watch) => watch.close()))
  await Promise.all(reading)
})

test('replies are written one write at a time, and all arrive in the order of the calls [hub.wire.replies]', async () => {
  await using hub = await createHub({ sources: [] })
  const [near, far] = memoryPair()
  let underWay = 0
  let most = 0
  const write: Link['write'] = async (chunk) => {
    underWay += 1
    most = Math.max(most, underWay)
    await new Promise((resolve) => setImmediate(resolve))
    await far.write(chunk).finally(() => {
      underWay -= 1
    })
  }
  const serving = serveHub(hub, { ...far, write })
  const ids = Array.from({ length: 500 }, (_, index) => index + 1)
  void near.write(joinBytes(ids.map((id) => encodeNdjson({ id, method: 'nothing', params: {} }))))
  const reader = createReader(near, ndjsonDecoder())
  const answered: unknown[] = []
  while (answered.length < ids.length) answered.push(((await reader.next()) as { id: number }).id)
  expect(answered).toEqual(ids)
  expect(most).toBe(1)
  await near.close()
  await serving
})
