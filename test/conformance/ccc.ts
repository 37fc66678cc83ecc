/** What the CCC client does against any server that plays these scenarios: the simulator here, behind a socket, a WebSocket or a gateway. */
import { createCcc, type CccSendError, type StatusEvent } from '../../src/ccc/index.js'
import { check, checkEqual, checkRejects, type Case, type CccSimulatorOptions } from '../../src/testing/index.js'
import type { StreamTransport } from '../../src/index.js'
import { until } from './kit.js'

/** Start states by name, so that a runner elsewhere can serve them. */
export const cccScenarios = {
  running: {
    timeScale: 0.002,
    sessions: [
      { name: 'myproject', path: '/home/dev/myproject', running: true },
      { name: 'backend', path: '/home/dev/backend', running: true },
      { name: 'asleep', path: '/home/dev/asleep' },
      { name: 'laptop:web', host: 'laptop', path: '/home/lap/web' },
    ],
  },
  january: { timeScale: 0.002, generation: 'january', sessions: [{ name: 'myproject', running: true }, { name: 'asleep' }] },
} as const satisfies Record<string, CccSimulatorOptions>

export interface CccContext {
  /** A transport to a fresh server in this state. */
  serve(scenario: keyof typeof cccScenarios): Promise<StreamTransport<void>>
}

const session = 'myproject'

