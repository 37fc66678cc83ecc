/** Rules 10 and 12: honest costs and true capabilities. Also routing, sessions, and calls of a closed hub. */
import { askAll, promptAny } from '../../hub/routing.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { eventually, held, journalOf, view, type HubRulesContext } from './rules-context.js'
import { createScriptedSystem, FULL_CAPABILITIES } from './scripted-system.js'

export const agentRules: readonly Case<HubRulesContext>[] = [
  {
    id: 'hub.route',
    title: 'one prompt goes to all chosen agents, or to an idle one that fits',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ agents: ['a', 'b', 'c'] })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turns = await askAll(hub, ({ name }) => name !== 'c', 'hi')
      checkEqual(await Promise.all(turns.map((turn) => turn.text())), ['echo: hi', 'echo: hi'])
      system.push('a', {
        kind: 'state',
        session: 'main',
        state: 'running',
        evidence: { from: 'reported', at: '2026-01-01T00:00:00Z' },
      })
      await eventually(async () => (await hub.agents())[0]?.sessions[0]?.state === 'running', 'a is busy')
      checkEqual((await promptAny(hub, () => true, 'hi')).agent, 'script/b')
      await checkRejects(
        promptAny(hub, () => false, 'hi'),
        'not_found',
      )
    },
  },
  {
    id: 'hub.cost.honest',
    title: 'a cost sum lists what it covers and omits, and a session total replaces the earlier one',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        agents: ['a', 'b'],
        script: (turn) => {
          if (turn.prompt.agent === 'script/a') {
            turn.event({ kind: 'usage', scope: 'session', basis: 'reported', costUsd: 1 })
            turn.event({ kind: 'usage', scope: 'session', basis: 'reported', costUsd: 3 })
          }
          turn.end()
        },
      })
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x').end()
      await hub.prompt('script/b', 'x').end()
      checkEqual(await hub.spent(), { costUsd: 3, basis: 'reported', covers: ['script/a'], omits: ['script/b'] })
      checkEqual((await hub.spent('script/b')).basis, 'none')
    },
  },
  {
    id: 'hub.cost.budget',
    title: 'a stop budget cancels running turns and refuses new prompts, and a warn budget only writes a notice',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        script: async (turn) => {
          turn.event({ kind: 'usage', scope: 'turn', basis: 'reported', costUsd: 2, tokens: { input: 10, cacheRead: 1_000_000 } })
          await turn.whenCancelled
          turn.end()
        },
      })
      const budgets = [
        { name: 'soft', maxCostUsd: 1, over: 'warn' },
        { name: 'hard', maxCostUsd: 1.5, over: 'stop' },
        { name: 'tokens', maxTokens: 100, over: 'stop' },
      ] as const
      await using hub = await openHub({ store, sources: [system.source()], budgets })
      checkEqual((await hub.prompt('script/a', 'x').end()).outcome, 'cancelled')
      const refused = await checkRejects(hub.prompt('script/a', 'y').accepted(), 'permission_denied')
      check(refused.message.includes('hard'), 'the refusal names the budget')
      const notices = (await journalOf(hub)).flatMap((event) => (event.kind === 'notice' ? [event.text] : []))
      checkEqual(notices, ['The budget soft is spent.', 'The budget hard is spent.', 'budget:hard cancelled the turn.'])
    },
  },
  {
    id: 'hub.cost.budget-state',
    title: 'the state of a budget counts only its own agents and fresh tokens, and lists what the cost covers and omits',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        agents: ['a', 'b', 'c'],
        script: (turn) => {
          const tokens = { input: 10, output: 5, cacheRead: 1_000_000 }
          if (turn.prompt.agent !== 'script/b') turn.event({ kind: 'usage', scope: 'turn', basis: 'reported', costUsd: 2, tokens })
          turn.end()
        },
      })
      const two = { name: 'two', agents: ['script/a', 'script/b'], maxCostUsd: 1, over: 'warn' } as const
      const wide = { name: 'wide', maxTokens: 1_000, over: 'stop' } as const
      await using hub = await openHub({ store, sources: [system.source()], budgets: [two, wide] })
      checkEqual(
        (await hub.budgets()).map(({ costUsd, tokens, isPassed }) => [costUsd, tokens, isPassed]),
        [
          [0, 0, false],
          [0, 0, false],
        ],
      )
      for (const agent of ['script/a', 'script/b', 'script/c']) await hub.prompt(agent, 'x').end()
      checkEqual(await hub.budgets(), [
        { budget: two, costUsd: 2, tokens: 15, covers: ['script/a'], omits: ['script/b'], isPassed: true },
        { budget: wide, costUsd: 4, tokens: 30, covers: ['script/a', 'script/c'], omits: ['script/b'], isPassed: false },
      ])
    },
  },
  {
    id: 'hub.capability.absent',
    title: 'a call without the capability of the agent fails as unsupported with sent: no',
    async run({ store, openHub }) {
      const nothing = createScriptedSystem({ can: {} })
      await using hub = await openHub({ store, sources: [nothing.source()] })
      const calls = [() => hub.prompt('script/a', 'x').accepted(), () => hub.history('script/a'), () => hub.sessions('script/a')]
      const more = [() => hub.openSession('script/a'), () => hub.closeSession('script/a', 'main')]
      for (const call of [...calls, ...more]) checkEqual((await checkRejects(call(), 'unsupported')).sent, 'no')
      await checkRejects(hub.prompt('script/none', 'x').accepted(), 'not_found')
    },
  },
  {
    id: 'hub.capability.cancel',
    title: 'a cancel of a turn that cannot be stopped is refused, and the turn continues',
    async run({ store, openHub }) {
      const { cancel: _cancel, ...can } = FULL_CAPABILITIES
      const { turns, script } = held()
      const system = createScriptedSystem({ can, script })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      await eventually(() => turns.length === 1, 'the prompt arrived')
      await checkRejects(turn.cancel(), 'unsupported')
      turns[0]?.end()
      checkEqual((await turn.end()).outcome, 'completed')
    },
  },
  {
    id: 'hub.capability.past',
    title: 'history and sessions come from the system, as replayed events without a position',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x').end()
      const { events, complete } = await hub.history('script/a')
      checkEqual([events.map(({ kind, origin, seq }) => [kind, origin, seq]), complete], [[['message', 'replay', 0]], true])
      checkEqual(
        (await hub.sessions('script/a')).map(({ id }) => id),
        ['main'],
      )
    },
  },
  {
    id: 'hub.sessions',
    title: 'a session is opened once, with choices that the agent offers, and closed; everything else is refused with sent: no',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      const { id } = await hub.openSession('script/a', { fork: 'main', folder: '/b', model: 'large' })
      checkEqual(system.ledger.opened, [{ agent: 'script/a', id, wanted: { fork: 'main', folder: '/b', model: 'large' } }])
      const shown = async (): Promise<boolean> => (await hub.agents())[0]?.sessions.some((one) => one.id === id) === true
      await eventually(shown, 'the session is shown')
      for (const wanted of [{ folder: '/etc' }, { model: 'other' }])
        checkEqual((await checkRejects(hub.openSession('script/a', wanted), 'invalid_argument')).sent, 'no')
      await checkRejects(hub.openSession('script/none'), 'not_found')
      await hub.closeSession('script/a', id)
      await eventually(async () => !(await shown()), 'the session is gone')
      await checkRejects(hub.closeSession('script/a', id), 'not_found')
      checkEqual(system.ledger.opened.length, 1)
    },
  },
  {
    id: 'hub.closed',
    title: 'a closed hub ends its viewers and rejects every call',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: () => {} })
      const hub = await openHub({ store, sources: [system.source()] })
      const viewer = view(hub)
      const turn = hub.prompt('script/a', 'x')
      await turn.accepted()
      const end = turn.end()
      end.catch(() => {})
      await hub.close()
      await checkRejects(hub.agents(), 'closed')
      checkEqual((await checkRejects(end)).code, 'closed')
      await viewer[Symbol.asyncDispose]()
    },
  },
]
