/** The model of the dashboard: pure functions over the events of a hub. */
import type { Agent, Ask, HubEvent, HubEventBody } from 'signalbox/hub'
import { describe, expect, test } from 'vitest'
import { reduceAgent, type AgentRow } from '../../playground/src/model/agents.js'
import { NO_ASKS, reduceAsks } from '../../playground/src/model/asks.js'
import { answerCall, promptCall } from '../../playground/src/model/code.js'
import { createConversation, MAX_ITEMS, openTurnsOf } from '../../playground/src/model/conversation.js'
import { createModel, KEPT_EVENTS } from '../../playground/src/model/model.js'
import { matching } from '../../playground/src/app/palette.js'
import { parseRoute } from '../../playground/src/app/router.js'
import { consequence, essence } from '../../playground/src/views/asks/consequence.js'
import { answerWords } from '../../playground/src/views/asks/given.js'
import { askPlaces, STAY_MS } from '../../playground/src/views/asks/order.js'
import { groupRows, matchesFilter } from '../../playground/src/views/fleet/group.js'
import { endOfWindow, FOLLOWED, startOfWindow, WINDOW } from '../../playground/src/views/workbench/window.js'

import { ago, exactSpan } from '../../playground/src/design/format.js'
import { SignalboxError } from 'signalbox'
import { sentWords } from '../../playground/src/design/error-notice.js'
import { capabilityChips } from '../../playground/src/model/capabilities.js'

const AT = Date.parse('2026-01-01T10:00:00Z')
const iso = (ms: number): string => new Date(AT + ms).toISOString()
let lastSeq = 0
const event = (body: HubEventBody, ms = 0, more: Partial<HubEvent> = {}): HubEvent => {
  lastSeq += 1
  return { v: 1, seq: lastSeq, epoch: 'e', at: iso(ms), agent: 'claude/a', origin: 'live', ...more, ...body } as HubEvent
}
const agent: Agent = { id: 'claude/a', source: 'claude', system: 'claude', name: 'a', sessions: [], can: { prompt: {} }, facts: {} }
const present = (more: Partial<Agent> = {}): HubEvent =>
  event({ kind: 'agent', change: 'present', agentNow: { ...agent, ...more } })
const ask = (id: string, ms: number, more: Partial<Ask> = {}): Ask => ({
  id,
  kind: 'permission',
  agent: 'claude/a',
  title: 'Bash',
  askedAt: iso(ms),
  status: 'open',
  ...more,
})
const rowOf = (...events: readonly HubEvent[]): AgentRow => {
  let row: AgentRow | undefined
  for (const one of events) row = reduceAgent(row, one) ?? row
  return row as AgentRow
}
const idle: HubEventBody = { kind: 'state', state: 'idle', evidence: { from: 'reported', at: iso(0) } }

describe('rows of the fleet', () => {
  test('[dashboard.model] an open ask is shown as needing an answer, whatever the session said last', () => {
    const row = rowOf(present(), event({ kind: 'ask', ask: ask('1', 5) }), event(idle, 10))
    expect([row.state, row.evidence?.from]).toEqual(['needs_answer', 'derived'])
    const after = reduceAgent(row, event({ kind: 'ask_resolved', askId: '1', outcome: 'answered', delivered: 'written' }, 20))
    expect(after?.state).toBe('idle')
  })

  test('[dashboard.model] a turn that has begun is shown as running until its end', () => {
    const started = rowOf(present(), event(idle), event({ kind: 'turn', what: 'started', text: 'hi' }, 5, { turn: 't' }))
    expect([started.state, started.turns[0]?.text]).toEqual(['running', 'hi'])
    const ended = reduceAgent(started, event({ kind: 'end', outcome: 'completed', sent: 'yes' }, 9, { turn: 't' }))
    expect([ended?.state, ended?.turns, ended?.lastOutcome]).toEqual(['idle', [], 'completed'])
  })

  test('[dashboard.model] latency is the time from the start of the turn to the first sign of the agent', () => {
    const row = rowOf(
      present(),
      event({ kind: 'turn', what: 'started' }, 100, { turn: 't' }),
      event({ kind: 'message', id: 'm', role: 'user', text: 'hi', how: 'replace', partial: false }, 150, { turn: 't' }),
      event({ kind: 'message', id: 'n', role: 'agent', text: 'h', how: 'append', partial: true }, 400, { turn: 't' }),
      event({ kind: 'message', id: 'n', role: 'agent', text: 'o', how: 'append', partial: true }, 900, { turn: 't' }),
    )
    expect(row.latencyMs).toBe(300)
  })

  test('[dashboard.model] replayed events begin no turn', () => {
    const row = rowOf(present(), event({ kind: 'turn', what: 'started' }, 5, { turn: 't', origin: 'replay' }))
    expect(row.turns).toEqual([])
  })

  test('[dashboard.fleet] the filter finds every word in name, system, host, state or facts', () => {
    const row = rowOf(present({ host: 'web-1', facts: { model: 'opus' } }), event(idle))
    expect(['a web', 'opus idle', 'claude', ''].map((filter) => matchesFilter(row, filter))).toEqual([true, true, true, true])
    expect(matchesFilter(row, 'web-2')).toBe(false)
  })

  test('[dashboard.fleet] rows grouped by state begin with those that wait for a person', () => {
    const waiting = rowOf(present({ id: 'claude/b', name: 'b' }), event({ kind: 'ask', ask: ask('1', 0) }))
    const groups = groupRows([rowOf(present(), event(idle)), waiting], 'state')
    expect(groups.map(({ title }) => title)).toEqual(['needs_answer', 'idle'])
  })
})

