/** Traps of the real server. Each has made a client lose events, stop, or put good events into the dead letters. */
import { catsyphonOutbox } from '../../src/catsyphon/index.js'
import type { ExchangeTransport } from '../../src/index.js'
import {
  check,
  checkEqual,
  checkRejects,
  createCatsyphonSimulator,
  catsyphonFaults as faults,
  type Case,
  type CatsyphonRequest,
} from '../../src/testing/index.js'
import { contents, expected, newSession, ofType, openBench, talk, until, type CatsyphonContext } from './catsyphon-kit.js'

const onAnyEvents = ({ path }: CatsyphonRequest): boolean => path.endsWith('/collectors/events')
const says = (content: string) => ({ type: 'message', data: { author_role: 'human', message_type: 'prompt', content } }) as const

export const trapCases: readonly Case<CatsyphonContext>[] = [
  {
    id: 'catsyphon.poisoned-completion',
    title: 'a summary that the server cannot store is corrected in the completion too',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo' })
      checkEqual((await session.complete({ outcome: 'success', summary: 'a\0b\ud800c' })).pending, 0)
      await bench.client.completeSession(id, { summary: 'd\0e' })
      const bodies = bench.sent.filter(({ path }) => path.endsWith('/complete')).map(({ body }) => JSON.parse(body).summary)
      checkEqual(bodies, ['a\ufffdb\ufffdc', 'd\ufffde'])
    },
  },
  {
    id: 'catsyphon.refused-completion',
    title: 'a completion that a working server always refuses becomes a dead letter, and later events are sent',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 1)
      bench.simulator.inject({ ...faults.serverError(), times: 1_000_000, on: ({ path }) => path.endsWith('/complete') })
      const session = bench.client.session(id)
      checkEqual((await session.complete()).pending, 0)
      checkEqual([bench.client.status().dead, bench.simulator.ledger.sessions.get(id)?.status], [1, 'completed'])
      await session.message({ role: 'user', content: 'after' })
      checkEqual((await session.flush()).pending, 0)
      checkEqual(contents(bench.simulator, id), ['m0', 'after'])
    },
  },
  {
    id: 'catsyphon.full-server',
    title:
      'while a server reports healthy but stores nothing, as with a full disk, no event becomes a dead letter, if the client can detect this',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 1)
      await bench.client.flush()
      // If the client cannot detect the state, it waits for as many refusals as for a single event.
      const times = context.generation === 'sequence' ? 5 : 30
      bench.simulator.inject({ ...faults.serverError(), times, on: onAnyEvents })
      await talk(bench.client, id, 3, 'n')
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual([bench.client.status().dead, [...new Set(contents(bench.simulator, id))]], [0, ['m0', ...expected(3, 'n')]])
    },
  },
  {
    id: 'catsyphon.foreign-in-the-dark',
    title: 'a session with other credentials continues after an unknown outcome, although its status is refused',
    async run(context) {
      const simulator = createCatsyphonSimulator({ generation: context.generation })
      const id = newSession()
      {
        await using first = await openBench({ generation: context.generation }, {}, simulator)
        await talk(first.client, id, 1)
        await first.client.flush()
      }
      await using bench = await openBench({ generation: context.generation }, {}, simulator)
      simulator.inject({ ...faults.reset('after'), on: ({ body }) => String(body).includes('"other"') })
      await bench.client.session(id).message({ role: 'user', content: 'other' })
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual([contents(simulator, id), bench.client.status().halted], [['m0', 'other'], undefined])
    },
  },
  {
    id: 'catsyphon.broken-description',
    title: 'events reach a server whose description cannot be read',
    async run(context) {
      await using bench = await openBench(context)
      bench.simulator.inject({ ...faults.serverError(), times: 1_000_000, on: ({ path }) => path === '/openapi.json' })
      const id = newSession()
      await talk(bench.client, id, 3)
      checkEqual((await bench.client.session(id).complete()).pending, 0)
      checkEqual([await bench.client.detectGeneration(), contents(bench.simulator, id)], ['unknown', expected(3)])
    },
  },
  {
    id: 'catsyphon.short-receipt',
    title: 'an answer with a conversation_id is a receipt, even if other fields are missing',
    async run(context) {
      await using bench = await openBench(context)
      bench.simulator.inject({
        kind: 'answer',
        status: 202,
        body: '{"accepted":2,"conversation_id":"3f0c1d9e-5a8b-4c77-9d51-0e6f6a2b7c10"}',
        contentType: 'application/json',
        on: onAnyEvents,
      })
      await talk(bench.client, newSession(), 1)
      checkEqual([(await bench.client.flush()).pending, bench.client.status().delivered], [0, 2])
    },
  },
  {
    id: 'catsyphon.same-call-twice',
    title: 'a repeated sendEvents stores nothing twice on hash servers; two equal events in one call are stored as two',
    skip: ({ generation }) => (generation === 'sequence' ? 'it tells events apart by their numbers' : undefined),
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const at = 1_700_000_000_000
      const events = ['ok', 'ok', 'done'].map((content, index) => ({ ...says(content), emittedAt: at, sequence: index + 1 }))
      checkEqual((await bench.client.sendEvents(id, events)).accepted, 3)
      checkEqual((await bench.client.sendEvents(id, events)).accepted, 0)
      checkEqual((await bench.client.sendEvents(id, events.slice(2))).accepted, 0)
      checkEqual(contents(bench.simulator, id), ['ok', 'ok', 'done'])
    },
  },
  {
    id: 'catsyphon.frozen-at-the-call',
    title: 'a change of the caller’s objects after the call does not change the event',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      const parameters = { file_path: '/before' }
      const added = session.toolCall({ name: 'Read', parameters })
      parameters.file_path = '/after'
      await added
      await session.flush()
      checkEqual(bench.simulator.ledger.rows(id)[0]?.data.parameters, { file_path: '/before' })
    },
  },
  {
    id: 'catsyphon.plan-shapes',
    title: 'a plan that the server could not read back is refused, and the session can still be completed',
    async run(context) {
      await using bench = await openBench(context)
      const session = bench.client.session(newSession())
      await session.start({ agentType: 'demo' })
      for (const plan of [{ status: 5 }, { related_agent_session_ids: [1] }, { operations: [{ message_index: 'x' }] }]) {
        const error = await checkRejects(session.complete({ plans: [plan] }), 'invalid_argument')
        check(error.message.includes('data.plans.0.'), 'the error names the place')
      }
      const plans = [{ status: 'done', operations: [{ timestamp: 'yesterday', content: null }] }]
      checkEqual((await session.complete({ plans })).pending, 0)
      const reasons = ofType(bench.events, 'sanitized').flatMap(({ replacements }) => replacements.map(({ path }) => path))
      checkEqual(reasons, ['data.plans[0].operations[0].timestamp'])
    },
  },
  {
    id: 'catsyphon.plan-times',
    title: 'plan timestamps are stored in a form that the server can read back, and invalid ones are left out',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo' })
      const times = [
        ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z'],
        ['2026-03-01T10:00:00+02:00', '2026-03-01T10:00:00+02:00'],
        ['2026-03-01T10:00:00z', '2026-03-01T10:00:00.000Z'],
        ['2026-03-01T24:00:00Z', '2026-03-02T00:00:00.000Z'],
        ['2026-02-30T10:00:00Z', undefined],
        ['2026-13-01T10:00:00Z', undefined],
        ['yesterday', undefined],
        [1_700_000_000, undefined],
      ] as const
      const operations = times.map(([timestamp]) => ({ operation_type: 'edit', timestamp }))
      checkEqual((await session.complete({ plans: [{ status: 'done', operations }] })).pending, 0)
      const stored = (await bench.client.readSession(id))?.plans as { operations: { timestamp?: string }[] }[]
      checkEqual(
        stored[0]?.operations.map(({ timestamp }) => timestamp),
        times.map(([, wanted]) => wanted),
      )
      checkEqual(ofType(bench.events, 'sanitized').flatMap(({ replacements }) => replacements).length, 6)
    },
  },
  {
    id: 'catsyphon.deep-parameters',
    title: 'parameters nested deeper than the server can read back are truncated, and the conversation stays readable',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo' })
      const nest = (depth: number): unknown => (depth === 0 ? 'end' : { inner: nest(depth - 1) })
      await session.toolCall({ name: 'Deep', parameters: { inner: nest(1000) } })
      await session.toolCall({ name: 'Fine', parameters: { inner: nest(200) } })
      checkEqual((await session.flush()).pending, 0)
      const conversation = await bench.client.readSession(id)
      checkEqual(conversation?.messages.length, 2)
      check(JSON.stringify(conversation).includes('"end"'), 'what can be read back is kept whole')
      const reasons = ofType(bench.events, 'sanitized').flatMap(({ replacements }) => replacements.map(({ reason }) => reason))
      checkEqual(reasons, ['too_deep'])
    },
  },
  {
    id: 'catsyphon.unknown-type',
    title: 'an event of an unknown type is checked too, because an invalid key would make its batch fail',
    async run(context) {
      await using bench = await openBench(context)
      const session = bench.client.session(newSession())
      await checkRejects(session.add({ type: 'metadata', data: { model: 5 } }), 'invalid_argument')
      await session.add({ type: 'metadata', data: { anything: { at: ['all'] } } })
      checkEqual((await session.flush()).pending, 0)
      checkEqual(bench.client.status().dead, 0)
    },
  },
  {
    id: 'catsyphon.other-server',
    title: 'the generation is read again after the server was unreachable',
    async run(context) {
      const before = createCatsyphonSimulator({ generation: context.generation })
      const after = createCatsyphonSimulator({ generation: context.generation === 'sequence' ? 'current' : 'sequence' })
      let now = before
      const transport: ExchangeTransport = {
        ...before.transport,
        exchange: (request, options) => now.transport.exchange(request, options),
      }
      await using bench = await openBench({ generation: context.generation }, { transport }, before)
      const generation = await bench.client.detectGeneration()
      before.inject({ ...faults.refuse(), times: 1_000_000 })
      const session = bench.client.session(newSession())
      await session.message({ role: 'user', content: 'x' })
      void session.flush({ timeoutMs: 1 })
      await until(() => ofType(bench.events, 'retrying').length > 0, 'the outage')
      now = after
      check(generation !== (await bench.client.detectGeneration()), 'another answer')
    },
  },
  {
    id: 'catsyphon.memory-default',
    title: 'without a store events wait in memory, and that is reported once',
    async run(context) {
      await using bench = await openBench(context, { outbox: catsyphonOutbox() })
      const id = newSession()
      bench.simulator.inject({ ...faults.refuse(), times: 3, on: onAnyEvents })
      await talk(bench.client, id, 2)
      checkEqual((await bench.client.session(id).complete()).pending, 0)
      checkEqual(contents(bench.simulator, id), expected(2))
      check(ofType(bench.events, 'volatile').length === 1, 'told once')
    },
  },
]
