/** The built program at a real terminal, over a hub whose agent is scripted. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import { createCmdop } from '../../src/cmdop/index.js'
import { cmdopSource, createHub, type Hub } from '../../src/hub/index.js'
import { createAcpAgentSimulator, createCmdopCoreSimulator, simulatedId, type SimulatedAcpScript } from '../../src/testing/index.js'
import { hubFolder, listenHub } from '../../transports/node/index.js'
import { hasPty, openPty, type PtyOptions } from './pty/pty.js'
import { eventually } from '../eventually.js'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'signalbox-tty-'))
const socket = join(folder, 'hub.sock')
const env = {
  PATH: process.env.PATH,
  HOME: folder,
  USER: 'ann',
  SIGNALBOX_HUB_SOCKET: socket,
  XDG_CONFIG_HOME: join(folder, 'config'),
}
const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function serve(script: SimulatedAcpScript) {
  const agent = createAcpAgentSimulator({ script })
  const core = createCmdopCoreSimulator()
  const cmdop = createCmdop({ transport: core.transport })
  const hub = await createHub({
    sources: [acpSource({ transport: agent.transport, cwd: '/work' }), cmdopSource({ client: cmdop })],
  })
  const listener = await listenHub(hub, { path: socket })
  open.push({ [Symbol.asyncDispose]: () => cmdop.close() }, hub, listener)
  return { agent, hub }
}
const at = (args: readonly string[], options: Partial<PtyOptions> = {}) => {
  const terminal = openPty({ command: [process.execPath, program, ...args], ...options, env: { ...env, ...options.env } })
  open.push(terminal)
  return terminal
}
const says = (text: string) => ({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
const whenAborted = (signal: AbortSignal) =>
  new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('cancelled')))

const permission: SimulatedAcpScript = async ({ request, sessionId, update }) => {
  await update(says('I need a tool. '))
  const answer = (await request('session/request_permission', {
    sessionId,
    toolCall: { toolCallId: 't', title: 'Run make', kind: 'execute', rawInput: { command: 'make all' } },
    options: [
      { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
      { optionId: 'no', name: 'Reject', kind: 'reject_once' },
    ],
  })) as { outcome: { optionId?: string } }
  await update(says(`You chose ${answer.outcome.optionId}.`))
  return 'end_turn'
}

describe.skipIf(!hasPty || !existsSync(program))('a turn at a terminal', () => {
  test('text streams, a tool line has its state and time, and the spinner leaves no trace [cli.terminal]', async () => {
    let go = () => {}
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    await serve(async ({ update }) => {
      await update(says('First half'))
      await update({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Read parser.ts', status: 'in_progress' })
      await waiting
      await update({ sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed' })
      await update(says(', second half.'))
      return 'end_turn'
    })
    const terminal = at(['ask', 'acp/main', 'go'])
    await terminal.sees(/First half/)
    await terminal.sees(/. Read parser\.ts \d/)
    go()
    expect(await terminal.exit).toBe(0)
    expect(terminal.raw()).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/)
    expect(terminal.screen()).toMatch(/^First half\n✓ Read parser\.ts \(\d+\.\d s\)\n, second half\.\n$/)
  })

  test.each([
    ['Enter alone', '\r', 'no'],
    ['y', 'y\r', 'yes'],
    ['Y after a correction', 'x\x7fYES\r', 'yes'],
    ['any other word', 'sure\r', 'no'],
    ['the id of an option', 'no\r', 'no'],
  ])('an approval shows its input; %s chooses %s [cli.terminal]', async (_name, keys, chosen) => {
    await serve(permission)
    const terminal = at(['ask', 'acp/main', 'go'])
    await terminal.sees(/Allow it\? \[y\/N/)
    expect(terminal.screen()).toContain('"command": "make all"')
    terminal.type(keys)
    await terminal.sees(`You chose ${chosen}.`)
    expect(await terminal.exit).toBe(0)
  })

  test('ctrl-c at an approval cancels the turn and answers nothing [cli.terminal]', async () => {
    const { hub } = await serve(permission)
    const terminal = at(['ask', 'acp/main', 'go'])
    await terminal.sees(/Allow it\?/)
    terminal.type('\x03')
    expect(await terminal.exit).toBe(130)
    expect(terminal.screen()).not.toContain('You chose yes')
    await eventually(async () => expect(await hub.asks()).toEqual([]))
  })

  test('an answer of another person ends the question at this terminal [cli.terminal]', async () => {
    const { hub } = await serve(permission)
    const terminal = at(['ask', 'acp/main', 'go'])
    await terminal.sees(/Allow it\?/)
    const [ask] = await hub.asks()
    await hub.answer(ask?.id ?? '', { option: 'yes' }, { by: 'bea' })
    await terminal.sees('You chose yes.')
    expect(terminal.screen()).toContain('bea answered the question.')
    expect(await terminal.exit).toBe(0)
  })

  test('ctrl-c once cancels the turn and says so; the exit code is 130 [cli.terminal]', async () => {
    const { agent } = await serve(async ({ update, signal }) => {
      await update(says('Working'))
      return whenAborted(signal)
    })
    const terminal = at(['ask', 'acp/main', 'go'])
    await terminal.sees('Working')
    terminal.type('\x03')
    expect(await terminal.exit).toBe(130)
    expect(terminal.screen()).toContain('Cancelled.')
    expect(agent.received.some(({ method }) => method === 'session/cancel')).toBe(true)
  })

  test('ctrl-c twice leaves, although the agent does not stop [cli.terminal]', async () => {
    const { agent } = await serve(async ({ update }) => {
      await update(says('Working'))
      return new Promise(() => {})
    })
    const terminal = at(['ask', 'acp/main', 'go'])
    await terminal.sees('Working')
    terminal.type('\x03')
    await terminal.sees(/Cancelling/)
    await eventually(() => expect(agent.received.some(({ method }) => method === 'session/cancel')).toBe(true))
    terminal.type('\x03')
    expect(await terminal.exit).toBe(130)
    expect(terminal.screen()).toMatch(/the turn [-0-9a-f]+ may then go on/)
  })

  test('after a resize the status line fits the new width [cli.terminal]', async () => {
    await serve(async ({ update, signal }) => {
      const title = `Read ${'very-'.repeat(12)}long-name.ts`
      await update({ sessionUpdate: 'tool_call', toolCallId: 't', title, status: 'in_progress' })
      return whenAborted(signal)
    })
    const terminal = at(['ask', 'acp/main', 'go'], { columns: 100 })
    await terminal.sees('long-name.ts')
    terminal.resize(30, 24)
    await eventually(() => expect(terminal.screen().split('\n').at(-1)?.length).toBeLessThan(30))
    expect(terminal.screen()).toContain('…')
    terminal.type('\x03')
    expect(await terminal.exit).toBe(130)
  })

  test.each([
    ['TERM=dumb', { TERM: 'dumb' }],
    ['ACCESSIBLE=1 with NO_COLOR', { ACCESSIBLE: '1', NO_COLOR: '1' }],
  ])('with %s the output has no escape sequence and rewrites nothing [cli.terminal]', async (_name, more) => {
    await serve(permission)
    const terminal = at(['ask', 'acp/main', 'go'], { env: more })
    await terminal.sees(/Allow it\?/)
    terminal.type('y\r')
    expect(await terminal.exit).toBe(0)
    expect(terminal.raw()).not.toMatch(/\x1b|\r(?!\n)/)
  })

  test('a PIN is not echoed, and a corrected PIN arrives corrected [cli.terminal]', async () => {
    const { hub } = await serve(async () => 'end_turn')
    const turn = hub.prompt(`cmdop/${simulatedId(1, 1)}`, '[[pin 4711]][[say in]]')
    const ask = await eventually(async () => (await hub.asks())[0] ?? expect.fail('no ask yet'))
    const terminal = at(['answer', ask.id])
    await terminal.sees(/: $|PIN/)
    terminal.type('4719\x7f1\r')
    expect(await terminal.exit).toBe(0)
    expect(terminal.raw()).not.toMatch(/47|71/)
    expect(await turn.text()).toBe('in')
  })

  test('a reader that goes away ends the program silently [cli.terminal]', async () => {
    await serve(async ({ update }) => {
      for (let index = 0; index < 400; index += 1) await update(says(`line ${index} ${'x'.repeat(500)}\n`))
      return 'end_turn'
    })
    const terminal = at([], { command: ['sh', '-c', `"${process.execPath}" "${program}" ask acp/main go | head -n 1; echo over`] })
    await terminal.sees('over')
    expect(terminal.screen()).toMatch(/^line 0 x+\nover/)
    await terminal.exit
  })

  test('closing the window ends the program, and the turn goes on [cli.terminal]', async () => {
    let go = () => {}
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    const { hub } = await serve(async ({ update }) => {
      await update(says('Working'))
      await waiting
      await update(says(' and done'))
      return 'end_turn'
    })
    const terminal = at(['ask', 'acp/main', 'go', '--id', 'kept'])
    await terminal.sees('Working')
    terminal.hangUp()
    await terminal.exit
    go()
    expect(await hub.turn('kept').text()).toBe('Working and done')
  })
})

describe.skipIf(!hasPty || !existsSync(program))('a hub that goes away and comes back', () => {
  test('watch continues with the next hub and misses no event [cli.hub-returns]', async () => {
    const journal = join(folder, 'journal')
    const start = async () => {
      const agent = createAcpAgentSimulator()
      const { store } = await hubFolder({ directory: journal })
      const hub: Hub = await createHub({ store, waitMs: 5_000, sources: [acpSource({ transport: agent.transport, cwd: '/work' })] })
      const listener = await listenHub(hub, { path: socket })
      return async () => {
        await listener[Symbol.asyncDispose]()
        await hub.close()
        await store[Symbol.asyncDispose]()
      }
    }
    let stop = await start()
    const terminal = at(['watch'])
    await terminal.sees('acp/main')
    await stop()
    await terminal.sees('The hub is gone.')
    stop = await start()
    const asking = at(['ask', 'acp/main', 'still there?'])
    expect(await asking.exit).toBe(0)
    await terminal.sees('You said: still there?')
    expect(terminal.screen()).toContain('The hub is back.')
    terminal.type('\x03')
    expect(await terminal.exit).toBe(0)
    await stop()
  })
})
