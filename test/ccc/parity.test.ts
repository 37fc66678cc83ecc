/** Every command of the published documents has a method, which sends the documented request. */
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/ccc/commands.js'
import { createCcc, createCccCore, type Ccc } from '../../src/ccc/index.js'
import { CCC_SCOPES } from '../../src/ccc/scopes.js'
import { createCccSimulator, memoryServer } from '../../src/testing/index.js'

type Asked = (ccc: Ccc) => Promise<unknown>
const session = 'myproject'

/** The commands of January 2026, then those of February and later, each with all of its documented fields. */
const DOCUMENTED: Readonly<Record<string, readonly [call: Asked, line: object]>> = {
  sessions: [(ccc) => ccc.sessions(), { cmd: 'sessions' }],
  ask: [
    (ccc) => ccc.ask({ session, text: 'hi', from: 'orchestrator', verify: false }),
    { cmd: 'ask', session, text: 'hi', from: 'orchestrator' },
  ],
  send: [(ccc) => ccc.send({ session, text: 'hi', from: 'ci-bot' }), { cmd: 'send', session, text: 'hi', from: 'ci-bot' }],
  history: [
    (ccc) => ccc.history({ session, after: 12_345, limit: 50, fromFilter: 'claude' }),
    { cmd: 'history', session, after: 12_345, limit: 50, from_filter: 'claude' },
  ],
  subscribe: [
    (ccc) => ccc.subscribe({ sessions: [session, 'backend'] }).then((stream) => stream.close()),
    { cmd: 'subscribe', sessions: [session, 'backend'] },
  ],
  ping: [(ccc) => ccc.ping(), { cmd: 'ping' }],
  continue: [(ccc) => ccc.continue({ session, from: 'me' }), { cmd: 'continue', session, from: 'me' }],
  activity: [(ccc) => ccc.activity(), { cmd: 'activity' }],
  screenshot: [(ccc) => ccc.screenshot({ session, limit: 5 }), { cmd: 'screenshot', session, limit: 5 }],
  questions: [(ccc) => ccc.questions({ session }), { cmd: 'questions', session }],
  answer: [
    (ccc) => ccc.answer({ session, questionIndex: 0, optionIndex: 1 }),
    { cmd: 'answer', session, question_index: 0, option_index: 1 },
  ],
}

/** Of later servers, for their own use: reached by name. */
const LATER = [
  ...['typing', 'stream', 'question', 'sendfile', 'briefing', 'rl.recover', 'agent.list', 'agent.get', 'agent.status'],
  ...['agent.update_self', 'subscribe.idle', 'mail.send', 'mail.deliver', 'mail.ack'],
  ...['reminder.add', 'reminder.list', 'reminder.delete'],
]

/** The request of the client, to a server that accepts everything. */
function listener(): { ccc: Ccc; heard: object[] } {
  const memory = memoryServer()
  const heard: object[] = []
  void (async () => {
    for await (const link of memory.accept()) {
      const line = new TextDecoder().decode((await link.read()) ?? undefined)
      expect(line.endsWith('\n')).toBe(true)
      heard.push(JSON.parse(line) as object)
      await link.write(new TextEncoder().encode('{"ok":true}\n')).catch(() => {})
    }
  })()
  return { ccc: createCcc({ transport: memory.transport }), heard }
}

describe('commands', () => {
  test.each(Object.entries(DOCUMENTED))('[ccc.commands.parity] %s', async (name, [call, line]) => {
    const { ccc, heard } = listener()
    await call(ccc)
    expect(heard[0]).toEqual(line)
    expect(COMMANDS).toHaveProperty(name)
    expect(CCC_SCOPES).toHaveProperty(name)
  })

  test('[ccc.commands.parity] the tables hold these commands and no others', () => {
    const names = Object.keys(DOCUMENTED).sort()
    expect(Object.keys(COMMANDS).sort()).toEqual(names)
    expect(Object.keys(CCC_SCOPES).sort()).toEqual(names)
  })

  test('[ccc.commands.defaults] for every command, a field that the answer leaves out has its default', async () => {
    const { ccc } = listener()
    expect(await ccc.ping()).toMatchObject({ version: '', uptime_seconds: 0, sessions_active: 0 })
    expect(await ccc.sessions()).toEqual([])
    expect(await ccc.activity()).toEqual([])
    expect(await ccc.history({ session })).toEqual([])
    expect(await ccc.screenshot({ session })).toBe('')
    expect(await ccc.questions({ session })).toBeUndefined()
    expect(await ccc.answer({ session, questionIndex: 0, optionIndex: 0 })).toBe('')
    expect(await ccc.send({ session, text: 'x' })).toMatchObject({ messageId: undefined, receipt: { session, text: 'x' } })
    expect(await ccc.ask({ session, text: 'x' })).toMatchObject({ outcome: 'unanswered', durationMs: 0 })
    expect(await ccc.continue({ session })).toBeUndefined()
  })

  test.each(LATER)('[ccc.commands.later] %s by name, with its payload', async (cmd) => {
    const { ccc, heard } = listener()
    expect(await ccc.call(cmd, { payload: { name: 'a' }, cwd: '/x' })).toEqual({ ok: true })
    expect(heard).toEqual([{ cmd, payload: { name: 'a' }, cwd: '/x' }])
  })

  test('[ccc.commands.later] a command of any name counts as one with an effect unless an option says otherwise; no field can change the command', async () => {
    const seen: [string, boolean][] = []
    const memory = listener()
    const ccc = createCcc({
      transport: memoryServer().transport,
      interceptors: [
        async (call) => {
          seen.push([call.op, call.idempotent])
          return { ok: true }
        },
      ],
    })
    await ccc.call('typing')
    await ccc.call('agent.status', {}, { idempotent: true })
    await ccc.call('constructor')
    await ccc.history({ session })
    await ccc.send({ session, text: 'x' })
    expect(seen).toEqual([
      ['typing', false],
      ['agent.status', true],
      ['constructor', false],
      ['history', true],
      ['send', false],
    ])
    await memory.ccc.call('ping', { cmd: 'continue' })
    expect(memory.heard).toEqual([{ cmd: 'ping' }])
  })

  test('[ccc.client.core] the small client has the same call, the same failures and the same end', async () => {
    await using simulator = createCccSimulator({ sessions: [{ name: session }] })
    const core = createCccCore({ transport: simulator.transport })
    expect(await core.call('ping')).toMatchObject({ ok: true, sessions_active: 1 })
    await expect(core.call('history', { session: 'nope' })).rejects.toMatchObject({ code: 'not_found', sent: 'no', system: 'ccc' })
    await core.close()
    await expect(core.call('ping')).rejects.toMatchObject({ code: 'closed', sent: 'no' })
    expect(simulator.connections).toBe(0)
  })
})
