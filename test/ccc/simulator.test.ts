/** Behaviour of the simulator without a recording: sizes, types, times and files that were not recorded line by line. */
import { lstat, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { createCccSimulator } from '../../src/testing/index.js'
import { cccSocket, listenUnix } from '../../transports/node/index.js'
import { bench, talk } from './kit.js'

const session = 'myproject'
const invalid = { ok: false, error: 'invalid JSON' }
const unknown = { ok: false, error: 'unknown command' }

describe('lines', () => {
  test('[ccc.sim.types] a field of the wrong type makes its line invalid; null counts as absent', async () => {
    const { simulator, clock } = bench()
    const wrong = [
      '{"cmd":1}',
      '{"cmd":["ping"]}',
      '{"cmd":"history","session":5}',
      '{"cmd":"send","session":"x","text":{}}',
      '{"cmd":"send","session":"x","text":"y","from":true}',
      '{"cmd":"history","session":"myproject","from_filter":1}',
      '{"cmd":"history","session":"myproject","limit":"5"}',
      '{"cmd":"history","session":"myproject","limit":1.5}',
      '{"cmd":"history","session":"myproject","limit":1.0}',
      '{"cmd":"history","session":"myproject","after":1e3}',
      '{"cmd":"history","session":"myproject","after":9223372036854775808}',
      '{"cmd":"answer","session":"myproject","question_index":"0"}',
      '{"cmd":"answer","session":"myproject","option_index":0.5}',
      '{"cmd":"ping","sessions":"x"}',
      '{"cmd":"ping","sessions":[1]}',
      '[]',
      '1',
      '"ping"',
      'true',
      '\ufeff{"cmd":"ping"}',
      '{"cmd":"ping",}',
      '{"cmd":"ping"}{"cmd":"ping"}',
    ]
    expect(await talk(simulator, clock, wrong)).toEqual(wrong.map(() => invalid))
    const none = ['null', '{}', '{"cmd":null}', '{"cmd":"PING"}', '{"cmd":" ping"}']
    expect(await talk(simulator, clock, none)).toEqual(none.map(() => unknown))
    const good = [
      '{"CMD":"ping"}',
      '{"cmd":"x","cmd":"ping"}',
      '{"cmd":"ping","limit":null,"sessions":null,"extra":{}}',
      '{"cmd":"ping","after":9223372036854775807}',
    ]
    expect((await talk(simulator, clock, good)).map((answer) => (answer as { ok: boolean }).ok)).toEqual(good.map(() => true))
  })

  test('[ccc.sim.giant-line] a line of 16 MiB is answered, and the connection goes on; so is 16 MiB of garbage', async () => {
    const { simulator, clock } = bench()
    const big = JSON.stringify({ cmd: 'ping', text: 'x'.repeat(16 * 1024 * 1024) })
    const answers = await talk(simulator, clock, [big, 'y'.repeat(16 * 1024 * 1024), { cmd: 'ping' }])
    expect(answers.map((answer) => (answer as { ok: boolean }).ok)).toEqual([true, false, true])
  })

  test('[ccc.sim.fragments] a request without its newline is never carried out', async () => {
    const { simulator, clock } = bench()
    const link = await simulator.transport.open()
    await link.write(new TextEncoder().encode(JSON.stringify({ cmd: 'send', session, text: 'x' })))
    await link.end()
    expect(await link.read()).toBeNull()
    await clock.advance(10_000)
    expect(simulator.ledger).toEqual([])
    await link.close()
  })

  test('[ccc.sim.disconnect] lines that were sent before the client left are carried out, those behind an ask too', async () => {
    const { simulator, clock } = bench()
    const link = await simulator.transport.open()
    const line = (cmd: string, text: string): string => `${JSON.stringify({ cmd, session, text })}\n`
    await link.write(new TextEncoder().encode(line('ask', 'first [[sleep 3]]') + line('send', 'second')))
    await clock.advance(500)
    await link.close()
    await clock.advance(60_000)
    expect(simulator.ledger.filter(({ effect }) => effect === 'typed').map(({ text }) => text)).toEqual([
      'first [[sleep 3]]',
      'second',
    ])
  })
})

describe('texts', () => {
  test('[ccc.sim.sizes] a text that tmux refuses is stored all the same, at the exact limits', async () => {
    const { simulator, clock } = bench()
    const send = async (text: string): Promise<unknown> => {
      const [answer] = await talk(simulator, clock, [{ cmd: 'send', session, text }])
      const { ok, error } = answer as { ok: boolean; error?: string }
      return ok || error
    }
    expect(await send('x'.repeat(16_330))).toBe(true)
    expect(await send('x'.repeat(16_331))).toBe('failed to send: exit status 1')
    expect(await send(`${'\u20ac'.repeat(5_443)}x`)).toBe(true)
    expect(await send('\u20ac'.repeat(5_444))).toBe('failed to send: exit status 1')
    expect(await send('x'.repeat(132_000))).toBe('failed to send: fork/exec /usr/bin/tmux: argument list too long')
    expect(await send('a\0b')).toBe('failed to send: fork/exec /usr/bin/tmux: invalid argument')
    expect(await send('-flag')).toBe('failed to send: exit status 1')
    expect(await send(' -flag')).toBe(true)
    expect(simulator.ledger.filter(({ effect }) => effect === 'stored')).toHaveLength(8)
  })

  test('[ccc.sim.semicolon] a semicolon at the end is lost; a space after it keeps it', async () => {
    const { simulator, clock } = bench()
    const entered = async (text: string): Promise<string | undefined> => {
      await talk(simulator, clock, [{ cmd: 'send', session, text }])
      const [answer] = (await talk(simulator, clock, [{ cmd: 'screenshot', session }])) as { response: string }[]
      return answer?.response.split('\n').findLast((line) => line.startsWith('> '))
    }
    expect(await entered('a;')).toBe('> a')
    expect(await entered('b\\;')).toBe('> b;')
    expect(await entered('c; ')).toBe('> c; ')
  })
})

describe('history', () => {
  const entry = (more: object): string => JSON.stringify({ id: 5, ts: 5, from: 'claude', ...more })
  const padded = (bytes: number): string => {
    const empty = entry({ text: '' }).length
    return entry({ text: 'y'.repeat(bytes - empty) })
  }

  test('[ccc.sim.scanner] a line of 65,535 bytes is read, one more hides the rest of its hour, not the next', async () => {
    const { simulator, clock } = bench()
    const messages = async (): Promise<number> => {
      const [answer] = (await talk(simulator, clock, [{ cmd: 'history', session }])) as { messages?: unknown[] }[]
      return answer?.messages?.length ?? 0
    }
    simulator.history.write(101, '2026-01-01-00', [entry({ text: 'a' }), padded(65_535), entry({ text: 'b' })])
    expect(await messages()).toBe(3)
    simulator.history.write(101, '2026-01-01-00', [padded(65_536), entry({ text: 'hidden' })])
    expect(await messages()).toBe(3)
    simulator.history.write(101, '2026-01-01-01', [entry({ text: 'next hour' })])
    expect(await messages()).toBe(4)
  })

  test('[ccc.sim.history-rules] append order, the newest of a limit, exact filters, ids of zero only below zero', async () => {
    const { simulator, clock } = bench()
    const lines = [
      { id: 9, ts: 9, from: 'api', text: 'a' },
      { id: 1, ts: 1, from: 'claude', text: 'b' },
      { ts: 2, from: 'human', type: 'voice', transcription: 'c' },
      { id: 9, ts: 3, from: 'api', text: 'd' },
    ]
    simulator.history.write(101, '2026-01-01-00', ['', 'not json', ...lines.map((line) => JSON.stringify(line))])
    const texts = async (fields: object): Promise<unknown[]> => {
      const [answer] = (await talk(simulator, clock, [{ cmd: 'history', session, ...fields }])) as {
        messages?: { text?: string; transcription?: string }[]
      }[]
      return (answer?.messages ?? []).map(({ text, transcription }) => text ?? transcription)
    }
    expect(await texts({})).toEqual(['a', 'b', 'd'])
    expect(await texts({ after: -1 })).toEqual(['a', 'b', 'c', 'd'])
    expect(await texts({ after: 1 })).toEqual(['a', 'd'])
    expect(await texts({ after: 1, limit: 1 })).toEqual(['d'])
    expect(await texts({ limit: -3 })).toEqual(['a', 'b', 'd'])
    expect(await texts({ from_filter: 'claude' })).toEqual(['b'])
    expect(await texts({ from_filter: 'Claude' })).toEqual([])
  })

  test('[ccc.sim.activity-rules] 100 bytes of the last entry, through a character; nothing but the end of the file', async () => {
    const { simulator, clock } = bench()
    const last = async (): Promise<object | undefined> => {
      const [answer] = (await talk(simulator, clock, [{ cmd: 'activity' }])) as { activity: { name: string }[] }[]
      return answer?.activity.find(({ name }) => name === session)
    }
    expect(await last()).toEqual({ name: session, lastMessageId: 0, lastMessageTs: 0 })
    simulator.history.write(101, '2026-01-01-00', [entry({ text: `x${'\u20ac'.repeat(40)}` })])
    expect(await last()).toMatchObject({ lastFrom: 'claude', lastText: `x${'\u20ac'.repeat(33)}...` })
    simulator.history.write(101, '2026-01-01-00', [entry({ text: `xy${'\u20ac'.repeat(40)}` })])
    expect(await last()).toMatchObject({ lastText: `xy${'\u20ac'.repeat(32)}\ufffd...` })
    simulator.history.write(101, '2026-01-01-00', [entry({ text: '', type: 'voice', transcription: 'spoken' })])
    expect(await last()).toMatchObject({ lastText: 'spoken' })
    simulator.history.write(101, '2026-01-01-00', [padded(9_000)])
    expect(await last()).toMatchObject({ lastMessageId: 0 })
    simulator.history.write(101, '2025-12-31-23', [entry({ text: 'older file' })])
    expect(await last()).toMatchObject({ lastText: 'older file' })
    simulator.history.write(101, '2026-01-01-00', [entry({ text: 'after' })])
    expect(await last()).toMatchObject({ lastText: 'after' })
  })

  test('[ccc.sim.long-answer] after an answer of 70,000 characters no answer is found in that hour', async () => {
    const { simulator, clock } = bench()
    const ask = async (text: string): Promise<unknown> => (await talk(simulator, clock, [{ cmd: 'ask', session, text }]))[0]
    expect(await ask('x [[big 60000]]')).toMatchObject({ response: 'x'.repeat(60_000) })
    await clock.advance(60_000)
    expect(await ask('x [[big 70000]]')).not.toHaveProperty('response')
    expect(await ask('x [[reply short]]')).not.toHaveProperty('response')
  })
})

describe('status, concurrency, questions', () => {
  test('[ccc.sim.busy] a session at work is active in sessions and in subscribe, for every generation', async () => {
    for (const generation of ['january', 'february', '1.12.5', '1.13.3'] as const) {
      const { simulator, clock } = bench({ generation })
      const link = await simulator.transport.open()
      await link.write(new TextEncoder().encode(`${JSON.stringify({ cmd: 'ask', session, text: 'x [[sleep 30]]' })}\n`))
      await clock.advance(5_000)
      const [answer] = (await talk(simulator, clock, [{ cmd: 'sessions' }])) as { sessions: { name: string; status: string }[] }[]
      expect(answer?.sessions.find(({ name }) => name === session)?.status).toBe('active')
      await link.close()
      await simulator.stop()
    }
  })

  test('[ccc.sim.concurrent] two asks at once are one prompt line, and both get the same answer', async () => {
    const { simulator, clock, play } = bench()
    const ask = (text: string): Promise<unknown[]> => talk(simulator, clock, [{ cmd: 'ask', session, text }])
    const [[one], [two]] = await play(Promise.all([ask('one'), ask('two')]))
    expect((one as { response: string }).response).toBe('echo 1: onetwo')
    expect((two as { response: string }).response).toBe('echo 1: onetwo')
  })

  test('[ccc.sim.questions] answered one by one, and forgotten with the last', async () => {
    const { simulator, play, ccc } = bench()
    const options = [{ label: 'yes' }, { label: 'no', description: 'not now' }]
    simulator.askQuestions(session, [
      { question: 'One?', options },
      { question: 'Two?', header: 'H', options, multi_select: true },
    ])
    expect(await play(ccc.questions({ session }))).toMatchObject({
      session,
      questions: [
        { question: 'One?', header: '', multi_select: false, answered: false, options },
        { question: 'Two?', header: 'H', multi_select: true, answered: false, options },
      ],
    })
    expect(await play(ccc.answer({ session, questionIndex: 1, optionIndex: 1 }))).toBe('answered question 1 with option 1 (no)')
    expect((await play(ccc.questions({ session })))?.questions[1]).toMatchObject({ answered: true, answer_index: 1 })
    await play(ccc.answer({ session, questionIndex: 0, optionIndex: 0 }))
    expect(await play(ccc.questions({ session }))).toBeUndefined()
    expect((await play(ccc.history({ session }))).map(({ from, text }) => [from, text])).toEqual([
      ['human', 'Selected: no'],
      ['human', 'Selected: yes'],
    ])
  })

  test('[ccc.answer.indices] a missing index would be taken for 0, so it is never sent', async () => {
    const { simulator, ccc } = bench()
    for (const wrong of [undefined, -1, 0.5, Number.NaN]) {
      const given = { session, questionIndex: wrong as number, optionIndex: 0 }
      await expect(ccc.answer(given)).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
    }
    expect(simulator.connections).toBe(0)
  })
})

describe('its socket', () => {
  test('[ccc.sim.socket] the socket has mode 0600 and is removed with the server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ccc-'))
    const path = join(folder, '.ccc.sock')
    const simulator = createCccSimulator({ sessions: [{ name: session }] })
    const listener = await listenUnix({ path })
    void simulator.listen(listener)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const ccc = createCcc({ transport: cccSocket({ path }) })
    expect((await ccc.ping()).sessions_active).toBe(1)
    await simulator.stop()
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(ccc.ping()).rejects.toMatchObject({ code: 'unreachable', sent: 'no' })
    await rm(folder, { recursive: true })
  })
})
