/** The reaction to each answer: retry, split, make a dead letter, or stop with the reason. */
import {
  check,
  checkEqual,
  catsyphonFaults as faults,
  type Case,
  type CatsyphonFaultEffect as FaultEffect,
  type CatsyphonRequest as SimulatedRequest,
} from '../../src/testing/index.js'
import {
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

const onEvents = ({ path, body }: SimulatedRequest): boolean =>
  path.endsWith('/collectors/events') && !String(body).includes('"type":"metadata"')

/** How many messages are stored more than once. */
const doubles = (stored: readonly string[]): number =>
  new Set(stored.filter((content, index) => stored.indexOf(content) !== index)).size

export const faultCases: readonly Case<CatsyphonContext>[] = [
  {
    id: 'catsyphon.transient',
    title: 'temporary failures cause retries, and no event is lost or duplicated',
    async run(context) {
      const passing = [
        faults.refuse(),
        faults.reset('before'),
        faults.rateLimited('0'),
        faults.badGateway(502),
        faults.badGateway(503),
        faults.badGateway(504),
      ]
      for (const fault of passing) {
        await using bench = await openBench(context)
        const id = newSession()
        bench.simulator.inject({ ...fault, times: 2, on: onEvents })
        await talk(bench.client, id, 4)
        checkEqual((await bench.client.flush()).pending, 0)
        checkEqual(contents(bench.simulator, id), expected(4))
        checkEqual(ofType(bench.events, 'retrying').length, 2)
      }
    },
  },
  {
    id: 'catsyphon.lost-answer',
    title: 'an answer that is lost after the server stored the batch causes no duplicate, even for the first request of a session',
    async run(context) {
      for (const fault of [faults.reset('after'), faults.truncate()]) {
        await using bench = await openBench(context)
        const id = newSession()
        bench.simulator.inject({ ...fault, times: 2, on: onEvents })
        await talk(bench.client, id, 4)
        checkEqual((await bench.client.flush()).pending, 0)
        checkEqual(contents(bench.simulator, id), expected(4))
        checkEqual(bench.simulator.ledger.sessions.get(id)?.agentType, 'conformance')
      }
    },
  },
  {
    id: 'catsyphon.inherited-lost-answer',
    title: 'events that an earlier client left in the outbox are stored once, even if many answers are lost',
    async run(context) {
      for (const fault of [faults.reset('after'), faults.truncate()]) {
        await using bench = await openBench(context, { drainTimeoutMs: 50 })
        const id = newSession()
        bench.simulator.inject({ ...faults.refuse(), times: 1_000_000 })
        await talk(bench.client, id, 4)
        await bench.client.close()
        bench.simulator.faults.clear()
        bench.simulator.inject({ ...fault, times: 3, on: onEvents })
        const next = await bench.restart()
        checkEqual((await next.flush()).pending, 0)
        checkEqual(contents(bench.simulator, id), expected(4))
      }
    },
  },
  {
    id: 'catsyphon.known-stored',
    title: 'several lost answers of a batch that is known to be stored leave no ambiguous event',
    async run(context) {
      for (const fault of [faults.reset('after'), faults.truncate()]) {
        await using bench = await openBench(context)
        const id = newSession()
        await talk(bench.client, id, 1)
        await bench.client.flush()
        bench.simulator.inject({ ...fault, times: 4, on: onEvents })
        await Promise.all(expected(6, 'n').map((content) => bench.client.session(id).message({ role: 'user', content })))
        checkEqual((await bench.client.flush()).pending, 0)
        checkEqual(contents(bench.simulator, id), ['m0', ...expected(6, 'n')])
        checkEqual(bench.client.status().ambiguous, 0)
      }
    },
  },
  {
    id: 'catsyphon.timeout-race',
    title: 'a retry during a slow first request causes no duplicate on servers with a barrier, and is reported on other servers',
    async run(context) {
      for (const phase of ['in-transaction', 'before-write'] as const) {
        await using bench = await openBench(context, { timeoutMs: 60 })
        const id = newSession()
        await talk(bench.client, id, 1)
        await bench.client.flush()
        bench.simulator.inject({ ...faults.slow(250, phase), on: onEvents })
        await bench.client.session(id).message({ role: 'user', content: 'raced' })
        checkEqual((await bench.client.flush()).pending, 0)
        await until(() => bench.simulator.ledger.rows(id).filter(({ data }) => data.content === 'raced').length >= 1, 'the message')
        await new Promise((resolve) => void setTimeout(resolve, 300))
        const stored = contents(bench.simulator, id)
        check(stored.includes('raced'), 'nothing is lost')
        check(doubles(stored) <= bench.client.status().ambiguous, 'every double is reported')
        if (phase === 'in-transaction' && context.generation !== 'sequence') checkEqual(doubles(stored), 0)
      }
    },
  },
  {
    id: 'catsyphon.poison',
    title: 'an event that the server cannot store becomes a dead letter, and the others arrive',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      bench.simulator.setPoison((event) => event.data.content === 'm7')
      await talk(bench.client, id, 20)
      checkEqual((await bench.client.flush()).pending, 0)
      const letters = await bench.client.deadLetters.list()
      checkEqual(
        letters.map(({ queue, ordinal }) => [queue, ordinal]),
        [[id, 9]],
      )
      check(
        letters[0]?.reason.includes('500') && new TextDecoder().decode(letters[0].body).includes('"m7"'),
        'kept with its reason',
      )
      const stored = contents(bench.simulator, id)
      checkEqual(
        [...new Set(stored)],
        expected(20).filter((content) => content !== 'm7'),
      )
      check(doubles(stored) <= bench.client.status().ambiguous, 'every double is reported')
      if (context.generation !== 'sequence') checkEqual(doubles(stored), 0)
      else check(ofType(bench.events, 'filled').length === 1, 'the hole in the numbers is filled and told')
      await bench.client.session(id).message({ role: 'user', content: 'after' })
      await bench.client.flush()
      check(contents(bench.simulator, id).includes('after'), 'the session goes on')
    },
  },
  {
    id: 'catsyphon.sick-server',
    title: 'while the server reports that it is degraded, no answer 500 makes a dead letter',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      bench.simulator.setHealthy(false)
      bench.simulator.inject({ ...faults.serverError(), times: 12, on: onEvents })
      await talk(bench.client, id, 3)
      const flushed = bench.client.flush()
      await until(() => bench.simulator.faults.pending === 0, 'the end of the outage')
      bench.simulator.setHealthy(true)
      checkEqual((await flushed).pending, 0)
      checkEqual([bench.client.status().dead, contents(bench.simulator, id)], [0, expected(3)])
    },
  },
  {
    id: 'catsyphon.named-event',
    title: 'events that a 422 names become dead letters, and the rest is sent',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await bench.client.session(id).start({ agentType: 'demo' })
      await bench.client.flush()
      const detail = [2, 4].map((index) => ({
        type: 'string_type',
        loc: ['body', 'events', index, 'data', 'content'],
        msg: 'SECRET',
        input: 'SECRET',
      }))
      bench.simulator.inject({
        kind: 'answer',
        status: 422,
        body: JSON.stringify({ detail }),
        contentType: 'application/json',
        on: onEvents,
      })
      await Promise.all(expected(6).map((content) => bench.client.session(id).message({ role: 'user', content })))
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual(contents(bench.simulator, id), ['m0', 'm1', 'm3', 'm5'])
      const letters = await bench.client.deadLetters.list()
      checkEqual(letters.length, 2)
      check(
        letters.every(({ reason }) => reason.includes('data.content') && !reason.includes('SECRET')),
        'the reason names the field and no content',
      )
    },
  },
  {
    id: 'catsyphon.too-large',
    title: 'a 413 splits the request down to one event, which becomes a dead letter',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      bench.simulator.inject({ ...faults.tooLarge(), times: 1_000_000, on: ({ body }) => String(body).length > 4000 })
      const session = bench.client.session(id)
      await session.start({ agentType: 'demo' })
      await Promise.all(
        expected(10).map((content, index) =>
          session.message({ role: 'user', content: content + (index === 5 ? 'x'.repeat(5000) : '') }),
        ),
      )
      checkEqual((await session.flush()).pending, 0)
      checkEqual(
        contents(bench.simulator, id),
        expected(10).filter((content) => content !== 'm5'),
      )
      checkEqual(bench.client.status().dead, 1)
    },
  },
  {
    id: 'catsyphon.retry-after',
    title: 'Retry-After is obeyed',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      bench.simulator.inject({ ...faults.rateLimited('1'), on: onEvents })
      await talk(bench.client, id, 1)
      checkEqual((await bench.client.flush()).pending, 0)
      const [retrying] = ofType(bench.events, 'retrying')
      checkEqual([retrying?.delayMs, retrying?.error.code], [1000, 'rate_limited'])
    },
  },
  {
    id: 'catsyphon.halt',
    title: 'a wrong key or a wrong address stops the outbox, which keeps all events, and the error says what to do',
    async run(context) {
      const causes: [FaultEffect, string][] = [
        [faults.unauthorized(), 'unauthenticated'],
        [faults.singlePageApp(), 'incompatible'],
        [faults.redirect('http://elsewhere/collectors/events'), 'incompatible'],
        [{ kind: 'answer', status: 405, body: '<html></html>', contentType: 'text/html' }, 'incompatible'],
      ]
      for (const [fault, code] of causes) {
        await using bench = await openBench(context)
        const id = newSession()
        bench.simulator.inject({ ...fault, on: onEvents })
        await talk(bench.client, id, 3)
        const report = await bench.client.flush()
        checkEqual([report.pending, report.error?.code], [4, code])
        check(bench.client.status().halted !== undefined && ofType(bench.events, 'halted').length === 1, 'the halt is told once')
        bench.client.resume(bench.credentials)
        checkEqual((await bench.client.flush()).pending, 0)
        checkEqual(contents(bench.simulator, id), expected(3))
      }
    },
  },
  {
    id: 'catsyphon.disabled-midway',
    title: 'a collector that is switched off during a session keeps its queue for new credentials',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 2)
      await bench.client.flush()
      bench.simulator.setEnabled(bench.credentials.collectorId, false)
      const session = bench.client.session(id)
      await session.message({ role: 'user', content: 'm2' })
      const report = await session.complete()
      checkEqual([report.pending, report.error?.code], [3, 'permission_denied'])
      const other = bench.simulator.register()
      bench.client.resume({ collectorId: other.id, apiKey: other.key })
      checkEqual((await bench.client.flush()).pending, 0)
      checkEqual(contents(bench.simulator, id), expected(3))
      // Its own completion is refused to another collector, but the end event has closed the session.
      checkEqual(bench.simulator.ledger.sessions.get(id)?.status, 'completed')
    },
  },
  {
    id: 'catsyphon.forgetful-server',
    title: 'a completion of a session that the server does not know becomes a dead letter',
    async run(context) {
      await using bench = await openBench(context)
      const id = newSession()
      await talk(bench.client, id, 1)
      await bench.client.flush()
      bench.simulator.inject({
        kind: 'answer',
        status: 404,
        body: JSON.stringify({ detail: `No events received for session ${id}` }),
        contentType: 'application/json',
        on: ({ path }) => path.endsWith('/complete'),
      })
      checkEqual((await bench.client.session(id).complete()).pending, 0)
      checkEqual(bench.client.status().dead, 1)
    },
  },
  {
    id: 'catsyphon.secrets',
    title: 'neither the key nor the conversation reaches an error or a report',
    async run(context) {
      await using bench = await openBench(context)
      const { apiKey } = bench.credentials
      const echo = JSON.stringify({ detail: `(psycopg2.errors) INSERT ... ['PRIVATE', '${apiKey}']` })
      bench.simulator.inject({ kind: 'answer', status: 500, body: echo, contentType: 'application/json', times: 2, on: onEvents })
      await talk(bench.client, newSession(), 1)
      await bench.client.flush()
      const told = ofType(bench.events, 'retrying').map(
        ({ error }) => `${error.message} ${JSON.stringify(error)} ${String(error.cause)}`,
      )
      check(told.length > 0, 'the failure is told')
      check(
        told.every((text) => !text.includes('PRIVATE') && !text.includes(apiKey)),
        'no body and no key in it',
      )
      check(
        eventRequests(bench.sent).every(({ path, body }) => !path.includes(apiKey) && !body.includes(apiKey)),
        'the key travels in its header only',
      )
    },
  },
]
