/** Rules 2 and 8: a turn has one end, a prompt id is one turn, and what happens to prompts of a busy agent. */
import { checkEqual, checkRejects, type Case } from '../case.js'
import { createCrashingStore } from './crashing-store.js'
import { eventually, held, isKind, journalOf, type HubRulesContext } from './rules-context.js'
import { createScriptedSystem } from './scripted-system.js'

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
]