describe('asks', () => {
  test('[dashboard.asks] open asks stand oldest first, and a closed one says who answered', () => {
    let list = reduceAsks(NO_ASKS, event({ kind: 'ask', ask: ask('new', 20) }))
    list = reduceAsks(list, event({ kind: 'ask', ask: ask('old', 10) }))
    expect(list.open.map(({ id }) => id)).toEqual(['old', 'new'])
    list = reduceAsks(
      list,
      event({ kind: 'ask_resolved', askId: 'old', outcome: 'answered', by: 'mira', delivered: 'written' }, 30),
    )
    expect(list.open.map(({ id }) => id)).toEqual(['new'])
    expect(list.closed[0]).toMatchObject({ outcome: 'answered', by: 'mira', delivered: 'written' })
  })

  test('[dashboard.asks.still] a closed ask keeps its place while the list is in use, and leaves it later', () => {
    const two = { open: [ask('1', 0), ask('2', 1)], closed: [] }
    const before = askPlaces([], two, AT, false)
    const closed = { ask: ask('1', 0), outcome: 'answered', delivered: 'yes', closedMs: AT } as const
    const list = { open: [ask('2', 1)], closed: [closed] }
    const ids = (nowMs: number, held: boolean): string[] => askPlaces(before, list, nowMs, held).map((place) => place.ask.id)
    expect(ids(AT + 10, false)).toEqual(['1', '2'])
    expect(ids(AT + 10 * STAY_MS, true)).toEqual(['1', '2'])
    expect(ids(AT + 10 * STAY_MS, false)).toEqual(['2'])
  })

  test('[dashboard.asks] what happens when an ask is allowed names the command, the file or the machine', () => {
    const bash = ask('1', 0, { input: { command: 'rm -rf build' } })
    expect(essence(bash)).toEqual({ label: 'Command', body: 'rm -rf build' })
    expect(consequence(bash, { ...agent, facts: { cwd: '/srv' } })).toBe('The command runs in /srv with the rights of the agent.')
    expect(consequence(ask('2', 0, { input: { file_path: '/a', content: 'x\ny\n' } }), agent)).toBe(
      'The file /a is written: 2 lines.',
    )
    expect(consequence(ask('3', 0, { kind: 'confirm' }), { ...agent, host: 'web-1' })).toBe('The plan runs on web-1 at once.')
  })
})

