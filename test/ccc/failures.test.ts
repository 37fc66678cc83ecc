/** Every error string of a server, and what it means for the request. */
import { describe, expect, test } from 'vitest'
import { failureOf } from '../../src/ccc/error.js'
import { FAILURES } from '../../src/ccc/failures.js'
import { SignalboxError } from '../../src/index.js'
import { bench, failure } from './kit.js'

// Verbatim, with the details that real servers put behind the colon.
const STRINGS: readonly (readonly [error: string, code: string, sent: string])[] = [
  ['invalid JSON', 'invalid_argument', 'no'],
  ['unknown command', 'unsupported', 'no'],
  ['session and text required', 'invalid_argument', 'no'],
  ['session required', 'invalid_argument', 'no'],
  ['session not found', 'not_found', 'no'],
  ['host not configured', 'unavailable', 'maybe'],
  ['host not configured: lost', 'unavailable', 'maybe'],
  ['failed to send: exit status 1', 'remote', 'maybe'],
  ['failed to send: fork/exec /usr/bin/tmux: argument list too long', 'remote', 'maybe'],
  [
    'failed to start session: failed to create tmux session: exit status 255: ssh: connect to host h port 2: Connection refused\r\n',
    'unavailable',
    'no',
  ],
  ['failed to restart Claude', 'unavailable', 'no'],
  ['timeout waiting for response', 'deadline_exceeded', 'yes'],
  ['failed to read history: open: permission denied', 'remote', 'maybe'],
  ['capture failed: failed to capture pane: exit status 1', 'unavailable', 'no'],
  ['failed to start: exit status 255', 'unavailable', 'maybe'],
  ['session started but Claude failed to initialize', 'unavailable', 'yes'],
  ['no pending questions for this session', 'not_found', 'no'],
  ['question_index out of range (0-1)', 'invalid_argument', 'no'],
  ['option_index out of range (0-2)', 'invalid_argument', 'no'],
  ['question already answered', 'conflict', 'no'],
  ['failed to send keys: exit status 1', 'remote', 'maybe'],
]

const HEADS = FAILURES.flatMap(([heads]) => heads.split('|'))

describe('failures', () => {
  test.each(STRINGS)('[ccc.failures.table] %j is %s, sent %s', async (error, code, sent) => {
    const typed = await failureOf('ask', { error }, false)
    expect([typed.code, typed.sent]).toEqual([code, sent])
    // `remoteCode` is the server's string without its detail, because the detail may be the stderr of a program.
    expect(error.startsWith(typed.remoteCode ?? '?')).toBe(true)
    expect(HEADS.includes(typed.remoteCode ?? '') || typed.code === 'remote').toBe(true)
  })

  test('[ccc.failures.table] every row of the table matches one of the strings, and no row hides another', async () => {
    const met = new Set(await Promise.all(STRINGS.map(async ([error]) => (await failureOf('ask', { error }, false)).remoteCode)))
    expect(HEADS.filter((head) => !met.has(head))).toEqual([])
    expect(new Set(HEADS).size).toBe(HEADS.length)
    expect((await failureOf('continue', { error: 'failed to start: x' }, false)).remoteCode).toBe('failed to start')
    expect((await failureOf('ask', { error: 'failed to start session: x' }, false)).remoteCode).toBe('failed to start session')
  })

  test('[ccc.failures.unknown] an unknown error string is remote, sent: maybe', async () => {
    expect(await failureOf('ask', { error: 'session not found either' }, false)).toMatchObject({ code: 'remote', sent: 'maybe' })
    expect(await failureOf('history', { error: 'no reason' }, true)).toMatchObject({
      code: 'remote',
      sent: 'yes',
      remoteCode: 'no reason',
    })
    expect(await failureOf('history', {}, true)).toMatchObject({ code: 'protocol', sent: 'maybe' })
    const long = await failureOf('ask', { error: 'x'.repeat(10_000) }, false)
    expect(long.remoteCode).toHaveLength(200)
  })

  test('[ccc.failures.wire] a refusal is the typed error of the call, with a receipt if it was an ask', async () => {
    const { ccc, simulator, play } = bench()
    simulator.faults.answerWith = ({ cmd }) => (cmd === 'ask' ? 'timeout waiting for response' : undefined)
    const error = await play(failure(ccc.ask({ session: 'myproject', text: 'long [[reply x]]' })))
    expect(error).toMatchObject({
      name: 'CccSendError',
      code: 'deadline_exceeded',
      sent: 'yes',
      system: 'ccc',
      op: 'ask',
      transport: 'memory',
      remoteCode: 'timeout waiting for response',
      receipt: { session: 'myproject', text: 'long [[reply x]]', from: 'api' },
    })
    expect(SignalboxError.is(error, 'deadline_exceeded')).toBe(true)
    await simulator.stop()
  })

  test('[ccc.failures.real] the simulator gives each refusal that a request can provoke', async () => {
    const { ccc, simulator, play } = bench({ hosts: { dead: { fails: 'exit status 255: refused', afterMs: 10 } } })
    simulator.configure({ name: 'dead:svc', host: 'dead' })
    const codes: [() => Promise<unknown>, string][] = [
      [() => ccc.ask({ session: 'nope', text: 'x' }), 'session not found'],
      [() => ccc.send({ session: 'lost:api', text: 'x' }), 'host not configured'],
      [() => ccc.send({ session: 'dead:svc', text: 'x' }), 'failed to start session'],
      [() => ccc.send({ session: 'noclaude', text: 'x' }), 'failed to restart Claude'],
      [() => ccc.continue({ session: 'noclaude' }), 'session started but Claude failed to initialize'],
      [() => ccc.continue({ session: 'dead:svc' }), 'failed to start'],
      [() => ccc.screenshot({ session: 'asleep' }), 'capture failed'],
      [() => ccc.history({ session: '' }), 'session required'],
      [() => ccc.call('ask', { session: 'myproject' }), 'session and text required'],
      [() => ccc.call('send', { session: 'myproject', text: '-x' }), 'failed to send'],
      [() => ccc.call('history', { limit: 1.5 }), 'invalid JSON'],
      [() => ccc.call('typing'), 'unknown command'],
    ]
    for (const [work, remoteCode] of codes) expect(await play(failure(work()))).toMatchObject({ remoteCode })
    await simulator.stop()
  })
})
