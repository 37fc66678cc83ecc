/**
 * Rules 3 to 7: asks exist from their arrival, the first answer wins, only a person or a policy answers, secrets are never stored.
 */
import type { Answer } from '../../hub/model/ask.js'
import type { SourceAsk } from '../../hub/source.js'
import type { SignalboxError } from '../../errors.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { createFakeClock } from '../clock.js'
import { createCrashingStore } from './crashing-store.js'
import { eventually, isKind, journalOf, storedText, view, type HubRulesContext } from './rules-context.js'
import { createScriptedSystem, type ScriptedSystem } from './scripted-system.js'

/** A system in which every turn asks once and repeats the answer. */
const asking = (ask: Partial<SourceAsk> & Pick<SourceAsk, 'nativeId'> = { nativeId: 'q' }): ScriptedSystem =>
  createScriptedSystem({
    script: async (turn) => {
      const answer = await turn.ask(ask)
      turn.say(answer === undefined ? 'no answer' : 'secret' in answer ? 'a secret' : JSON.stringify(answer))
      turn.end()
    },
  })

type OpenHub = Awaited<ReturnType<HubRulesContext['openHub']>>

/** The id of the one open ask. */
async function openAsk(hub: OpenHub): Promise<string> {
  await eventually(async () => (await hub.asks()).length === 1, 'one ask is open')
  return (await hub.asks())[0]?.id ?? ''
}