describe('a conversation', () => {
  const message = (text: string, how: 'append' | 'replace', partial: boolean, id = 'm'): HubEventBody => ({
    kind: 'message',
    id,
    role: 'agent',
    text,
    how,
    partial,
  })

  test('[dashboard.work] deltas are one message, and its last event replaces the text', () => {
    const reader = createConversation()
    reader.apply([
      event(message('He', 'append', true)),
      event(message('llo', 'append', true)),
      event(message('Hello!', 'replace', false)),
    ])
    expect(reader.read().items).toMatchObject([{ type: 'message', text: 'Hello!', partial: false }])
  })

  test('[dashboard.work] a thought is over when the agent does something else in its turn', () => {
    const reader = createConversation()
    const thought: HubEventBody = { kind: 'message', id: 't', role: 'thought', text: 'hm', how: 'append', partial: true }
    reader.apply([event(thought, 0, { turn: 'x' }), event({ kind: 'tool', id: '1', status: 'running' }, 500, { turn: 'x' })])
    expect(reader.read().items[0]).toMatchObject({ role: 'thought', partial: false, endMs: AT + 500 })
  })

  test('[dashboard.work] a tool keeps what later events leave out, and has its time', () => {
    const reader = createConversation()
    reader.apply([
      event({ kind: 'tool', id: '1', name: 'Bash', input: { command: 'ls' }, status: 'running' }, 0),
      event({ kind: 'tool', id: '1', output: 'a b', status: 'done' }, 800),
    ])
    expect(reader.read().items).toMatchObject([
      { name: 'Bash', input: { command: 'ls' }, output: 'a b', status: 'done', endMs: AT + 800 },
    ])
  })

  test('[dashboard.work] a queued prompt moves to the place where its turn starts, and is open until its end', () => {
    const reader = createConversation()
    reader.apply([
      event({ kind: 'turn', what: 'queued', text: 'later' }, 0, { turn: 'q' }),
      event(message('busy', 'replace', false)),
      event({ kind: 'turn', what: 'started' }, 9, { turn: 'q' }),
    ])
    expect(reader.read().items.map(({ type }) => type)).toEqual(['message', 'turn'])
    expect(openTurnsOf(reader.read())).toMatchObject([{ id: 'q', text: 'later', what: 'started' }])
    reader.apply([event({ kind: 'end', outcome: 'completed', sent: 'yes' }, 20, { turn: 'q' })])
    expect(openTurnsOf(reader.read())).toEqual([])
    expect(reader.read().items.at(-1)).toMatchObject({ type: 'end', tookMs: 11 })
  })

  test('[dashboard.work] a prompt that the history of the system lists again is shown once, and the same text of another person is shown', () => {
    const reader = createConversation()
    const said = (from: string, id: string): HubEvent =>
      event({ kind: 'message', id, role: 'user', text: 'Run it.', how: 'replace', partial: false, from }, 10)
    reader.apply([
      event({ kind: 'turn', what: 'started', text: 'Run it.', by: 'ann' }, 0, { turn: 't1' }),
      said('ann#1f2e3d4c', 'm1'),
      said('annabel', 'm2'),
    ])
    expect(reader.read().items.map((item) => (item.type === 'message' ? item.from : item.type))).toEqual(['turn', 'annabel'])
  })

  test('[dashboard.work.resume] a restored conversation goes on as if it had never stopped', () => {
    const events = Array.from({ length: 40 }, (_, at) => event(message(`${at} `, 'append', true, `m${at % 7}`)))
    const whole = createConversation()
    whole.apply(events)
    const first = createConversation()
    first.apply(events.slice(0, 23))
    const second = createConversation()
    second.restore(JSON.parse(JSON.stringify(first.read())))
    second.apply(events.slice(23))
    expect(second.read()).toEqual(whole.read())
  })

  test('[dashboard.model] a long conversation keeps its newest items and counts the others', () => {
    const reader = createConversation()
    reader.apply(Array.from({ length: MAX_ITEMS * 2 }, (_, at) => event(message('x', 'replace', false, String(at)))))
    const { items, dropped } = reader.read()
    expect(items.length).toBeLessThanOrEqual(MAX_ITEMS * 1.25)
    expect(items.length + dropped).toBe(MAX_ITEMS * 2)
    expect(items.at(-1)).toMatchObject({ id: String(MAX_ITEMS * 2 - 1) })
  })

  test('[dashboard.work] only a window of items is in the page', () => {
    expect([startOfWindow(5_000, undefined), endOfWindow(5_000, undefined)]).toEqual([5_000 - FOLLOWED, 5_000])
    expect([startOfWindow(5_000, 40), endOfWindow(5_000, 40)]).toEqual([40, 40 + WINDOW])
    expect([startOfWindow(3, undefined), endOfWindow(3, 0)]).toEqual([0, 3])
  })
})

describe('the store', () => {
  const now = (run: () => void): void => run()

  test('[dashboard.model] a change of one agent changes only the signal of this agent', () => {
    const model = createModel(now)
    model.apply([
      present(),
      event({ kind: 'agent', change: 'present', agentNow: { ...agent, id: 'claude/b' } }, 0, { agent: 'claude/b' }),
    ])
    const other = model.agent('claude/b').value
    const ids = model.agents.value
    model.apply([event(idle)])
    expect(model.agent('claude/a').value?.state).toBe('idle')
    expect(model.agent('claude/b').value).toBe(other)
    expect(model.agents.value).toBe(ids)
  })

  test('[dashboard.model] signals change once a frame, however many batches come', () => {
    let frame: (() => void) | undefined
    let frames = 0
    const model = createModel((run) => {
      frames += 1
      frame = run
    })
    for (let at = 0; at < 500; at += 1) model.apply([present()])
    expect(frames).toBe(1)
    frame?.()
    expect(model.events.value).toBe(500)
  })

  test('[dashboard.model] kept events are bounded', () => {
    const model = createModel(now)
    model.apply(Array.from({ length: KEPT_EVENTS * 2 }, () => event(idle)))
    expect(model.recent().length).toBeLessThanOrEqual(KEPT_EVENTS)
  })

  test('[dashboard.model] a gap of the whole journal forgets what the snapshot does not confirm', () => {
    const model = createModel(now)
    model.apply([present(), event({ kind: 'ask', ask: ask('1', 0) })])
    model.apply([event({ kind: 'gap', reason: 'expired' }, 0, { agent: '' })])
    expect([model.agents.value, model.asks.value.open, model.agent('claude/a').value]).toEqual([[], [], undefined])
  })

  test('[dashboard.work.resume] a saved model has its cursor, rows and asks again', () => {
    const model = createModel(now)
    model.apply([present(), event({ kind: 'ask', ask: ask('1', 0) })], { journal: 'j', seq: 7 })
    const next = createModel(now)
    next.restore(JSON.parse(JSON.stringify(model.save())))
    expect([next.cursor, next.agents.value, next.asks.value.open.length]).toEqual([{ journal: 'j', seq: 7 }, ['claude/a'], 1])
  })
})

