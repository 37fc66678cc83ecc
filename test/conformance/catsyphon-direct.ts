/** Calls past the queue, registration, and reading back. */
import { kvCredentials } from '../../src/catsyphon/index.js'
import { fromStored, register } from '../../src/catsyphon/index.js'
import { catsyphonOutbox } from '../../src/catsyphon/index.js'
import { SignalboxError, type ExchangeTransport } from '../../src/index.js'
import { memoryStore } from '../../src/store/index.js'
import {
  check,
  checkEqual,
  checkRejects,
  createCatsyphonSimulator,
  catsyphonFaults as faults,
  type Case,
} from '../../src/testing/index.js'
import { contents, newSession, ofType, openBench, QUICK, talk, type CatsyphonContext } from './catsyphon-kit.js'

const under = (inner: ExchangeTransport, prefix: string): ExchangeTransport => ({
  ...inner,
  exchange: (request, options) => inner.exchange({ ...request, path: prefix + request.path }, options),
})

export const directCases: readonly Case<CatsyphonContext>[] = [
  {
    id: 'catsyphon.send-events',
    title: 'sendEvents makes one request and returns the answer of the server',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const events = [
        { type: 'session_start', data: { agent_type: 'demo' }, sequence: 1 },
        { type: 'message', data: { author_role: 'human', message_type: 'prompt', content: 'one' }, sequence: 2 },
      ]
      const answer = await bench.client.sendEvents(id, events)
      checkEqual([answer.accepted, answer.last_sequence, answer.warnings], [2, 2, []])
      checkEqual(bench.sent.length, 1)
      await checkRejects(bench.client.sendEvents(id, []), 'invalid_argument')
      await checkRejects(
        bench.client.sendEvents(
          id,
          Array.from({ length: 51 }, () => events[1] as (typeof events)[number]),
        ),
        'invalid_argument',
      )
      const status = await bench.client.getSessionStatus(id)
      checkEqual([status?.session_id, status?.status, status?.last_sequence], [id, 'active', 2])
      const done = await bench.client.completeSession(id, { outcome: 'failed', summary: 'no' })
      checkEqual([done.status, bench.simulator.ledger.sessions.get(id)?.success], ['completed', false])
    },
  },
  {
    id: 'catsyphon.send-once',
    title: 'sendEvents is retried only if the request cannot have arrived',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const events = [
        {
          type: 'message',
          data: { author_role: 'human', message_type: 'prompt', content: 'one' },
          sequence: 1,
          emittedAt: 1_700_000_000_000,
        },
      ]
      bench.simulator.inject(faults.reset('after'))
      const error = await checkRejects(bench.client.sendEvents(id, events), 'closed')
      checkEqual([error.sent, bench.sent.length], ['maybe', 1])
      bench.simulator.inject(faults.refuse())
      bench.simulator.inject(faults.badGateway(503))
      checkEqual((await bench.client.sendEvents(id, events)).accepted, 0)
      checkEqual([bench.sent.length, contents(bench.simulator, id)], [4, ['one']])
    },
  },
  {
    id: 'catsyphon.seed-retries',
    title: 'calls that are safe to retry are retried as often as configured',
    async run(context) {
      await using bench = await openBench(context, { retryConfig: { ...QUICK.retryConfig, maxRetries: 2 } })
      bench.simulator.inject({ ...faults.serverError(), times: 2 })
      checkEqual(await bench.client.getSessionStatus(newSession()), null)
      bench.simulator.inject({ ...faults.serverError(), times: 3 })
      const error = await checkRejects(bench.client.getSessionStatus(newSession()), 'remote')
      checkEqual([error.status, error.attempt, bench.sent.length], [500, 3, 6])
    },
  },
  {
    id: 'catsyphon.missing-header',
    title: 'invalid credentials are refused before anything is sent',
    async run(context) {
      await using bench = await openBench(context)
      await checkRejects(bench.open({ apiKey: '' }), 'invalid_argument')
      await checkRejects(bench.open({ collectorId: 'a\r\nb' }), 'invalid_argument')
      const client = await bench.open({ collectorId: 'not-a-uuid' }, 'other')
      const error = await checkRejects(client.getSessionStatus(newSession()), 'invalid_argument')
      checkEqual([error.status, error.remoteCode], [400, 'Invalid collector ID format'])
      checkEqual(bench.sent.length, 1)
    },
  },
  {
    id: 'catsyphon.register',
    title: 'a registration stores its credentials, and fromStored finds them for that server only',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      await using store = memoryStore()
      const credentials = kvCredentials(await store.kv('credentials'))
      const { transport, workspaceId } = simulator
      const options = {
        ...QUICK,
        outbox: catsyphonOutbox({ store }),
        transport,
        serverUrl: 'https://host:8000/api',
        workspaceId,
        credentials,
      }
      await using first = await register({ ...options, collectorType: 'demo', hostname: 'h', metadata: { os: 'linux' } })
      const [profile] = await credentials.listProfiles()
      checkEqual([profile?.collectorId, profile?.profile, profile && 'apiKey' in profile], [first.collectorId, 'default', false])
      await using again = await fromStored({ ...options, serverUrl: 'https://host:8000/api/' })
      checkEqual(again?.collectorId, first.collectorId)
      checkEqual(await fromStored({ ...options, serverUrl: 'http://host:8000/api' }), null)
      checkEqual(await fromStored({ ...options, serverUrl: 'https://host:8000/other' }), null)
      checkEqual(await fromStored({ ...options, profile: 'work' }), null)
      check(again !== null, 'the stored client')
      await talk(again, 'registered', 1)
      checkEqual((await again.flush()).pending, 0)
      const error = await checkRejects(register({ ...options, workspaceId: '3f0c1d9e-5a8b-4c77-9d51-0e6f6a2b7c10' }), 'not_found')
      checkEqual(error.status, 404)
      checkEqual([await credentials.delete(options.serverUrl, workspaceId), await credentials.clearAll()], [true, 0])
    },
  },
  {
    id: 'catsyphon.register-once',
    title: 'a registration whose answer is lost is not retried, because a retry would create another collector',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      simulator.inject(faults.reset('after'))
      const { transport, workspaceId } = simulator
      const error = await checkRejects(
        register({ ...QUICK, outbox: catsyphonOutbox(), transport, serverUrl: 'http://h', workspaceId }),
        'closed',
      )
      checkEqual([error.sent, simulator.ledger.requests], ['maybe', 1])
    },
  },
  {
    id: 'catsyphon.register.unstored',
    title: 'with storeCredentials: false the credential store is not used',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      await using store = memoryStore()
      const credentials = kvCredentials(await store.kv('credentials'))
      const { transport, workspaceId } = simulator
      const options = { ...QUICK, outbox: catsyphonOutbox({ store }), transport, serverUrl: 'http://h', workspaceId, credentials }
      await using client = await register({ ...options, storeCredentials: false })
      check(client.collectorId !== '', 'a client')
      checkEqual(await credentials.listProfiles(), [])
      checkEqual(await fromStored(options), null)
    },
  },
  {
    id: 'catsyphon.register.store-fails',
    title: 'if the credential store fails, the registration rejects with a hint how to keep the key',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      await using store = memoryStore()
      const cause = new Error('read-only')
      const credentials = { ...kvCredentials(await store.kv('credentials')), store: () => Promise.reject(cause) }
      const { transport, workspaceId } = simulator
      const options = { ...QUICK, outbox: catsyphonOutbox({ store }), transport, serverUrl: 'http://h', workspaceId, credentials }
      const error = await checkRejects(register(options), 'unavailable')
      checkEqual([error.sent, error.cause === cause], ['yes', true])
      check(error.message.includes('its `store` gets the key'), 'the hint names the store of credentials')
    },
  },
  {
    id: 'catsyphon.register.reads-first',
    title: 'if the credential store cannot be read, a registration fails before a collector is created',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      await using store = memoryStore()
      const cause = new SignalboxError({ code: 'permission_denied', message: 'The file can be read by others.' })
      const credentials = { ...kvCredentials(await store.kv('credentials')), get: () => Promise.reject(cause) }
      const { transport, workspaceId } = simulator
      const options = { ...QUICK, outbox: catsyphonOutbox({ store }), transport, serverUrl: 'http://h', workspaceId, credentials }
      await checkRejects(register(options), 'permission_denied')
      checkEqual(simulator.ledger.requests, 0)
    },
  },
  {
    id: 'catsyphon.register.no-outbox',
    title: 'a registration without an outbox fails before it creates a collector',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      const { transport, workspaceId } = simulator
      const options = { ...QUICK, transport, serverUrl: 'http://h', workspaceId }
      await checkRejects(register(options as Parameters<typeof register>[0]), 'invalid_argument')
      checkEqual(simulator.ledger.requests, 0)
    },
  },
  {
    id: 'catsyphon.prefix',
    title: 'a server behind its front end works under /api; without /api the error says that this is not the API',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation, front: true })
      {
        await using bench = await openBench(
          { generation: context.generation },
          { transport: under(simulator.transport, '/api') },
          simulator,
        )
        const id = newSession()
        await talk(bench.client, id, 2)
        checkEqual((await bench.client.session(id).complete()).pending, 0)
        checkEqual(contents(simulator, id), ['m0', 'm1'])
      }
      await using bench = await openBench({ generation: context.generation }, { transport: simulator.transport }, simulator)
      const error = await checkRejects(bench.client.getSessionStatus(newSession()), 'incompatible')
      check(error.message.includes('/api'), 'the error says what to look at')
      await checkRejects(bench.client.sendEvents(newSession(), [{ type: 'thinking', data: {} }]), 'incompatible')
      await talk(bench.client, newSession(), 1)
      checkEqual((await bench.client.flush()).error?.code, 'incompatible')
    },
  },
  {
    id: 'catsyphon.read-back',
    title: 'the messages of a conversation are read back in the order of their times',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 5)
      await bench.client.flush()
      bench.simulator.ledger.sessions.get(id)?.rows.reverse()
      const conversation = await bench.client.readSession(id)
      checkEqual(
        conversation?.messages.map(({ content }) => content),
        ['m0', 'm1', 'm2', 'm3', 'm4'],
      )
      checkEqual(await bench.client.getConversation('3f0c1d9e-5a8b-4c77-9d51-0e6f6a2b7c10'), null)
      checkEqual(await bench.client.readSession(newSession()), null)
    },
  },
  {
    id: 'catsyphon.split-answer',
    title: 'an answer that arrives byte by byte is read, and an answer that never ends fails at the deadline',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      let ends = true
      const dripping: ExchangeTransport = {
        ...simulator.transport,
        async exchange(request, options) {
          const reply = await simulator.transport.exchange(request, options)
          const text = new Uint8Array(await new Response(reply.body as never).arrayBuffer())
          let at = 0
          const body = new ReadableStream<Uint8Array>({
            pull(controller) {
              if (at < text.length) controller.enqueue(text.slice(at, ++at))
              else if (ends) controller.close()
            },
          })
          return { ...reply, body }
        },
      }
      await using bench = await openBench({ generation: context.generation }, { transport: dripping }, simulator)
      const id = newSession()
      const session = bench.client.session(id)
      await session.message({ role: 'user', content: 'gr\u00fc\u00df \u{1f600} dich' })
      checkEqual((await session.flush()).pending, 0)
      checkEqual((await bench.client.readSession(id))?.messages[0]?.content, 'gr\u00fc\u00df \u{1f600} dich')
      ends = false
      await checkRejects(bench.client.health({ timeoutMs: 30 }), 'deadline_exceeded')
      const controller = new AbortController()
      const waiting = bench.client.health({ signal: controller.signal })
      controller.abort()
      await checkRejects(waiting, 'aborted')
      ends = true
    },
  },
  {
    id: 'catsyphon.giant',
    title: 'an event of many megabytes is sent alone, and arrives whole',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      const giant = '\u{1f600}'.repeat(1_000_000)
      await Promise.all([
        session.message({ role: 'user', content: 'before' }),
        session.message({ role: 'user', content: giant }),
        session.message({ role: 'user', content: 'after' }),
      ])
      checkEqual((await session.flush()).pending, 0)
      const stored = contents(bench.simulator, id)
      check(stored.length === 3 && stored[1] === giant, 'the giant is whole, between the others')
    },
  },
  {
    id: 'catsyphon.validate',
    title: 'a broken answer is reported and returned, or thrown with validate: strict',
    async run(context) {
      await using bench = await openBench(context)
      const broken = { kind: 'answer', status: 200, body: '{"status":1}', contentType: 'application/json' } as const
      bench.simulator.inject(broken)
      checkEqual(((await bench.client.health()) as { status: unknown }).status, 1)
      checkEqual(
        ofType(bench.events, 'invalid').map(({ op, path }) => [op, path]),
        [['health', 'status']],
      )
      const strict = await bench.open({ validate: 'strict' }, 'other')
      bench.simulator.inject(broken)
      await checkRejects(strict.health(), 'invalid_message')
    },
  },
  {
    id: 'catsyphon.other-collector',
    title: 'the status of a session of another collector is refused, and the error gives the reason',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 1)
      await bench.client.flush()
      const other = bench.simulator.register()
      const client = await bench.open({ collectorId: other.id, apiKey: other.key }, 'other')
      const error = await checkRejects(client.getSessionStatus(id), 'permission_denied')
      checkEqual([error.remoteCode, error.sent], ['Session belongs to a different collector', 'no'])
    },
  },
  {
    id: 'catsyphon.generation',
    title: 'the generation is read from the server’s description',
    async run(context) {
      await using bench = await openBench(context)
      checkEqual(await bench.client.detectGeneration(), context.generation === 'sequence' ? 'sequence' : 'hash')
      await bench.client.detectGeneration()
      checkEqual(bench.sent.length, 1)
      const hidden = await bench.open({}, 'other')
      bench.simulator.inject({ kind: 'answer', status: 404, body: '{"detail":"Not Found"}', contentType: 'application/json' })
      checkEqual(await hidden.detectGeneration(), 'unknown')
      const id = newSession()
      await talk(hidden, id, 3)
      checkEqual((await hidden.session(id).complete()).pending, 0)
      checkEqual(contents(bench.simulator, id), ['m0', 'm1', 'm2'])
    },
  },
]
