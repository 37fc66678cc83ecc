/** Rules 2, 8, 10 and 12: one end, idempotent prompts, honest costs, true capabilities, and prompts to a busy agent. */
import { askAll, promptAny } from '../../hub/routing.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { createCrashingStore } from './crashing-store.js'
import { eventually, isKind, journalOf, view, type HubRulesContext } from './rules-context.js'
import { createScriptedSystem, FULL_CAPABILITIES, type ScriptedTurn } from './scripted-system.js'

/** A script whose turns end when the test says so. */
function held() {
  const turns: ScriptedTurn[] = []
  return { turns, script: (turn: ScriptedTurn) => void turns.push(turn) }
}

export const turnRules: readonly Case<HubRulesContext>[] = [
  {
    id: 'hub.turn.text',
    title: 'a turn gives its events, its text and its end',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'hello', { by: 'tester' })
      const kinds: string[] = []
      for await (const event of turn) kinds.push(event.kind)
      checkEqual(kinds, ['turn', 'message', 'message', 'end'])
      checkEqual([await turn.text(), (await turn.end()).outcome], ['echo: hello', 'completed'])
      checkEqual(system.ledger.prompts[0]?.by, 'tester')
    },
  },
  {
    id: 'hub.turn.elsewhere',
    title: 'another viewer gets the turn by its prompt id, while it runs and afterwards',
    async run({ store, openHub }) {
      const { turns, script } = held()
      const system = createScriptedSystem({ script })
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x', { promptId: 'p' }).accepted()
      const other = hub.turn('p').text()
      await eventually(() => turns.length === 1, 'the prompt arrived')
      turns[0]?.say('the answer')
      turns[0]?.end()
      checkEqual(await other, 'the answer')
      checkEqual(await hub.turn('p').text(), 'the answer')
      checkEqual((await checkRejects(hub.turn('nobody').end(), 'not_found')).sent, 'no')
    },
  },
  {
    id: 'hub.end.failed',
    title: 'a prompt that the system refuses ends as failed with sent: no, and text() rejects with the reason',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      system.fail('refuse')
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      const end = await turn.end()
      checkEqual([end.outcome, end.sent, end.error?.remoteCode], ['failed', 'no', 'refused'])
      checkEqual((await checkRejects(turn.text(), 'remote')).sent, 'no')
    },
  },
  {
    id: 'hub.end.unclear',
    title: 'a prompt whose connection broke is looked up and not sent again',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      system.fail('lose-after', 'lose-before')
      await using hub = await openHub({ store, sources: [system.source()] })
      checkEqual((await hub.prompt('script/a', 'arrived').end()).outcome, 'completed')
      const lost = await hub.prompt('script/a', 'never').end()
      checkEqual([lost.outcome, lost.sent], ['lost', 'no'])
      checkEqual(
        system.ledger.prompts.map(({ text }) => text),
        ['arrived'],
      )
    },
  },
  {
    id: 'hub.end.deadline',
    title: 'a system that cannot resolve a turn is asked until a deadline, and then the turn is lost with sent: maybe',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: () => {} })
      system.resolving.answer = 'unknown'
      system.fail('lose-after')
      await using hub = await openHub({ store, sources: [system.source()], resolveWithinMs: 0 })
      const end = await hub.prompt('script/a', 'x').end()
      checkEqual([end.outcome, end.sent], ['lost', 'maybe'])
    },
  },
  {
    id: 'hub.end.restart',
    title: 'an agent that restarts without an end event ends its turn once',
    async run({ store, openHub }) {
      const { turns, script } = held()
      const system = createScriptedSystem({ script })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      await eventually(() => turns.length === 1, 'the prompt arrived')
      turns[0]?.delta('half an answer')
      system.restart()
      const end = await turn.end()
      checkEqual([end.outcome, end.sent], ['lost', 'maybe'])
      turns[0]?.end()
      checkEqual((await journalOf(hub)).filter(isKind('end')).length, 1)
    },
  },
  {
    id: 'hub.end.twice',
    title: 'a second end of a turn is dropped',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x', { promptId: 'p' }).end()
      system.push('a', { kind: 'end', outcome: 'failed', sent: 'yes', turn: 'p' })
      await hub.prompt('script/a', 'y').end()
      const ends = (await journalOf(hub)).filter((event) => event.kind === 'end' && event.turn === 'p')
      checkEqual(ends.length, 1)
    },
  },
  {
    id: 'hub.end.adopt',
    title: 'the next hub adopts a turn that still runs, and reports its end',
    async run({ store, openHub }) {
      const { turns, script } = held()
      const system = createScriptedSystem({ script })
      const first = createCrashingStore(store)
      const dead = await openHub({ store: first.store, sources: [system.source()] })
      await dead.prompt('script/a', 'x', { promptId: 'p' }).accepted()
      await eventually(() => turns.length === 1, 'the prompt arrived')
      await first.crash()
      await using hub = await openHub({ store, sources: [system.source()] })
      checkEqual((await journalOf(hub)).some(isKind('end')), false)
      turns[0]?.say('at last')
      turns[0]?.end()
      checkEqual(await hub.turn('p').text(), 'at last')
      checkEqual(system.ledger.prompts.length, 1)
    },
  },
  {
    id: 'hub.idempotent.same',
    title: 'a repeated prompt id gives the same turn and sends one prompt, also after a restart of the hub',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      {
        await using hub = await openHub({ store, sources: [system.source()] })
        const turns = [1, 2, 3].map(() => hub.prompt('script/a', 'x', { promptId: 'p' }))
        checkEqual(await Promise.all(turns.map((turn) => turn.text())), ['echo: x', 'echo: x', 'echo: x'])
      }
      await using again = await openHub({ store, sources: [system.source()] })
      checkEqual(await again.prompt('script/a', 'x', { promptId: 'p' }).text(), 'echo: x')
      checkEqual(system.ledger.prompts.length, 1)
    },
  },
  {
    id: 'hub.idempotent.other-agent',
    title: 'a prompt id that belongs to another agent is a conflict',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ agents: ['a', 'b'] })
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x', { promptId: 'p' }).end()
      await checkRejects(hub.prompt('script/b', 'x', { promptId: 'p' }).end(), 'conflict')
    },
  },
  {
    id: 'hub.idempotent.receipt',
    title: 'a receipt is stored before the prompt is sent',
    async run({ store, openHub }) {
      let stored = ''
      const system = createScriptedSystem()
      const source = system.source()
      await using hub = await openHub({
        store,
        sources: [
          {
            ...source,
            async prompt(prompt) {
              await using kv = await store.kv('hub-turns')
              stored = new TextDecoder().decode((await kv.get(prompt.promptId))?.bytes)
              return source.prompt?.(prompt)
            },
          },
        ],
      })
      await hub.prompt('script/a', 'x', { promptId: 'p' }).end()
      const { state, receipt } = JSON.parse(stored) as { state: string; receipt: unknown }
      checkEqual([state, receipt], ['sending', { clientId: 'p' }])
    },
  },
  {
    id: 'hub.busy.queue',
    title: 'prompts wait for a busy agent and run in order',
    async run({ store, openHub }) {
      const { turns, script } = held()
      const system = createScriptedSystem({ script })
      await using hub = await openHub({ store, sources: [system.source()] })
      const all = ['one', 'two', 'three'].map((text) => hub.prompt('script/a', text, { promptId: text }))
      for (const turn of all) await turn.accepted()
      for (let count = 1; count <= 3; count += 1) {
        await eventually(() => turns.length === count, `prompt ${count} arrived`)
        turns.at(-1)?.end()
      }
      await Promise.all(all.map((turn) => turn.end()))
      checkEqual(
        turns.map(({ prompt }) => prompt.text),
        ['one', 'two', 'three'],
      )
      const steps = (await journalOf(hub)).flatMap((event) =>
        event.kind === 'turn' ? [`${event.what} ${event.text}`] : event.kind === 'end' ? [`end ${event.turn}`] : [],
      )
      checkEqual(steps, [
        'started one',
        'queued two',
        'queued three',
        'end one',
        'started two',
        'end two',
        'started three',
        'end three',
      ])
    },
  },
  {
    id: 'hub.busy.refuse',
    title: 'a prompt that must not wait is refused while the agent is busy',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: () => {} })
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x').accepted()
      checkEqual((await checkRejects(hub.prompt('script/a', 'y', { whileBusy: 'refuse' }).accepted(), 'conflict')).sent, 'no')
    },
  },
  {
    id: 'hub.busy.interrupt',
    title: 'a prompt that interrupts cancels the running turn and runs before waiting prompts',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        script: async (turn) => {
          if (turn.prompt.text === 'long') await turn.whenCancelled
          turn.end()
        },
      })
      await using hub = await openHub({ store, sources: [system.source()] })
      const long = hub.prompt('script/a', 'long')
      // Between two hubs, prompts are in order only when each was accepted before the next one.
      await long.accepted()
      const waits = hub.prompt('script/a', 'waits')
      await waits.accepted()
      const urgent = hub.prompt('script/a', 'urgent', { whileBusy: 'interrupt' })
      checkEqual((await long.end()).outcome, 'cancelled')
      await Promise.all([urgent.end(), waits.end()])
      checkEqual(
        system.ledger.prompts.map(({ text }) => text),
        ['long', 'urgent', 'waits'],
      )
    },
  },
  {
    id: 'hub.busy.cancel',
    title: 'a queued prompt that is cancelled ends at once and is never sent',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: () => {} })
      await using hub = await openHub({ store, sources: [system.source()] })
      await hub.prompt('script/a', 'x').accepted()
      const queued = hub.prompt('script/a', 'y')
      await queued.cancel({ by: 'tester' })
      const end = await queued.end()
      checkEqual([end.outcome, end.sent, system.ledger.prompts.length], ['cancelled', 'no', 1])
    },
  },
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