const cases: readonly { id: string; title: string; run(transport: StreamTransport<void>): Promise<void>; on?: 'january' }[] = [
  {
    id: 'ccc.commands.ping',
    title: 'ping gives the version, with defaults for omitted fields',
    async run(transport) {
      const ping = await createCcc({ transport }).ping()
      checkEqual(ping.version, '1.12.5')
      check(typeof ping.uptime_seconds === 'number' && ping.sessions_active === 4, 'counts')
    },
  },
  {
    id: 'ccc.commands.sessions',
    title: 'sessions are returned sorted, whatever their order on the wire',
    async run(transport) {
      const names = (await createCcc({ transport }).sessions()).map(({ name }) => name)
      checkEqual(names, ['asleep', 'backend', 'laptop:web', 'myproject'])
    },
  },
  {
    id: 'ccc.ask.answered',
    title: 'an ask is answered, and the history says whose answer it is',
    async run(transport) {
      const answer = await createCcc({ transport }).ask({ session, text: 'hello [[reply 47 pass]]', from: 'orchestrator' })
      check(answer.outcome === 'answered', 'answered')
      checkEqual([answer.response, answer.attribution], ['47 pass', 'own'])
    },
  },
  {
    id: 'ccc.ask.unanswered',
    title: 'ok without a response is a separate outcome, and resolve finds its result',
    async run(transport) {
      const ccc = createCcc({ transport })
      const answer = await ccc.ask({ session, text: 'quiet [[nohook]]' })
      checkEqual(answer.outcome, 'unanswered')
      checkEqual((await ccc.resolve(answer.receipt)).outcome, 'stored')
    },
  },
  {
    id: 'ccc.send.wait',
    title: 'sendAndWait polls the history for the answer after the message',
    async run(transport) {
      const answer = await createCcc({ transport }).sendAndWait({ session, text: 'run [[sleep 2]] [[reply done]]', pollMs: 5 })
      check(answer.outcome === 'answered' && answer.response === 'done' && answer.attribution === 'own', 'answered')
    },
  },
  {
    id: 'ccc.send.history',
    title: 'a send gives an id, and the history shows the message under its author',
    async run(transport) {
      const ccc = createCcc({ transport })
      const { messageId } = await ccc.send({ session, text: 'ship it', from: 'ci-bot' })
      const [message] = await ccc.history({ session, fromFilter: 'api' })
      checkEqual([message?.id, message?.text, message?.agent], [messageId, 'ship it', 'ci-bot'])
      checkEqual(await ccc.history({ session: 'asleep' }), [], 'an omitted list is an empty one')
    },
  },
  {
    id: 'ccc.resolve',
    title: 'resolve distinguishes stored, answered, not stored and unknown',
    async run(transport) {
      const ccc = createCcc({ transport })
      const { receipt } = await ccc.send({ session, text: 'first [[reply one]]', marker: 'm1' })
      const never = { ...receipt, text: 'never sent' }
      checkEqual(await ccc.resolve(never), { outcome: 'unknown', reason: 'early' }, 'the server may not have come to it yet')
      const longAgo = { sentAtMs: receipt.sentAtMs - 120_000 }
      checkEqual((await ccc.resolve({ ...never, ...longAgo })).outcome, 'not_stored')
      checkEqual(await ccc.resolve({ ...never, ...longAgo, session: 'asleep' }), { outcome: 'unknown', reason: 'empty' })
      const found = await until(async () => {
        const now = await ccc.resolve(receipt)
        return now.outcome === 'stored' ? undefined : now
      }, 'the answer to the first message')
      check(found?.outcome === 'answered' && found.response === 'one', 'answered')
      checkEqual(found.message.agent, 'api#m1')
    },
  },
  {
    id: 'ccc.subscribe.statuses',
    title: 'subscribe yields the first statuses, and break closes it',
    async run(transport) {
      const seen: StatusEvent[] = []
      const stream = await createCcc({ transport }).subscribe({ sessions: ['myproject', 'asleep'] })
      for await (const event of stream) {
        seen.push(event)
        if (seen.length === 3) break
      }
      checkEqual(seen, [
        { type: 'subscribed', sessions: ['myproject', 'asleep'] },
        { type: 'status', session: 'myproject', status: 'idle' },
        { type: 'status', session: 'asleep', status: 'stopped' },
      ])
    },
  },
  {
    id: 'ccc.subscribe.follows',
    title: 'a stream of all sessions gives their names, and ends with its client',
    async run(transport) {
      const ccc = createCcc({ transport })
      const seen: StatusEvent[] = []
      for await (const event of await ccc.subscribe()) {
        seen.push(event)
        if (seen.length === 5) await ccc[Symbol.asyncDispose]()
      }
      checkEqual(seen[0], { type: 'subscribed', sessions: ['asleep', 'backend', 'laptop:web', 'myproject'] })
      const statuses = Object.fromEntries(seen.flatMap((event) => (event.type === 'status' ? [[event.session, event.status]] : [])))
      checkEqual(statuses, { asleep: 'stopped', backend: 'idle', 'laptop:web': 'stopped', myproject: 'idle' })
      await checkRejects(ccc.ping(), 'closed')
    },
  },
  {
    id: 'ccc.ask.queue',
    title: 'asks of one session wait for each other, and each gets its own answer',
    async run(transport) {
      const ccc = createCcc({ transport })
      const texts = ['one', 'two', 'three']
      const answers = await Promise.all(texts.map((text) => ccc.ask({ session, text: `${text} [[reply ${text}]]` })))
      checkEqual(
        answers.map((answer) => answer.outcome === 'answered' && [answer.response, answer.attribution]),
        texts.map((text) => [text, 'own']),
      )
    },
  },
  {
    id: 'ccc.giant-line',
    title: 'an answer of 60,000 characters and a request of a megabyte arrive whole',
    async run(transport) {
      const ccc = createCcc({ transport })
      const long = await ccc.sendAndWait({ session, text: 'much [[big 60000]]', pollMs: 5 })
      check(long.outcome === 'answered' && long.response.length === 60_000, 'the whole answer')
      const error = await checkRejects(ccc.call('history', { session: 'nope', text: '\u20ac'.repeat(350_000) }), 'not_found')
      checkEqual(error.remoteCode, 'session not found')
    },
  },
  {
    id: 'ccc.commands.rest',
    title: 'continue, activity, screenshot, questions and answer give their results',
    async run(transport) {
      const ccc = createCcc({ transport })
      await ccc.continue({ session })
      checkEqual((await ccc.activity()).map(({ name, lastMessageId }) => [name, lastMessageId]).at(0), ['asleep', 0])
      check((await ccc.screenshot({ session, limit: 5 })).includes('\u276f'), 'a prompt on the screen')
      checkEqual(await ccc.questions({ session }), undefined)
      const error = await checkRejects(ccc.answer({ session, questionIndex: 0, optionIndex: 0 }), 'not_found')
      checkEqual(error.sent, 'no')
    },
  },
  {
    id: 'ccc.errors',
    title: 'a refusal of the server is a typed error that says that nothing happened',
    async run(transport) {
      const ccc = createCcc({ transport })
      checkEqual((await checkRejects(ccc.ask({ session: 'nope', text: 'hi' }), 'not_found')).sent, 'no')
      checkEqual((await checkRejects(ccc.ask({ session: 'laptop:web', text: 'hi' }), 'unavailable')).sent, 'maybe')
      checkEqual((await checkRejects(ccc.call('frobnicate'), 'unsupported')).sent, 'no')
      const error = (await checkRejects(ccc.screenshot({ session: 'asleep' }), 'unavailable')) as Error
      check(!(error as CccSendError).receipt, 'only asks and sends have a receipt')
    },
  },
  {
    id: 'ccc.text.refused',
    title: 'text that the server would change is not sent',
    async run(transport) {
      const ccc = createCcc({ transport })
      await checkRejects(ccc.send({ session, text: '' }), 'invalid_argument')
      await checkRejects(ccc.send({ session, text: 'nul \0' }), 'invalid_argument')
      await checkRejects(ccc.send({ session, text: 'x'.repeat(16_331) }), 'too_large')
      await ccc.send({ session, text: 'x'.repeat(16_330) })
      const guarded = await ccc.sendAndWait({ session: 'backend', text: '- dash; [[reply ok]];', pollMs: 5 })
      check(guarded.outcome === 'answered' && guarded.response === 'ok', 'guarded')
    },
  },
  {
    id: 'ccc.unsupported',
    title: 'a command that an older server lacks is unsupported',
    on: 'january',
    async run(transport) {
      const ccc = createCcc({ transport })
      const newer = [() => ccc.ping(), () => ccc.activity(), () => ccc.continue({ session })]
      for (const call of newer) checkEqual((await checkRejects(call(), 'unsupported')).sent, 'no')
      const error = await checkRejects(ccc.send({ session: 'asleep', text: 'hi' }), 'remote')
      checkEqual(error.sent, 'maybe', 'it may stand in the history')
    },
  },
]

export const cccCases: readonly Case<CccContext>[] = cases.map(({ id, title, on, run }) => ({
  id,
  title,
  run: async (context) => run(await context.serve(on ?? 'running')),
}))