describe('the shell', () => {
  test('[dashboard.keyboard] the palette finds a command by any of its words', () => {
    const commands = ['Fleet: every agent', 'Asks: what agents want'].map((title) => ({
      id: title,
      group: 'View',
      title,
      run: () => {},
    }))
    expect(matching(commands, 'view ask').map(({ title }) => title)).toEqual(['Asks: what agents want'])
    expect(matching(commands, '')).toHaveLength(2)
  })

  test('a route has decoded parts, and a foreign fragment is the fleet', () => {
    expect(parseRoute('#/work/claude%2Fa?session=1')).toMatchObject({ view: 'work', rest: ['claude/a'] })
    expect(parseRoute('#ticket=secret').view).toBe('fleet')
    expect(parseRoute('#/work/%').rest).toEqual(['%'])
  })

  test('a copied call escapes text and never has a secret', () => {
    const app = { by: 'me', connection: { value: { status: 'opening', mode: 'worker' } } } as never
    expect(promptCall('claude/a', "it's\nme", {}, app)).toContain("hub.prompt('claude/a', 'it\\'s\\nme')")
    expect(answerCall('x', { secret: '2468' }, app)).not.toContain('2468')
  })
})

describe('words for people [dashboard.words]', () => {
  test('a duration that stands beside another figure is exact to the second', () => {
    const cases: readonly (readonly [number, string])[] = [
      [450, '450 ms'],
      [60_000, '60 s'],
      [119_400, '1 min 59 s'],
      [127_000, '2 min 7 s'],
      [600_000, '10 min'],
      [3_660_000, '1 h 1 min'],
      [7_200_000, '2 h'],
    ]
    expect(cases.map(([ms]) => exactSpan(ms))).toEqual(cases.map(([, words]) => words))
  })

  test('an age has whole seconds, so that its width does not change with each tick', () => {
    expect([1_000, 4_200, 59_600, 300_000].map((ms) => ago(iso(0), AT + ms))).toEqual([
      'just now',
      '4 s ago',
      '60 s ago',
      '5 min ago',
    ])
  })

  test('a capability is explained in words that are no names of fields', () => {
    const chips = capabilityChips({
      sessions: { list: true, create: true, choices: { models: ['a'] } },
      queue: { depth: 1 },
      asks: { kinds: ['permission'], answerable: true, confirmsDelivery: false },
    })
    expect(chips.map(({ about }) => about)).toEqual([
      'Asks a person (permission). It gives no proof that an answer arrived',
      'Takes up to 1 prompt at once',
      'Sessions can be listed, opened',
    ])
  })
})

test('an answer is shown with the label of its button, and a secret is not shown [dashboard.asks.focus]', () => {
  const questions = [
    {
      id: 'q',
      title: 'Colour?',
      options: [
        { id: 'r', label: 'Red' },
        { id: 'g', label: 'Green' },
      ],
    },
  ]
  const asked = ask('a', 0, { options: [{ id: 'once', label: 'Allow once' }], questions } as unknown as Partial<Ask>)
  expect(answerWords(asked, { option: 'once' })).toBe('Allow once')
  expect(answerWords(asked, { accept: false })).toBe('No')
  expect(answerWords(asked, { accept: true, input: {} })).toBe('Yes, with a changed input')
  expect(answerWords(asked, { answers: { q: ['r', 'blue'] } })).toBe('Red, blue')
  expect(answerWords(asked, { secret: '1234' })).toBeUndefined()
})

test('an error says what its `sent` means for the next step [dashboard.errors]', () => {
  const words = (code: SignalboxError['code'], sent: SignalboxError['sent']): string =>
    sentWords(new SignalboxError({ code, message: 'It failed.', sent }))
  expect(words('unreachable', 'no')).toBe('Nothing was sent. You can try again.')
  expect(words('invalid_argument', 'no')).toBe('Nothing was sent. Correct the input, then try again.')
  expect(words('permission_denied', 'no')).toBe('Nothing was sent.')
  expect(words('closed', 'maybe')).toContain('look before you try again')
  expect(words('remote', 'yes')).toContain('look for its effect')
})
