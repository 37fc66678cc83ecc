/** Rules 1, 9, 11 and 13: all viewers see one order, replayed events have no effects, sizes are bounded, no fact is invented. */
import type { HubEvent } from '../../hub/model/event.js'
import { check, checkEqual, checkRejects, type Case } from '../case.js'
import { eventually, isKind, journalOf, view, type HubRulesContext } from './rules-context.js'
import { createScriptedSystem } from './scripted-system.js'

const place = ({ seq, kind, agent }: HubEvent): string => `${seq} ${kind} ${agent}`

export const journalRules: readonly Case<HubRulesContext>[] = [
  {
    id: 'hub.order.same',
    title: 'all viewers see the same events with the same positions',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ agents: ['a', 'b'] })
      await using hub = await openHub({ store, sources: [system.source()] })
      const viewers = [view(hub, { from: 'oldest' }), view(hub, { from: 'oldest' })]
      await Promise.all(['a', 'b', 'a', 'b'].map((agent) => hub.prompt(`script/${agent}`, 'x').end()))
      const ends = (events: readonly HubEvent[]): number => events.filter(isKind('end')).length
      await eventually(() => viewers.every(({ events }) => ends(events) === 4), 'both saw four ends')
      const [one, other] = viewers.map(({ events }) => events.map(place))
      checkEqual(one, other)
      const seqs = viewers[0]?.events.map(({ seq }) => seq) ?? []
      check(
        seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] as number)),
        'positions rise',
      )
      for (const viewer of viewers) await viewer[Symbol.asyncDispose]()
    },
  },
  {
    id: 'hub.order.resume',
    title: 'a viewer that returns continues after its last consumed event, without a double or a gap',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      for (let count = 0; count < 5; count += 1) await hub.prompt('script/a', `${count}`).end()
      const whole = (await journalOf(hub)).map(place)
      const seen: string[] = []
      let cursor: ReturnType<typeof hub.watch>['cursor']
      // The viewer leaves after every third event, also in the middle of a batch.
      while (seen.length < whole.length) {
        const stream = hub.watch({ from: cursor ?? 'oldest' })
        let count = 0
        for await (const event of stream) {
          seen.push(place(event))
          count += 1
          if (count === 3 || seen.length === whole.length) break
        }
        cursor = stream.cursor
      }
      checkEqual(seen, whole)
    },
  },
  {
    id: 'hub.order.snapshot',
    title: 'a viewer without a cursor gets states and open asks first, then the journal',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        script: async (turn) => {
          await turn.ask({ nativeId: 'q' })
          turn.end()
        },
      })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x')
      await eventually(async () => (await journalOf(hub)).some(isKind('ask')), 'the ask is in the journal')
      await using viewer = view(hub)
      const ask = await viewer.until(isKind('ask'))
      checkEqual(
        viewer.events.map(({ kind, origin }) => [kind, origin]),
        [
          ['agent', 'replay'],
          ['ask', 'replay'],
        ],
      )
      const [open] = await hub.asks()
      await hub.answer(open?.id ?? '', { accept: true })
      const resolved = await viewer.until(isKind('ask_resolved'))
      check(resolved.seq > ask.seq, 'the journal goes on after the snapshot')
      await turn.end()
    },
  },
  {
    id: 'hub.order.snapshot-left',
    title: 'a viewer that leaves inside a snapshot has no cursor yet',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ agents: ['a', 'b', 'c'] })
      await using hub = await openHub({ store, sources: [system.source()] })
      await eventually(async () => (await journalOf(hub)).length === 3, 'the agents are in the journal')
      const stream = hub.watch()
      for await (const event of stream) {
        check(event.kind === 'agent', 'an agent comes first')
        break
      }
      checkEqual(stream.cursor, undefined)
    },
  },
  {
    id: 'hub.order.gap',
    title: 'a cursor in a trimmed part gets a gap, a snapshot and then the remaining events',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()], limits: { maxEvents: 40 } })
      const first = hub.watch({ from: 'oldest' })
      for await (const _ of first) break
      const from = first.cursor
      for (let count = 0; count < 40; count += 1) await hub.prompt('script/a', `${count}`).end()
      await using viewer = view(hub, from ? { from } : {})
      const [gap, agent, next] = [
        await viewer.until(isKind('gap')),
        await viewer.until(isKind('agent')),
        await viewer.until(({ origin, kind }) => origin === 'live' && kind !== 'gap'),
      ]
      checkEqual(
        viewer.events.slice(0, 3).map(({ kind }) => kind),
        ['gap', 'agent', next.kind],
      )
      check(agent.origin === 'replay' && next.seq > (from?.seq ?? 0) + 1, 'the events between are gone')
      check(gap.kind === 'gap' && gap.reason === 'expired', 'the gap says why')
      await viewer.until((event) => event.kind === 'turn' && event.text === '39')
    },
  },
  {
    id: 'hub.order.other-journal',
    title: 'a cursor of another journal gets a gap with the reason restart',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      await using viewer = view(hub, { from: { journal: 'another', seq: 2 } })
      const gap = await viewer.until(isKind('gap'))
      check(gap.kind === 'gap' && gap.reason === 'restart', 'the gap says why')
      await viewer.until(isKind('agent'))
    },
  },
  {
    id: 'hub.order.filter',
    title: 'a viewer gets the agents, kinds and turns that it asked for',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ agents: ['a', 'b'] })
      await using hub = await openHub({ store, sources: [system.source()] })
      await using viewer = view(hub, { from: 'oldest', agents: ['script/b'], kinds: ['end', 'turn'] })
      await hub.prompt('script/a', 'x', { promptId: 'one' }).end()
      await hub.prompt('script/b', 'x', { promptId: 'two' }).end()
      await viewer.until(isKind('end'))
      checkEqual(
        viewer.events.map(({ kind, turn }) => [kind, turn]),
        [
          ['turn', 'two'],
          ['end', 'two'],
        ],
      )
    },
  },
  {
    id: 'hub.order.abort',
    title: 'an aborted signal ends a watch that waits',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      const controller = new AbortController()
      const waiting = (async () => {
        for await (const _ of hub.watch({ signal: controller.signal }));
      })()
      waiting.catch(() => {})
      await new Promise<void>((resolve) => void setTimeout(resolve, 30))
      controller.abort()
      await checkRejects(waiting, 'aborted')
    },
  },
  {
    id: 'hub.order.coalesce',
    title: 'deltas of one message become one event, which comes before any later event',
    async run({ store, openHub }) {
      const system = createScriptedSystem({
        script: (turn) => {
          for (let count = 0; count < 1000; count += 1) turn.delta('x')
          turn.event({ kind: 'tool', id: 't', status: 'running' })
          turn.delta('y')
          turn.say(`${'x'.repeat(1000)}y`)
          turn.end()
        },
      })
      await using hub = await openHub({ store, sources: [system.source()] })
      checkEqual((await hub.prompt('script/a', 'go').text()).length, 1001)
      const kinds = (await journalOf(hub)).flatMap((event) =>
        event.kind === 'message' ? [`${event.how} ${event.text.length}`] : event.kind === 'tool' ? ['tool'] : [],
      )
      checkEqual(kinds, ['append 1000', 'tool', 'append 1', 'replace 1001'])
    },
  },
  {
    id: 'hub.replay',
    title: 'a replayed event opens no ask, adds no cost and ends no turn',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: (turn) => turn.delta('working') })
      await using hub = await openHub({ store, sources: [system.source()] })
      const turn = hub.prompt('script/a', 'x', { promptId: 'p' })
      await turn.accepted()
      system.push('a', { kind: 'ask', ask: { nativeId: 'old', kind: 'confirm', title: 'Old?' }, origin: 'replay' })
      system.push('a', { kind: 'usage', scope: 'turn', basis: 'reported', costUsd: 5, origin: 'replay' })
      system.push('a', { kind: 'end', outcome: 'completed', sent: 'yes', turn: 'p', origin: 'replay' })
      await using viewer = view(hub, { from: 'oldest' })
      await viewer.until(isKind('end', { origin: 'replay' }))
      checkEqual([(await hub.asks()).length, (await hub.spent()).costUsd], [0, 0])
      system.push('a', { kind: 'end', outcome: 'completed', sent: 'yes', turn: 'p' })
      checkEqual((await turn.end()).outcome, 'completed')
    },
  },
  {
    id: 'hub.bounded.trim',
    title: 'the journal is trimmed by count, and a slow viewer does not stop the hub',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()], limits: { maxEvents: 64 } })
      const slow = hub.watch({ from: 'oldest' })[Symbol.asyncIterator]()
      await slow.next()
      for (let count = 0; count < 60; count += 1) await hub.prompt('script/a', `${count}`).end()
      await eventually(async () => (await journalOf(hub)).length < 120, 'the journal was cut')
      await slow.return?.()
    },
  },
  {
    id: 'hub.bounded.queue',
    title: 'prompts above the limit of the queue are refused and not sent',
    async run({ store, openHub }) {
      const system = createScriptedSystem({ script: () => {} })
      await using hub = await openHub({ store, sources: [system.source()], limits: { maxQueued: 2 } })
      const turns = [1, 2, 3].map((count) => hub.prompt('script/a', `${count}`))
      for (const turn of turns) await turn.accepted()
      const refused = await checkRejects(hub.prompt('script/a', '4').end(), 'rate_limited')
      await eventually(() => system.ledger.prompts.length === 1, 'the first was sent')
      checkEqual(refused.sent, 'no')
    },
  },
  {
    id: 'hub.bounded.event',
    title: 'an event that is too large is shortened, and later events are still stored',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()], limits: { maxEventBytes: 4096 } })
      await using viewer = view(hub, { from: 'oldest' })
      system.push('a', { kind: 'tool', id: 'big', status: 'done', output: 'x'.repeat(10_000) })
      system.push('a', { kind: 'notice', level: 'info', text: 'é'.repeat(10_000) })
      const tool = await viewer.until(isKind('tool'))
      const notice = await viewer.until(isKind('notice'))
      check(tool.kind === 'tool' && typeof tool.output === 'object', 'the output is left out')
      check(notice.kind === 'notice' && notice.text.endsWith('…'), 'the text is cut')
    },
  },
  {
    id: 'hub.bounded.raw',
    title: 'raw data stays out of the journal by default',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      await using viewer = view(hub, { from: 'oldest' })
      system.push('a', { kind: 'unknown', name: 'x', raw: { token: 'abc' } })
      checkEqual((await viewer.until(isKind('unknown'))).raw, undefined)
    },
  },
  {
    id: 'hub.invented',
    title: 'an event has the time, session and turn that its system gave, and no other',
    async run({ store, openHub }) {
      const system = createScriptedSystem()
      await using hub = await openHub({ store, sources: [system.source()] })
      await using viewer = view(hub, { from: 'oldest' })
      system.push('a', { kind: 'notice', level: 'info', text: 'bare' })
      system.push('a', { kind: 'notice', level: 'info', text: 'full', reportedAt: '2020-01-01T00:00:00Z', session: 's', turn: 't' })
      const full = await viewer.until(isKind('notice', { text: 'full' }))
      const bare = await viewer.until(isKind('notice', { text: 'bare' }))
      checkEqual([full.reportedAt, full.session, full.turn], ['2020-01-01T00:00:00Z', 's', 't'])
      checkEqual(['reportedAt' in bare, 'session' in bare, 'turn' in bare], [false, false, false])
    },
  },
]
