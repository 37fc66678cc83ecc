/** up, down, status and the commands that need the running hub: in this process, over the hub's socket. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createHubClient } from '../../src/hub/index.js'
import { hubSocket } from '../../transports/node/hub/socket.js'
import { hubWords } from '../../transports/node/cli/hub/words.js'
import { parseCursor } from '../../transports/node/cli/commands/cursor.js'
import { eventually } from '../eventually.js'
import { NO_SYSTEMS, programHere, type ProgramHere } from './program-here.js'

let here: ProgramHere
beforeEach(() => {
  here = programHere()
})
afterEach(() => here.dispose())

/** Starts the demo without a port. */
async function demo() {
  const up = here.start(['up', '--demo', '--no-gateway'])
  await up.prints(/Ctrl-c stops it/)
  return up
}

const linesOf = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('up', () => {
  test('up prints what it runs, and ctrl-c removes the socket and the file of the process [cli.up]', async () => {
    const up = await demo()
    expect(up.terminal.written()).toMatch(/^The hub runs with \d+ agents: claude, acp, editor, ccc, cccc, cmdop\n/)
    expect(up.terminal.written()).toContain('The journal is kept in memory.')
    expect(readFileSync(`${here.socket}.pid`, 'utf8')).toBe(`${process.pid}\n`)
    expect(statSync(`${here.socket}.pid`).mode & 0o777).toBe(0o600)
    expect(await up.stop()).toMatchObject({ code: 0, err: 'Stopping.\n' })
    expect(existsSync(here.socket)).toBe(false)
    expect(existsSync(`${here.socket}.pid`)).toBe(false)
    expect(await here.go(['status'])).toMatchObject({ code: 5, out: '' })
  })

  test('a second hub is refused with the process of the first, which goes on [cli.running-hub]', async () => {
    await demo()
    const second = await here.go(['up', '--demo', '--no-gateway', '--json'])
    expect(second).toMatchObject({ code: 1, out: '' })
    expect(second.err).toContain(`A hub runs on this machine already (process ${process.pid}).`)
    expect((await here.go(['status'])).code).toBe(0)
  })

  test('the configuration limits the events of the journal [cli.keep-events]', async () => {
    here.configure({ hub: { keepEvents: 16 } })
    await demo()
    await using client = createHubClient({ transport: hubSocket({ path: here.socket }) })
    const oldest = async (): Promise<number | undefined> => {
      for await (const event of client.watch({ from: 'oldest' })) return event.seq
      return undefined
    }
    await expect.poll(oldest).toBeGreaterThan(1)
  })

  test('where nothing is found, up says so and runs simulated agents [cli.up]', async () => {
    here.configure({ sources: NO_SYSTEMS })
    const up = here.start(['up', '--no-gateway', '--json'])
    const [facts] = linesOf(await up.prints(/\n/))
    expect(facts).toMatchObject({ pid: process.pid, socket: here.socket, agents: expect.any(Number) })
    expect(facts).not.toHaveProperty('gateway')
    expect(up.terminal.complained()).toContain('No system was found on this machine, so simulated agents run.')
  })

  test('a configured system is shown although it does not answer, and the journal is on disk [cli.up]', async () => {
    here.configure({ sources: { ...NO_SYSTEMS, ccc: { socket: join(here.folder, 'none.sock') } } })
    const up = here.start(['up', '--no-gateway'])
    const out = await up.prints(/Ctrl-c stops it/)
    expect(out).toContain('The hub runs with 0 agents: ccc\n')
    expect(out).toContain(`The journal is in ${here.env.SIGNALBOX_HUB_FOLDER}.`)
    expect(await here.go(['ls'])).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No agent was found.') })
    expect((await here.go(['ls', '--json'])).out).toBe('[]\n')
    expect((await up.stop()).code).toBe(0)
  })

  test('the gateway takes another port when its own is taken, and a named port that is taken is an error [cli.up]', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    try {
      const refused = await here.go(['up', '--demo', '--port', String(port)])
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(String(port)) })
      expect(existsSync(here.socket)).toBe(false)
    } finally {
      other.close()
    }
  })

  test('up prints the address of its pages, and Enter prints a new one [cli.up]', async () => {
    mkdirSync(join(here.folder, 'pages'))
    writeFileSync(join(here.folder, 'pages', 'index.html'), '<title>mine</title>')
    let press = () => {}
    const pressed = new Promise<void>((resolve) => {
      press = resolve
    })
    const up = here.start(['up', '--demo', '--port', '0', '--pages', join(here.folder, 'pages')], {
      canAsk: true,
      async *lines() {
        await pressed
        yield ''
      },
    })
    const out = await up.prints(/Ctrl-c stops it/)
    const [, address = ''] = /Dashboard (\S+)/.exec(out) ?? []
    expect(await (await fetch(address)).text()).toContain('mine')
    expect(out).toContain('Press Enter for a new one.')
    press()
    await eventually(() => expect(up.terminal.written().match(/#ticket=/g)).toHaveLength(2))
    expect((await up.stop()).code).toBe(0)
    await expect(fetch(address)).rejects.toThrow()
  })

  test('wrong options of up are refused before anything is started [cli.options]', async () => {
    expect(await here.go(['up', '--port', 'eighty'])).toMatchObject({ code: 2, err: expect.stringContaining('is not a port') })
    expect(await here.go(['up', '--port', '70000'])).toMatchObject({ code: 2 })
    expect(await here.go(['up', '--machines', 'a=b'])).toMatchObject({ code: 2, err: expect.stringContaining('--nats URL') })
    expect(await here.go(['up', '--demmo'])).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean --demo?') })
    expect(await here.go(['up', '--demo', '--pages', join(here.folder, 'none')])).toMatchObject({ out: '' })
    expect(existsSync(here.socket)).toBe(false)
  })
})

describe('the place of the hub', () => {
  test('a socket in the configuration is that of every command [cli.hub-place]', async () => {
    const placed = programHere({ SIGNALBOX_HUB_FOLDER: '' })
    try {
      const socket = join(placed.folder, 'mine.sock')
      placed.configure({ sources: NO_SYSTEMS, hub: { socket } })
      const up = placed.start(['up', '--demo', '--no-gateway', '--json'])
      expect(JSON.parse(await up.prints(/\n/))).toMatchObject({ socket })
      expect((await placed.go(['status'])).code).toBe(0)
      expect(await placed.go(['ask', 'acp/main', 'hello'])).toMatchObject({ code: 0, out: 'You said: hello\n' })
      expect(await hubWords(placed.env).agents()).toContain('acp/main')
      expect(await placed.go(['down'])).toMatchObject({ code: 0 })
      expect((await up.done).code).toBe(0)
    } finally {
      await placed.dispose()
    }
  })

  test('the environment wins over the configuration, and a folder in the configuration also places the socket [cli.hub-place]', async () => {
    here.configure({ hub: { socket: join(here.folder, 'mine.sock') } })
    const up = here.start(['up', '--demo', '--no-gateway', '--json'])
    expect(JSON.parse(await up.prints(/\n/))).toMatchObject({ socket: here.socket })

    const placed = programHere({ SIGNALBOX_HUB_FOLDER: '' })
    try {
      placed.configure({ hub: { folder: join(placed.folder, 'elsewhere') } })
      const other = placed.start(['up', '--demo', '--no-gateway', '--json'])
      expect(JSON.parse(await other.prints(/\n/))).toMatchObject({ socket: join(placed.folder, 'elsewhere', 'hub.sock') })
      expect((await placed.go(['status'])).code).toBe(0)
    } finally {
      await placed.dispose()
    }
  })
})

describe('down and status', () => {
  test('down ends the hub and says which process it was [cli.running-hub]', async () => {
    const up = await demo()
    expect(await here.go(['down', '--json'])).toMatchObject({ code: 0, out: `{"stopped":${process.pid}}\n` })
    expect((await up.done).code).toBe(0)
    expect(await here.go(['down'])).toEqual({
      code: 5,
      out: '',
      err: 'No hub runs on this machine. signalbox up starts it.\n',
    })
  })

  test('a file of a process that is gone is not taken for a hub [cli.running-hub]', async () => {
    mkdirSync(join(here.folder, 'hub'))
    for (const text of ['999999999\n', 'text\n', '1\n', '']) {
      writeFileSync(`${here.socket}.pid`, text)
      expect(await here.go(['down'])).toMatchObject({ code: 5 })
    }
  })

  test('status counts agents and questions, for a person and as JSON [cli.json]', async () => {
    await demo()
    expect((await here.go(['status'])).out).toMatch(
      /^The hub runs with \d+ agents: \d+ running, \d+ waiting for an answer\.\n\d+ open question/,
    )
    expect(JSON.parse((await here.go(['status', '--json'])).out)).toMatchObject({
      agents: expect.any(Number),
      asks: expect.any(Number),
      spent: { basis: expect.any(String) },
    })
  })
})

describe('commands over the socket', () => {
  test('send prints the id of the prompt, cancel says that the turn had ended, a wrong id is not found [cli.send]', async () => {
    await demo()
    expect(await here.go(['send', 'acp/main', 'hello', '--id', 'mine'])).toEqual({ code: 0, out: 'mine\n', err: '' })
    const { out } = await here.go(['send', 'acp/main', '-', '--json'], { input: 'from stdin' })
    expect(JSON.parse(out)).toEqual({ promptId: expect.any(String), agent: 'acp/main' })
    await eventually(async () => expect((await here.go(['history', 'acp/main'])).out).toContain('from stdin'))
    await eventually(async () =>
      expect(await here.go(['cancel', 'mine'])).toEqual({ code: 0, out: '', err: 'The turn had ended already: completed.\n' }),
    )
    expect(JSON.parse((await here.go(['cancel', 'mine', '--json'])).out)).toMatchObject({
      promptId: 'mine',
      already: true,
      end: { outcome: 'completed' },
    })
    expect(await here.go(['cancel', 'nothing'])).toMatchObject({ code: 5, out: '' })
    expect(await here.go(['send', 'acp/nobody', 'x'])).toMatchObject({ code: 5, out: '' })
  })

  test('cancel stops a turn that goes on, and ask ends with it [cli.send]', async () => {
    await demo()
    const ask = here.start(['ask', 'claude/refactor', 'FAKE:bash:npm run deploy', '--id', 'deploy'])
    await ask.complains(/signalbox answer/)
    expect(await here.go(['cancel', 'deploy'])).toMatchObject({ code: 0, err: 'Cancelled.\n' })
    expect((await ask.done).code).toBe(1)
  })

  test('watch prints events with the agent before them, and ctrl-c leaves it with 0 [cli.watch]', async () => {
    await demo()
    const watch = here.start(['watch', 'acp/main'])
    const json = here.start(['watch', 'acp/main', '--json'])
    await json.prints(/\n/)
    await here.go(['ask', 'acp/main', 'hello'])
    expect(await watch.prints(/done/)).toContain('acp/main says: You said: hello\n')
    await json.prints(/"kind":"end"/)
    expect((await watch.stop()).code).toBe(0)
    const events = linesOf((await json.stop()).out)
    expect(events.every(({ agent }) => agent === 'acp/main')).toBe(true)
    const { cursor } = events.find(({ kind }) => kind === 'end') as { cursor: string }
    expect(parseCursor(cursor)).toMatchObject({ seq: expect.any(Number) })
    // What was seen is not printed again.
    await here.go(['ask', 'acp/main', 'again'])
    const later = linesOf((await here.go(['watch', 'acp/main', '--json', '--from', cursor, '--timeout', '1s'])).out)
    expect(JSON.stringify(later)).toContain('again')
    expect(JSON.stringify(later)).not.toContain('You said: hello')
  })

  test('watch refuses an unknown agent, a wrong cursor and a wrong time [cli.watch]', async () => {
    await demo()
    expect(await here.go(['watch', 'acp/mian', '--timeout', '2s'])).toMatchObject({
      code: 5,
      err: expect.stringContaining('Did you mean acp/main?'),
    })
    expect(await here.go(['watch', '--from', 'yesterday'])).toMatchObject({ code: 2, err: expect.stringContaining('JOURNAL:SEQ') })
    expect(await here.go(['watch', '--timeout', 'soon'])).toMatchObject({ code: 2, out: '' })
  })

  test('when the hub goes away, watch says so, and continues when it is back [cli.hub-returns]', async () => {
    const up = await demo()
    const watch = here.start(['watch', 'acp/main'])
    await watch.prints(/is here/)
    await up.stop()
    await watch.complains(/The hub is gone\. Waiting for it; ctrl-c leaves\./)
    await demo()
    await watch.complains(/The hub is back\./)
    expect((await watch.stop()).code).toBe(0)
  })

  test('sessions lists what can be resumed in columns, [] when there is none [cli.json]', async () => {
    await demo()
    expect(await here.go(['sessions', 'acp/nobody'])).toMatchObject({ code: 5, out: '' })
    const found = JSON.parse((await here.go(['sessions', 'editor/orders', '--json'])).out) as unknown
    expect(Array.isArray(found)).toBe(true)
  })

  test('history refuses a limit that is not a number above 0 [cli.options]', async () => {
    await demo()
    for (const limit of ['many', '0', '-1', '1.5']) {
      expect(await here.go(['history', 'acp/main', `--limit=${limit}`])).toMatchObject({
        code: 2,
        out: '',
        err: 'limit is a whole number from 1 to 1000.\n',
      })
    }
    expect((await here.go(['history', 'acp/main', '--limit', '5'])).code).toBe(0)
  })

  test('completion reads agents and asks from the socket, and none without a hub [cli.completion]', async () => {
    expect(await hubWords(here.env).agents()).toEqual([])
    const up = await demo()
    expect(await hubWords(here.env).agents()).toContain('acp/main')
    const ask = here.start(['ask', 'claude/refactor', 'FAKE:bash:npm run deploy'])
    await ask.complains(/signalbox answer/)
    expect((await hubWords(here.env).asks()).some((id) => id.startsWith('claude/refactor'))).toBe(true)
    await up.stop()
    await ask.stop()
  })
})

test('without a running hub: what needs one exits with 5 and names signalbox up [cli.exit-codes]', async () => {
  here.configure({ sources: NO_SYSTEMS })
  for (const argv of [
    ['status'],
    ['send', 'acp/main', 'x'],
    ['cancel', 'x'],
    ['approve', 'x'],
    ['deny', 'x'],
    ['answer', 'x', '--option', 'a'],
    ['down'],
  ]) {
    const { code, out, err } = await here.go(argv)
    expect({ code, out }, argv.join(' ')).toEqual({ code: 5, out: '' })
    expect(err, argv.join(' ')).toBe('No hub runs on this machine. signalbox up starts it.\n')
  }
  // The others open what they need in this process.
  expect(await here.go(['ls', '--json'])).toMatchObject({ code: 0, out: '[]\n' })
  expect(await here.go(['asks', '--json'])).toMatchObject({ code: 0, out: '[]\n' })
  expect(await here.go(['ask', 'ccc/backend', 'x'])).toMatchObject({
    code: 5,
    err: expect.stringContaining('No system of this machine has the agent ccc/backend.'),
  })
})
