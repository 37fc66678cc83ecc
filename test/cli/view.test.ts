/** Events and turns as a person reads them. */
import { describe, expect, test } from 'vitest'
import type { Ask, AskResolvedEvent, HubEvent } from '../../src/hub/index.js'
import { createFakeClock } from '../../src/testing/index.js'
import { styleOf } from '../../transports/node/cli/terminal/style.js'
import { askLines, endLine, eventLine, resolvedText } from '../../transports/node/cli/view/events.js'
import { createStatusLine } from '../../transports/node/cli/view/status-line.js'
import { createTurnView } from '../../transports/node/cli/view/turn-view.js'
import { ago } from '../../transports/node/cli/view/time.js'
import { fakeTerminal } from './fake-terminal.js'

const plain = styleOf({ color: false })
const event = (body: object): HubEvent => ({ agent: 'a', at: '2026-01-01T00:00:00.000Z', seq: 1, ...body }) as unknown as HubEvent
const line = (body: object): string | undefined => eventLine(event(body), plain)

describe('the line of an event', () => {
  test.each([
    [{ kind: 'agent', change: 'gone' }, 'is gone'],
    [{ kind: 'agent', change: 'present', agentNow: { sessions: [{ state: 'idle' }] } }, 'is here: idle'],
    [{ kind: 'agent', change: 'present', agentNow: { sessions: [] } }, 'is here: unknown'],
    [{ kind: 'state', state: 'running', session: 's' }, 'is running (s)'],
    [{ kind: 'turn', what: 'started', by: 'ann', text: 'one\ntwo' }, 'started by ann: one'],
    [{ kind: 'message', role: 'agent', id: 'm', text: 'Hi\nthere', how: 'replace' }, 'says: Hi\nthere'],
    [{ kind: 'message', role: 'user', id: 'm', text: 'Hi', how: 'replace', from: 'mira' }, 'mira: Hi'],
    [{ kind: 'message', role: 'thought', id: 'm', text: 'hm\nhm', how: 'replace' }, 'thinks: hm'],
    [{ kind: 'message', role: 'agent', id: 'm', text: '', how: 'retract' }, 'takes a message back'],
    [{ kind: 'message', role: 'agent', id: 'm', text: 'H', how: 'append', partial: true }, undefined],
    [{ kind: 'tool', id: 't', title: 'Read', status: 'failed', locations: ['/a.ts'] }, '✗ Read /a.ts'],
    [{ kind: 'tool', id: 't', status: 'pending' }, '· t'],
    [
      {
        kind: 'plan',
        entries: [
          { text: 'one', status: 'done' },
          { text: 'two', status: 'pending' },
        ],
      },
      'plan: ✓ one; · two',
    ],
    [{ kind: 'ask', ask: { id: 'a#1#p', title: 'Run make' } }, 'asks Run make a#1#p'],
    [{ kind: 'ask_resolved', outcome: 'answered', by: 'ann', delivered: 'yes' }, 'question answered by ann, delivered: yes'],
    [{ kind: 'usage', tokens: { input: 3, output: 4 }, costUsd: 0.5, basis: 'reported' }, 'used 3 in, 4 out $0.5000 (reported)'],
    [{ kind: 'usage' }, undefined],
    [{ kind: 'end', outcome: 'completed' }, 'done'],
    [
      { kind: 'end', outcome: 'failed', error: { message: 'No.' }, sent: 'maybe' },
      'failed: No. The prompt may have reached the agent.',
    ],
    [{ kind: 'notice', level: 'warning', text: 'slow' }, 'warning: slow'],
    [{ kind: 'delivery', state: 'read', to: 'bob' }, 'message read by bob'],
    [{ kind: 'gap', reason: 'overflow' }, 'events may be missing here (overflow)'],
    [{ kind: 'unknown' }, undefined],
  ])('%j [cli.view]', (body, text) => {
    expect(line(body)).toBe(text)
  })

  test('control characters of a peer are made visible in each line that has text of the peer [cli.printable]', () => {
    const bad = '\x1b]0;title\x07'
    for (const body of [
      { kind: 'message', role: 'agent', id: 'm', text: bad, how: 'replace' },
      { kind: 'turn', what: 'started', by: bad, text: bad },
      { kind: 'tool', id: bad, status: 'done', locations: [bad] },
      { kind: 'ask', ask: { id: 'x', title: bad } },
      { kind: 'ask_resolved', outcome: 'answered', by: bad, delivered: 'yes' },
      { kind: 'end', outcome: 'failed', error: { message: bad } },
      { kind: 'notice', level: 'error', text: bad },
      { kind: 'delivery', state: 'read', to: bad },
      { kind: 'state', state: 'running', session: bad },
      { kind: 'ask', ask: { id: bad, title: 'x' } },
      { kind: 'plan', entries: [{ text: bad, status: 'done' }] },
    ])
      expect(line(body), JSON.stringify(body)).not.toMatch(/[\x1b\x07]/)
    expect(
      askLines({ title: bad, detail: bad, input: { a: bad }, options: [{ id: bad, label: bad }] } as unknown as Ask, plain).join(
        '\n',
      ),
    ).not.toMatch(/[\x1b\x07]/)
  })
})

