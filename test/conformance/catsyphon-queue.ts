/** The queue between the agent and the server: limits, order, restarts, one request at a time. */
import { SignalboxError } from '../../src/index.js'
import {
  check,
  checkEqual,
  checkRejects,
  createCatsyphonSimulator,
  catsyphonFaults as faults,
  type Case,
} from '../../src/testing/index.js'
import {
  barriers,
  contents,
  eventRequests,
  expected,
  newSession,
  ofType,
  openBench,
  talk,
  until,
  type CatsyphonContext,
} from './catsyphon-kit.js'

const sizes = (bodies: readonly { body: string }[]): number[] =>
  bodies.map(({ body }) => (JSON.parse(body) as { events: unknown[] }).events.length)

export const queueCases: readonly Case<CatsyphonContext>[] = [
  {
    id: 'catsyphon.outage-of-many',
    title: 'more than fifty events of an outage arrive in requests of at most fifty',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      bench.simulator.inject({ ...faults.refuse(), times: 5 })
      await talk(bench.client, id, 120)
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual(contents(bench.simulator, id), expected(120))
      check(
        sizes(eventRequests(bench.sent)).every((size) => size <= 50),
        'at most fifty',
      )
    },
  },
  {
    id: 'catsyphon.one-at-a-time',
    title: 'a session has one request in flight, also during later writes',
    async run(context) {
      await using bench = await openBench(context, { batchSize: 1 })
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo' })
      await Promise.all(
        expected(40).map(async (content, index) => {
          await session.message({ role: 'user', content })
          if (index % 5 === 0) void session.flush()
        }),
      )
      await session.flush()
      checkEqual(contents(bench.simulator, id), expected(40))
      checkEqual(bench.simulator.ledger.mostAtOnce, 1)
    },
  },
  {
    id: 'catsyphon.split-by-bytes',
    title: 'requests stay below the size limit of proxies',
    async run(context) {
      await using bench = await openBench(context, { maxRequestBytes: 20_000 })
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo' })
      await Promise.all(expected(20).map((content) => session.message({ role: 'user', content: content + 'x'.repeat(3000) })))
      await session.flush()
      checkEqual(bench.simulator.ledger.rows(id).length, 20)
      check(
        eventRequests(bench.sent).every(({ body }) => body.length <= 20_200),
        'no body above the limit',
      )
    },
  },
  {
    id: 'catsyphon.restart',
    title: 'events in the queue of a killed client are sent once by the next client',
    async run(context) {
      await using bench = await openBench(context, { drainTimeoutMs: 50 })
      const id = newSession()
      await talk(bench.client, id, 3)
      await bench.client.session(id).flush()
      bench.simulator.inject({ ...faults.refuse(), times: 1_000_000 })
      await bench.client.session(id).message({ role: 'user', content: 'm3' })
      await bench.client.session(id).message({ role: 'user', content: 'm4' })
      void bench.client.flush({ timeoutMs: 1 })
      await until(() => ofType(bench.events, 'retrying').length > 0, 'an attempt')
      await bench.client.close()
      bench.simulator.faults.clear()
      const second = await bench.restart()
      checkEqual((await second.flush()).pending, 0)
      checkEqual(contents(bench.simulator, id), expected(5))
      await second.session(id).message({ role: 'user', content: 'm5' })
      await second.flush()
      checkEqual(contents(bench.simulator, id), expected(6))
      checkEqual(bench.simulator.ledger.doubles(id), 0)
      const numbers = bench.simulator.ledger.rows(id).map(({ given }) => given)
      if (context.generation === 'sequence') checkEqual(numbers, [2, 3, 4, 5, 6, 7])
    },
  },
  {
    id: 'catsyphon.lost-outbox',
    title: 'a client that lost its outbox continues at the sequence of a sequence server, and loses no event',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      const id = newSession()
      let first: { collectorId: string; apiKey: string }
      {
        await using bench = await openBench({ generation: context.generation }, {}, simulator)
        first = bench.credentials
        await talk(bench.client, id, 3)
        await bench.client.flush()
      }
      // First with the same collector, then with a new one, as after the loss of its credentials.
      for (const credentials of [first, {}]) {
        await using bench = await openBench({ generation: context.generation }, credentials, simulator)
        await talk(bench.client, id, 3)
        checkEqual((await bench.client.flush()).pending, 0)
      }
      checkEqual(contents(simulator, id), [...expected(3), ...expected(3), ...expected(3)])
    },
  },
  {
    id: 'catsyphon.last-sequence',
    title: 'last_sequence never decides what is discarded',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 2)
      await bench.client.flush()
      const record = bench.simulator.ledger.sessions.get(id)
      check(record !== undefined, 'the session is there')
      if (context.generation !== 'sequence') record.lastSequence = 900
      await talk(bench.client, id, 2, 'n')
      await bench.client.flush()
      checkEqual(contents(bench.simulator, id), [...expected(2), ...expected(2, 'n')])
    },
  },
  {
    id: 'catsyphon.bounds',
    title: 'a full outbox follows its policy, and counts dropped events',
    async run(context) {
      for (const overflow of ['reject', 'drop-newest', 'drop-oldest'] as const) {
        await using bench = await openBench(context, { limits: { maxItems: 3, overflow }, drainTimeoutMs: 20 })
        bench.simulator.inject({ ...faults.refuse(), times: 1_000_000 })
        const session = bench.client.session(newSession())
        const outcomes = await Promise.allSettled(expected(5).map((content) => session.message({ role: 'user', content })))
        checkEqual(bench.client.status().pending, 3)
        const refused = outcomes.filter(({ status }) => status === 'rejected').length
        checkEqual([refused, bench.client.status().dropped], overflow === 'reject' ? [2, 0] : [0, 2], overflow)
        bench.simulator.faults.clear()
        bench.client.nudge()
        await bench.client.flush()
        checkEqual(
          contents(bench.simulator, session.id),
          overflow === 'drop-oldest' ? ['m2', 'm3', 'm4'] : ['m0', 'm1', 'm2'],
          overflow,
        )
      }
    },
  },
  {
    id: 'catsyphon.bounds-block',
    title: 'a full outbox that blocks lets its writers continue in their order',
    async run(context) {
      await using bench = await openBench(context, { limits: { maxItems: 2, overflow: 'block' }, batchSize: 1 })
      const session = bench.client.session(newSession())
      await session.start({ agentType: 'demo' })
      await Promise.all(expected(12).map((content) => session.message({ role: 'user', content })))
      await session.flush()
      checkEqual(contents(bench.simulator, session.id), expected(12))
      checkEqual(bench.client.status().dropped, 0)
    },
  },
  {
    id: 'catsyphon.parents-first',
    title: 'after an outage a parent session is created before its sub-agents’ sessions',
    async run(context) {
      await using bench = await openBench(context, { drainTimeoutMs: 1 })
      const [parent, child] = [newSession(), newSession()]
      bench.simulator.inject({ ...faults.refuse(), times: 12, on: ({ body }) => String(body).includes(parent) })
      bench.simulator.inject({ ...faults.refuse(), times: 1, on: ({ path }) => path === '/openapi.json' })
      await bench.client.session(parent).start({ agentType: 'demo' })
      await bench.client.session(child).start({ agentType: 'demo', parentSessionId: parent })
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual([...bench.simulator.ledger.sessions.keys()], [parent, child])
    },
  },
  {
    id: 'catsyphon.frozen',
    title: 'a retry sends the same bytes',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 2)
      await bench.client.flush()
      bench.sent.length = 0
      bench.simulator.inject({
        ...faults.reset('after'),
        times: 2,
        on: ({ path, body }) => path.endsWith('/events') && String(body).includes('"n0"'),
      })
      await talk(bench.client, id, 4, 'n')
      checkEqual((await bench.client.flush()).pending, 0)
      const bodies = eventRequests(bench.sent).map(({ body }) => body)
      checkEqual([bodies.length, new Set(bodies).size], [3, 1])
      checkEqual(contents(bench.simulator, id), [...expected(2), ...expected(4, 'n')])
      checkEqual(barriers(bench.sent).length, context.generation === 'sequence' ? 0 : 2)
    },
  },
  {
    id: 'catsyphon.max-concurrent',
    title: 'no more sessions are sent at the same time than maxConcurrent says',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      let inside = 0
      let most = 0
      let allowed = 0
      const { transport } = simulator
      const counting: typeof transport = {
        ...transport,
        async exchange(request, options) {
          if (!request.path.endsWith('/collectors/events')) return await transport.exchange(request, options)
          inside += 1
          most = Math.max(most, inside)
          try {
            // Every allowed sender has time to start, also on a busy machine. One more would be seen in the moment afterwards.
            for (let waited = 0; most < allowed && waited < 1_000; waited += 1)
              await new Promise((resolve) => void setTimeout(resolve, 5))
            await new Promise((resolve) => void setTimeout(resolve, 20))
            return await transport.exchange(request, options)
          } finally {
            inside -= 1
          }
        },
      }
      for (const [maxConcurrent, name] of [
        [1, 'one'],
        [3, 'three'],
      ] as const) {
        await using bench = await openBench(context, { maxConcurrent, transport: counting }, simulator)
        const ids = Array.from({ length: 6 }, () => newSession())
        await Promise.all(ids.map((id) => talk(bench.client, id, 1)))
        most = 0
        allowed = maxConcurrent
        checkEqual((await bench.client.flush()).pending, 0)
        checkEqual([name, most], [name, maxConcurrent])
      }
    },
  },
  {
    id: 'catsyphon.abort',
    title: 'an abort of a flush ends the wait, not the delivery',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      bench.simulator.inject({ ...faults.refuse(), times: 30 })
      await talk(bench.client, id, 2)
      const controller = new AbortController()
      const waiting = bench.client.flush({ signal: controller.signal })
      const reason = new Error('enough')
      controller.abort(reason)
      const heard = await waiting.catch((error: unknown) => error)
      check(SignalboxError.is(heard, 'aborted') && heard.cause === reason, 'the abort is heard')
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual(contents(bench.simulator, id), expected(2))
    },
  },
  {
    id: 'catsyphon.deadline',
    title: 'a deadline of a flush reports the events that still wait, and the reason',
    async run(context) {
      await using bench = await openBench(context, { drainTimeoutMs: 20 })
      bench.simulator.inject({ ...faults.refuse(), times: 1_000_000 })
      const session = bench.client.session(newSession())
      await session.start({ agentType: 'demo' })
      void session.flush()
      await until(() => ofType(bench.events, 'retrying').length > 0, 'an attempt that failed')
      const report = await session.complete()
      checkEqual([report.pending, report.error?.code], [3, 'unreachable'])
      // A pause that would outlast the deadline is not begun: it would only hide why the call failed.
      const patient = await bench.open({ retryConfig: { initialDelayMs: 60_000, maxDelayMs: 60_000 } }, 'other')
      await checkRejects(patient.health({ timeoutMs: 30_000 }), 'unreachable')
    },
  },
]
