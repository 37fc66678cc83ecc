/** What the CatSyphon client promises, on every generation of the server and in every runtime. */
import { checkEqual, check, checkRejects, catsyphonFaults as faults, type Case } from '../../src/testing/index.js'
import { contents, eventRequests, expected, newSession, ofType, openBench, talk, type CatsyphonContext } from './catsyphon-kit.js'
import { directCases } from './catsyphon-direct.js'
import { faultCases } from './catsyphon-faults.js'
import { queueCases } from './catsyphon-queue.js'
import { trapCases } from './catsyphon-traps.js'

export type { CatsyphonContext } from './catsyphon-kit.js'

const sessionCases: readonly Case<CatsyphonContext>[] = [
  {
    id: 'catsyphon.session',
    title: 'a session arrives complete, in order and once',
    async run(context) {
      await using bench = await openBench(context)
      const { client, simulator } = bench
      const id = newSession()
      const session = client.session(id)
      await session.start({ agentType: 'demo', agentVersion: '1', workingDirectory: '/home/a/p', gitBranch: 'main' })
      await session.message({ role: 'user', content: 'hello' })
      await session.thinking({ content: 'hm' })
      const tool = await session.toolCall({ name: 'Read', parameters: { file_path: '/a' } })
      await session.toolResult({ toolUseId: tool, success: true, result: { lines: 3 } })
      await session.error({ errorType: 'Oops', message: 'broken' })
      await session.message({ role: 'assistant', content: 'done', tokenUsage: { input: 3, output: 4 } })
      const report = await session.complete({ outcome: 'success', summary: 'all good' })
      checkEqual(report.pending, 0)
      checkEqual(contents(simulator, id), ['hello', 'hm', 'Read', '{"lines":3}', 'broken', 'done'])
      const record = simulator.ledger.sessions.get(id)
      checkEqual(
        [record?.status, record?.success, record?.agentType, record?.extra.summary],
        ['completed', true, 'demo', 'all good'],
      )
      checkEqual(simulator.ledger.rows(id).at(-1)?.data.token_usage, { input_tokens: 3, output_tokens: 4 })
      checkEqual(simulator.ledger.doubles(id), 0)
    },
  },
  {
    id: 'catsyphon.superset',
    title: 'every event carries a sequence and a hash, and a completion carries the last sequence and the count',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 3)
      await bench.client.session(id).complete()
      const events = eventRequests(bench.sent).flatMap(
        ({ body }) => (JSON.parse(body) as { events: Record<string, unknown>[] }).events,
      )
      checkEqual(
        events.map((event) => event.sequence),
        [1, 2, 3, 4, 5],
      )
      check(
        events.every((event) => /^[0-9a-f]{32}$/.test(String(event.event_hash))),
        'every event has a hash',
      )
      checkEqual(new Set(events.map((event) => event.event_hash)).size, 5)
      const complete = bench.sent.find(({ path }) => path.endsWith('/complete'))
      checkEqual(JSON.parse(complete?.body ?? '{}'), { outcome: 'success', summary: null, event_count: 5, final_sequence: 5 })
    },
  },
  {
    id: 'catsyphon.same-millisecond',
    title: 'two equal events of one millisecond are stored as two, and their times rise',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo', emittedAt: 1_700_000_000_000 })
      for (let index = 0; index < 3; index += 1) {
        await session.message({ role: 'user', content: 'ok', emittedAt: 1_700_000_000_000 })
        await session.flush()
      }
      checkEqual(contents(bench.simulator, id), ['ok', 'ok', 'ok'])
      const moments = bench.simulator.ledger.rows(id).map(({ emitted }) => emitted.micros)
      check(
        moments.every((moment, index) => index === 0 || moment > (moments[index - 1] ?? 0)),
        'moments rise',
      )
    },
  },
  {
    id: 'catsyphon.with-session',
    title: 'withSession completes with the outcome of its function, and rethrows the error of the function',
    async run(context) {
      await using bench = await openBench(context)
      const { client, simulator } = bench
      const [good, bad, idle] = [newSession(), newSession(), newSession()]
      const result = await client.withSession(good, async (session) => {
        await session.start({ agentType: 'demo' })
        return 42
      })
      checkEqual(result, 42)
      checkEqual(simulator.ledger.sessions.get(good)?.success, true)
      const mine = new Error('mine')
      const thrown = await client
        .withSession(bad, async (session) => {
          await session.start({ agentType: 'demo' })
          throw mine
        })
        .catch((error: unknown) => error)
      check(thrown === mine, 'the error is the caller’s own')
      checkEqual([simulator.ledger.sessions.get(bad)?.success, simulator.ledger.sessions.get(bad)?.status], [false, 'completed'])
      await client.withSession(idle, (session) => session.message({ role: 'user', content: 'never started' }))
      checkEqual(simulator.ledger.sessions.get(idle)?.status, 'active')
    },
  },
  {
    id: 'catsyphon.with-session-outage',
    title: 'a failed flush neither hides the function’s error nor skips the completion',
    async run(context) {
      await using bench = await openBench(context, { drainTimeoutMs: 50 })
      const { client, simulator } = bench
      const id = newSession()
      simulator.inject({ ...faults.refuse(), times: 1_000_000 })
      const mine = new Error('mine')
      const thrown = await client
        .withSession(id, async (session) => {
          await session.start({ agentType: 'demo' })
          throw mine
        })
        .catch((error: unknown) => error)
      check(thrown === mine, 'the error is the caller’s own')
      simulator.faults.clear()
      client.nudge()
      checkEqual((await client.flush()).pending, 0)
      checkEqual([simulator.ledger.sessions.get(id)?.status, simulator.ledger.sessions.get(id)?.success], ['completed', false])
    },
  },
  {
    id: 'catsyphon.dispose',
    title: 'disposal flushes and completes a started session with the outcome partial',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      {
        await using session = bench.client.session(id)
        await session.start({ agentType: 'demo' })
        await session.message({ role: 'user', content: 'hi' })
      }
      const record = bench.simulator.ledger.sessions.get(id)
      checkEqual([record?.status, record?.success, record?.rows.length], ['completed', null, 1])
    },
  },
  {
    id: 'catsyphon.dispose.outcome',
    title: 'disposal completes with disposeOutcome',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      {
        await using session = bench.client.session(id, { disposeOutcome: 'failed' })
        await session.start({ agentType: 'demo' })
      }
      const complete = bench.sent.find(({ path }) => path.endsWith('/complete'))
      checkEqual((JSON.parse(complete?.body ?? '{}') as { outcome?: string }).outcome, 'failed')
      const record = bench.simulator.ledger.sessions.get(id)
      checkEqual([record?.status, record?.success], ['completed', false])
    },
  },
  {
    id: 'catsyphon.session.total',
    title: 'the completion counts events that were not awaited, and no refused events',
    async run(context) {
      await using bench = await openBench(context)
      const session = bench.client.session(newSession())
      void session.start({ agentType: 'demo' })
      void session.message({ role: 'user', content: 'one' })
      void session.message({ role: 'nobody' as 'user', content: 'refused' })
      void session.message({ role: 'user', content: 'two' })
      checkEqual((await session.complete()).pending, 0)
      const end = eventRequests(bench.sent)
        .flatMap(({ body }) => (JSON.parse(body) as { events: { type: string; data: Record<string, unknown> }[] }).events)
        .find(({ type }) => type === 'session_end')
      checkEqual(end?.data.total_messages, 3)
    },
  },
  {
    id: 'catsyphon.batch-writer',
    title: 'a batch writer sends by count, adds no start and no end, and keeps events that could not be sent',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const writer = bench.client.batchWriter(id, { batchSize: 2, flushIntervalMs: 60_000 })
      bench.simulator.inject({ ...faults.serverError(), times: 1, on: ({ path }) => path.endsWith('/events') })
      const data = { author_role: 'human', message_type: 'prompt', error_message: 'kept', more: { deep: [1] } }
      await Promise.all([0, 1, 2].map((index) => writer.addRaw({ eventType: 'message', data: { ...data, content: `m${index}` } })))
      await writer.close()
      checkEqual(contents(bench.simulator, id), expected(3))
      checkEqual(bench.simulator.ledger.rows(id)[0]?.data.more, { deep: [1] })
      checkEqual(bench.simulator.ledger.sessions.get(id)?.status, 'active')
      checkEqual(writer.pendingCount, 0)
    },
  },
  {
    id: 'catsyphon.sanitize',
    title: 'values that the server cannot store are replaced before they are queued, and reported',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      const session = bench.client.session(id)
      await session.start({ agentType: 'a'.repeat(60), workingDirectory: `/home/bob/${'x'.repeat(300)}/${'y'.repeat(3000)}` })
      await session.message({ role: 'assistant', content: 'a\0b\ud800c', tokenUsage: { input_tokens: 1.5 } })
      await session.toolCall({ name: 'Edit', parameters: { file_path: { a: 1 }, 'k\0': 1n, when: new Date(0), cyclic: undefined } })
      await session.message({ role: 'user', content: 'late', emittedAt: '9999-12-31T00:00:00Z' })
      const report = await session.flush()
      checkEqual(report.pending, 0)
      checkEqual(bench.client.status().dead, 0)
      checkEqual(contents(bench.simulator, id), ['a\ufffdb\ufffdc', 'Edit', 'late'])
      const reasons = new Set(
        ofType(bench.events, 'sanitized').flatMap(({ replacements }) => replacements.map(({ reason }) => reason)),
      )
      for (const reason of [
        'nul',
        'lone_surrogate',
        'too_long',
        'unreadable_path',
        'not_whole',
        'out_of_range',
        'not_json',
      ] as const) {
        check(reasons.has(reason), `told of ${reason}`)
      }
    },
  },
  {
    id: 'catsyphon.refused-early',
    title: 'events that the server would refuse are refused before they are queued, and no rejection is unhandled',
    async run(context) {
      await using bench = await openBench(context)
      const session = bench.client.session(newSession())
      await checkRejects(session.message({ role: 'wizard' as 'user', content: 'x' }), 'invalid_argument')
      await checkRejects(session.add({ type: 'tool_call', data: { tool_name: 'Read' } }), 'invalid_argument')
      // Not awaited on purpose: the failure must only be reported.
      void session.message({ role: 'nobody' as 'user', content: 'x' })
      checkEqual(session.pending, 0)
      await session.message({ role: 'user', content: 'fine' })
      checkEqual((await session.flush()).pending, 0)
      checkEqual(ofType(bench.events, 'rejected').length, 3)
      for (const id of ['a/b', '', '.', '..', 'ü', 'x'.repeat(201)]) {
        await checkRejects((async () => bench.client.session(id))(), 'invalid_argument')
      }
    },
  },
]

export const cases: readonly Case<CatsyphonContext>[] = [
  ...sessionCases,
  ...queueCases,
  ...faultCases,
  ...directCases,
  ...trapCases,
]