describe('words for a person', () => {
  test('an answer that may belong to another prompt says so [cli.view]', () => {
    const end = (more: object) => endLine({ kind: 'end', outcome: 'completed', ...more } as never)
    expect(end({})).toBeUndefined()
    expect(end({ attribution: 'shared' })).toContain('may belong to another prompt')
    expect(end({ attribution: 'foreign' })).toContain('belongs to another prompt')
    expect(end({ attribution: 'unverified' })).toContain('Nobody could check')
    expect(end({ stopReason: 'max_tokens' })).toContain('limit of its length')
  })

  test('a question that is closed elsewhere says how [cli.view]', () => {
    const say = (outcome: string, by?: string) => resolvedText({ outcome, by } as unknown as AskResolvedEvent)
    expect(say('answered')).toBe('Another program answered the question.')
    expect(say('answered', 'mira')).toBe('mira answered the question.')
    expect(say('expired')).toContain('expired')
    expect(say('withdrawn')).toContain('took the question back')
    expect(say('lost')).toContain('is gone')
  })

  test('a long input is cut, danger is named, and a secret says that it is not shown [cli.view]', () => {
    const lines = askLines(
      { title: 'Run', danger: 'high', kind: 'secret', input: Array.from({ length: 30 }, () => 'x').join('\n') } as unknown as Ask,
      plain,
    )
    expect(lines[0]).toBe('! Run (high danger)')
    expect(lines).toContain('  … 10 more lines')
    expect(lines.at(-1)).toBe('  The input is not shown and not kept.')
  })

  test('the age of a question is printed in the largest unit [cli.time]', () => {
    const now = Date.parse('2026-01-02T00:00:00.000Z')
    const at = (ms: number) => ago(new Date(now - ms).toISOString(), now)
    expect([at(0), at(90_000), at(7_200_000), at(86_400_000)]).toEqual(['now', '90 s ago', '2 h ago', '24 h ago'])
  })
})

describe('a turn', () => {
  const shown = (interactive: boolean, ...bodies: readonly object[]) => {
    const terminal = fakeTerminal({ interactive })
    const view = createTurnView(terminal)
    for (const body of bodies) view.show(event(body))
    view.stop()
    return { out: terminal.written(), err: terminal.complained() }
  }
  const says = (text: string, how = 'append', id = 'm') => ({ kind: 'message', role: 'agent', id, text, how })

  test('a pipe gets the text of the agent on stdout, notices and gaps on stderr [cli.view]', () => {
    const bodies = [
      { kind: 'turn', what: 'queued' },
      { kind: 'message', role: 'user', id: 'u', text: 'prompt', how: 'replace' },
      { kind: 'message', role: 'thought', id: 't', text: 'hm', how: 'replace' },
      says('Hel'),
      says('lo'),
      { kind: 'tool', id: 't', title: 'Read', status: 'done' },
      { kind: 'notice', level: 'warning', text: 'slow' },
      { kind: 'gap', reason: 'overflow' },
      says('Next', 'append', 'n'),
      { kind: 'end', outcome: 'completed' },
    ]
    expect(shown(false, ...bodies)).toEqual({
      out: 'Hello\nNext\n',
      err: 'warning: slow\nEvents may be missing here (overflow).\n',
    })
    const person = shown(true, ...bodies)
    expect(person.out).toContain('hm\n')
    expect(person.out).toContain('✓ Read')
  })

  test('when another text replaces a message, a line says so [cli.view]', () => {
    expect(shown(true, says('One'), says('Two', 'replace')).out).toContain('The agent replaced its answer:\nTwo')
    expect(shown(false, says('One'), says('Two', 'replace')).out).toBe('One\nTwo')
    // A replacement with the same beginning only prints the rest.
    expect(shown(false, says('One'), says('One two', 'replace')).out).toBe('One two')
  })

  test('the status line is rewritten with its time, is cut to the screen, and leaves nothing [cli.view]', async () => {
    const clock = createFakeClock()
    const terminal = fakeTerminal({ canRewrite: true, columns: 20 })
    const status = createStatusLine(terminal, clock)
    status.set('working')
    await clock.advance(1_000)
    expect(terminal.complained()).toContain('working 0.5 s')
    status.set('a very long name of a tool that runs')
    await clock.advance(100)
    expect(terminal.complained()).toMatch(/a very long nam\S*…/)
    const before = terminal.complained().length
    status.hold(true)
    await clock.advance(1_000)
    expect(terminal.complained()).toHaveLength(before)
    status.hold(false)
    status.set(undefined)
    status.stop()
    expect(terminal.complained().endsWith('\r\x1b[2K')).toBe(true)
  })
})