export const askRules: readonly Case<HubRulesContext>[] = [
  {
    id: 'hub.ask.arrival',
    title: 'an ask exists without a viewer, belongs to its turn, and its answer reaches the agent',
    async run({ store, openHub }) {
      const system = asking()
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x', { promptId: 'p' })
      const id = await openAsk(hub)
      const [ask] = await hub.asks()
      checkEqual([ask?.id, ask?.turn, ask?.status], [`script/a#${system.epoch('a')}#q`, 'p', 'open'])
      checkEqual(await hub.answer(id, { accept: true }, { by: 'ann' }), { askId: id, by: 'ann', delivered: 'yes' })
      checkEqual(await turn.text(), '{"accept":true}')
      checkEqual(await hub.asks(), [])
      const resolved = (await journalOf(hub)).find(isKind('ask_resolved'))
      check(
        resolved?.kind === 'ask_resolved' && resolved.by === 'ann' && resolved.outcome === 'answered',
        'viewers see who answered',
      )
    },
  },
  {
    id: 'hub.ask.again',
    title: 'an ask that is pushed twice in one epoch is one ask',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      for (let count = 0; count < 3; count += 1)
        system.push('a', { kind: 'ask', ask: { nativeId: 'q', kind: 'confirm', title: 'Go?' } })
      await openAsk(hub)
      await hub.prompt('script/a', 'x').end()
      checkEqual((await journalOf(hub)).filter(isKind('ask')).length, 1)
    },
  },
  {
    id: 'hub.ask.first-wins',
    title: 'of many answers at once, exactly one wins, and the others get the name of the winner',
    async run({ store, openHub }) {
      const races = 50
      const system = createScriptedSystem({
        script: async (turn) => {
          for (let race = 0; race < races; race += 1) await turn.ask({ nativeId: `q${race}` })
          turn.end()
        },
      })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      const names = ['ann', 'bob', 'cem', 'dee']
      for (let race = 0; race < races; race += 1) {
        const id = `script/a#${system.epoch('a')}#q${race}`
        await eventually(async () => (await hub.asks()).some((ask) => ask.id === id), 'the ask is open')
        const results = await Promise.allSettled(names.map((by) => hub.answer(id, { accept: true }, { by })))
        const winner = names[results.findIndex(({ status }) => status === 'fulfilled')] ?? '?'
        const losers = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as SignalboxError] : []))
        checkEqual(
          losers.map((error) => [error.code, error.message.includes(winner)]),
          Array(3).fill(['conflict', true]),
        )
      }
      await turn.end()
      checkEqual(system.ledger.answers.length, races)
    },
  },
  {
    id: 'hub.ask.checked',
    title: 'an answer that does not fit is refused, and a later valid one is accepted',
    async run({ store, openHub }) {
      const questions = [
        { id: 'db', text: 'Which?', options: [{ id: 'pg', label: 'Postgres' }] },
        { id: 'why', text: 'Why?', options: [], freeText: true },
      ]
      const system = asking({ nativeId: 'q', kind: 'question', questions })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      const id = await openAsk(hub)
      const broken: Answer[] = [
        { answers: { db: 'mysql', why: 'x' } },
        { answers: { db: 'pg' } },
        { answers: { db: ['pg', 'pg'], why: 'x' } },
        { answers: { db: 'pg', why: 'x', more: 'y' } },
        { option: 'pg' },
        { accept: true },
        { secret: '1234' },
      ]
      for (const answer of broken) await checkRejects(hub.answer(id, answer), 'invalid_argument')
      await hub.answer(id, { answers: { db: 'pg', why: 'because' } })
      checkEqual(await turn.text(), '{"answers":{"db":"pg","why":"because"}}')
    },
  },
  {
    id: 'hub.ask.stale',
    title: 'an answer to an ask of an earlier epoch is not delivered',
    async run({ store, openHub }) {
      const system = asking()
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      const old = await openAsk(hub)
      system.restart()
      await turn.end()
      hub.prompt('script/a', 'y')
      await eventually(async () => (await hub.asks()).some(({ id }) => id !== old), 'the new ask is open')
      checkEqual((await checkRejects(hub.answer(old, { accept: true }), 'conflict')).message.includes('lost'), true)
      checkEqual(system.ledger.answers.length, 0)
      const outcome = (await journalOf(hub)).find(isKind('ask_resolved', { askId: old }))
      check(outcome?.kind === 'ask_resolved' && outcome.outcome === 'lost', 'the old ask is lost')
    },
  },
  {
    id: 'hub.ask.withdrawn',
    title: 'the end of a turn closes its open asks first',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        script: (turn) => {
          void turn.ask({ nativeId: 'q' })
          turn.end()
        },
      })
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x').end()
      const kinds = (await journalOf(hub)).map((event) => (event.kind === 'ask_resolved' ? event.outcome : event.kind))
      checkEqual(kinds.slice(-3), ['ask', 'withdrawn', 'end'])
    },
  },
  {
    id: 'hub.ask.withdrawn-there',
    title: 'an ask that the system withdraws or that was answered there is closed, with the name of its answerer',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      system.push('a', { kind: 'ask', ask: { nativeId: 'q1', kind: 'confirm', title: 'Go?' } })
      system.push('a', { kind: 'ask_closed', nativeId: 'q1', outcome: 'withdrawn' })
      system.push('a', { kind: 'ask', ask: { nativeId: 'q2', kind: 'confirm', title: 'Go?' } })
      system.push('a', { kind: 'ask_closed', nativeId: 'q2', outcome: 'answered', by: 'terminal' })
      await using viewer = view(hub, { from: 'oldest', kinds: ['ask_resolved'] })
      await eventually(() => viewer.events.length === 2, 'both are closed')
      checkEqual(
        viewer.events.map((event) => event.kind === 'ask_resolved' && [event.outcome, event.by]),
        [
          ['withdrawn', undefined],
          ['answered', 'terminal'],
        ],
      )
    },
  },
  {
    id: 'hub.ask.expired',
    title: 'the hub expires an ask and tells the agent that it expired',
    async run({ store, openHub }) {
      const clock = createFakeClock()
      const system = asking()
      await using hub = await openHub({ store, sources: [system.source()], askTtlMs: 60_000, clock })
      const turn = hub.prompt('script/a', 'x')
      const id = await openAsk(hub)
      // A store on a disk writes in real time, and timers are set after such writes. So the time moves on until the result is there.
      const passing = async (test: () => boolean, what: string): Promise<void> =>
        eventually(async () => {
          await clock.advance(100)
          return test()
        }, what)
      let text: string | undefined
      const said = turn.text().then(
        (all) => {
          text = all
        },
        (error) => {
          text = `failed: ${error}`
        },
      )
      await clock.advance(60_000)
      await passing(() => system.ledger.expired.length === 1, 'the system was told')
      await passing(() => text !== undefined, 'the turn ended')
      await said
      checkEqual(text, 'no answer')
      await checkRejects(hub.answer(id, { accept: true }), 'conflict')
      const resolved = (await journalOf(hub)).find(isKind('ask_resolved'))
      check(resolved?.kind === 'ask_resolved' && resolved.outcome === 'expired', 'the journal says that it expired')
      checkEqual(system.ledger.answers.length, 0)
    },
  },
  {
    id: 'hub.ask.consent',
    title: 'without a policy, an ask stays open until a person answers',
    async run({ store, openHub }) {
      const system = asking()
      await using hub = await openHub({ store, sources: [system.source()] })
      hub.prompt('script/a', 'x')
      await openAsk(hub)
      await hub.history('script/a')
      checkEqual([(await hub.asks()).length, system.ledger.answers.length], [1, 0])
    },
  },
  {
    id: 'hub.ask.policy',
    title: 'a policy answers under its own name, with its note in the journal',
    async run({ store, openHub }) {
      const system = asking({ nativeId: 'q', tool: 'Write', paths: ['/project/src/a.ts'] })
      const policy = [
        {
          name: 'workspace',
          rules: [
            { match: { tool: 'Write', path: '/etc/**' }, then: 'deny' },
            { match: { system: 'script', tool: 'Write', path: '/project/**' }, then: 'allow', note: 'files of the project' },
          ],
        },
      ] as const
      await using hub = await openHub({ store, sources: [system.source()], policy })
      checkEqual(await hub.prompt('script/a', 'x').text(), '{"accept":true}')
      const resolved = (await journalOf(hub)).find(isKind('ask_resolved'))
      check(resolved?.kind === 'ask_resolved', 'the ask is resolved')
      checkEqual([resolved.by, resolved.note], ['policy:workspace', 'files of the project'])
    },
  },
  {
    id: 'hub.ask.delivery',
    title: 'an ask whose secret was rejected is answered, and its delivery is reported as rejected',
    async run({ store, openHub }) {
      const system = asking({ nativeId: 'pin', kind: 'secret' })
      await using hub = await openHub({ store, sources: [system.source()] })
      hub.prompt('script/a', 'x')
      checkEqual((await hub.answer(await openAsk(hub), { secret: 'wrong' })).delivered, 'rejected')
    },
  },
  {
    id: 'hub.ask.maybe',
    title: 'an ask whose hub died after an answer had won is answered, with delivery maybe',
    async run({ store, openHub }) {
      const system = asking()
      const source = system.source()
      const first = createCrashingStore(store)
      const dying = { ...source, answer: () => first.crash().then(() => new Promise<never>(() => {})) }
      const dead = await openHub({ store: first.store, sources: [dying] })
      dead.prompt('script/a', 'x')
      const id = await openAsk(dead)
      dead.answer(id, { accept: true }, { by: 'ann' }).catch(() => {})
      await first.crashed
      await using hub = await openHub({ store, sources: [system.source()] })
      const resolved = (await journalOf(hub)).find(isKind('ask_resolved'))
      check(resolved?.kind === 'ask_resolved', 'the ask is resolved')
      checkEqual([resolved.outcome, resolved.delivered, resolved.by], ['answered', 'maybe', 'ann'])
      checkEqual((await checkRejects(hub.answer(id, { accept: false }), 'conflict')).message.includes('ann'), true)
    },
  },
  {
    id: 'hub.ask.adopt',
    title: 'an open ask outlives its hub, and the next hub delivers its answer',
    async run({ store, openHub }) {
      const system = asking()
      const first = createCrashingStore(store)
      const dead = await openHub({ store: first.store, sources: [system.source()] })
      const turn = dead.prompt('script/a', 'x', { promptId: 'p' })
      await turn.accepted()
      const id = await openAsk(dead)
      await eventually(async () => (await journalOf(dead)).some(isKind('ask')), 'the ask is in the journal')
      await first.crash()
      await using hub = await openHub({ store, sources: [system.source()] })
      checkEqual(await openAsk(hub), id)
      await hub.answer(id, { accept: true })
      checkEqual(await hub.turn('p').text(), '{"accept":true}')
      checkEqual((await journalOf(hub)).filter(isKind('ask')).length, 1)
    },
  },
  {
    id: 'hub.ask.lost-while-away',
    title: 'an ask is lost if its agent restarted while no hub ran',
    async run({ store, openHub }) {
      const system = asking()
      const first = createCrashingStore(store)
      const dead = await openHub({ store: first.store, sources: [system.source()] })
      dead.prompt('script/a', 'x')
      await openAsk(dead)
      await first.crash()
      system.restart()
      await using hub = await openHub({ store, sources: [system.source()] })
      await using viewer = view(hub, { from: 'oldest' })
      const resolved = await viewer.until(isKind('ask_resolved'))
      check(resolved.kind === 'ask_resolved' && resolved.outcome === 'lost', 'it is lost')
      checkEqual(await hub.asks(), [])
    },
  },
  {
    id: 'hub.secret',
    title: 'a secret is in no journal, record, error or problem',
    async run({ store, openHub }) {
      const secret = 'sesame-4711'
      const problems: unknown[] = []
      const system = asking({ nativeId: 'pin', kind: 'secret', title: 'PIN?' })
      {
        await using hub = await openHub({
          store,
          sources: [system.source()],
          keepRaw: true,
          onProblem: (problem) => problems.push(problem),
        })
        const turn = hub.prompt('script/a', 'x')
        const id = await openAsk(hub)
        await hub.answer(id, { secret })
        await turn.end()
        const late = await checkRejects(hub.answer(id, { secret }), 'conflict')
        check(!JSON.stringify([late.message, problems]).includes(secret), 'no error tells it')
        checkEqual(
          system.ledger.answers.map(({ answer }) => answer),
          [{ secret }],
        )
        await using viewer = view(hub, { from: 'oldest' })
        await viewer.until(isKind('end'))
        check(!JSON.stringify(viewer.events).includes(secret), 'no viewer sees it')
      }
      check(!(await storedText(store)).includes(secret), 'the store does not have it')
    },
  },
]
