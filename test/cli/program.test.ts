/** The command line: commands, options, help and exit codes. */
import { describe, expect, test } from 'vitest'
import { SignalboxError } from '../../src/errors.js'
import type { HubEvent } from '../../src/hub/index.js'
import { complete } from '../../transports/node/cli/program/complete.js'
import { exitCodeFor } from '../../transports/node/cli/program/exit-codes.js'
import { checkOptions } from '../../transports/node/cli/program/run.js'
import { run } from '../../transports/node/cli/program/run.js'
import { nearest } from '../../transports/node/cli/program/suggest.js'
import { COMMANDS, names } from '../../transports/node/cli/program/table.js'
import { cut, printable, styleOf, table, widthOf } from '../../transports/node/cli/terminal/style.js'
import { wantsColor } from '../../transports/node/cli/terminal/node-terminal.js'
import { createToolMemory } from '../../transports/node/cli/view/tools.js'
import { formatDuration, parseDuration } from '../../transports/node/cli/view/time.js'
import { decision } from '../../transports/node/cli/commands/inline-ask.js'
import { configFile, hubSocketPath } from '../../transports/node/cli/settings/places.js'
import { parseSettings } from '../../transports/node/cli/settings/read.js'
import { fakeTerminal } from './fake-terminal.js'

const noHub = () => Promise.reject(new SignalboxError({ code: 'unreachable', message: 'No hub runs on this machine.' }))
const runWith = async (...argv: string[]) => {
  const terminal = fakeTerminal()
  const code = await run(argv, { terminal, version: '1.2.3', openHub: noHub })
  return { code, out: terminal.written(), err: terminal.complained() }
}

describe('the program', () => {
  test('--version, -V and version print the version [cli.version]', async () => {
    for (const word of ['--version', '-V', 'version']) expect(await runWith(word)).toEqual({ code: 0, out: '1.2.3\n', err: '' })
    expect((await runWith('version', '--json')).out).toBe('{"version":"1.2.3"}\n')
  })

  test('an unknown command names the nearest one and exits with 2 [cli.unknown]', async () => {
    const { code, err } = await runWith('histroy', 'ccc/a')
    expect(code).toBe(2)
    expect(err).toContain('signalbox history ccc/a')
    expect((await runWith('constructor')).code).toBe(2)
  })

  test('help shows examples first, for the program and for each command [cli.help]', async () => {
    const { code, out } = await runWith('--help')
    expect(code).toBe(0)
    for (const name of names()) expect(out).toContain(name)
    for (const name of names()) {
      const shown = (await runWith(name, '--help')).out
      expect(shown.indexOf('Examples'), name).toBeGreaterThan(-1)
      expect(shown.indexOf('Examples')).toBeLessThan(shown.indexOf('Usage'))
      expect((await runWith('help', name)).out).toBe(shown)
    }
    expect(await runWith()).toMatchObject({ code: 2, out: '' })
  })

  test('every example of a command is accepted by the command itself [cli.help]', async () => {
    for (const [name, entry] of Object.entries(COMMANDS)) {
      const { examples, definition } = await entry.load()
      for (const [line] of examples) {
        const words = /signalbox \S+ ?(.*)$/.exec(line.replace(/\s*[|<>].*$/, ''))?.[1] ?? ''
        const args = [...words.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
        expect(checkOptions(name, definition.args as never, args), `${name}: ${line}`).toBeUndefined()
      }
    }
  })

  test('a mistyped option, a missing value and too many arguments are refused with what to type [cli.options]', async () => {
    expect(await runWith('ls', '--jsn')).toMatchObject({ code: 2, err: expect.stringContaining('--json') })
    expect(await runWith('ask', 'a', 'b', '--timeout', '')).toMatchObject({
      code: 2,
      err: expect.stringContaining('without a value'),
    })
    expect(await runWith('ask', 'a', 'b', 'c')).toMatchObject({ code: 2, err: expect.stringContaining('quotes') })
    expect(await runWith('ask')).toMatchObject({ code: 2 })
  })

  test('an error is a message on stderr and an exit code [cli.exit-codes]', async () => {
    expect(await runWith('status')).toMatchObject({ code: 5, out: '', err: 'No hub runs on this machine.\n' })
    const codes = {
      invalid_argument: 2,
      unauthenticated: 4,
      not_found: 5,
      deadline_exceeded: 124,
      aborted: 130,
      protocol: 1,
    } as const
    for (const [code, exit] of Object.entries(codes)) {
      expect(exitCodeFor(new SignalboxError({ code: code as keyof typeof codes, message: 'x' }))).toBe(exit)
    }
    expect((await runWith('help', 'exit-codes')).out).toContain('124')
  })
})

describe('small parts', () => {
  test('the nearest command is suggested only if it is similar [cli.unknown]', () => {
    expect(nearest('wach', names())).toBe('watch')
    expect(nearest('zzzzzz', names())).toBeUndefined()
  })

  test('completion gives commands, options, agents and asks [cli.completion]', async () => {
    const known = { agents: async () => ['ccc/a', 'ccc/b'], asks: async () => ['ask#1'] }
    expect(await complete(['wa'], known)).toEqual(['watch'])
    expect(await complete(['ask', ''], known)).toEqual(['ccc/a', 'ccc/b'])
    expect(await complete(['approve', ''], known)).toEqual(['ask#1'])
    expect(await complete(['ask', 'ccc/a', '--ti'], known)).toEqual(['--timeout'])
    expect(await complete(['nothing', ''], known)).toEqual([])
  })

  test('control characters of a peer become visible [cli.printable]', () => {
    expect(printable('a\x1b[31mb\x07c\r\nd\te')).toBe('a\\x1b[31mb\\x07c\nd\te')
  })

  test('tables fit the screen [cli.width]', () => {
    expect(
      table(
        [
          ['a', 'long words'],
          ['bbb', 'x'],
        ],
        8,
      ),
    ).toBe('a    lo…\nbbb  x')
    expect(cut('äöü', 2)).toBe('ä…')
  })

  test('colours take no column, and a colour that is cut is switched off [cli.width]', () => {
    const { red, dim } = styleOf({ color: true })
    const row = `${red('broken')}  ${dim('long words')}`
    expect(widthOf(row)).toBe(18)
    expect(cut(row, 18)).toBe(row)
    expect(cut(row, 12)).toBe('\x1b[31mbroken\x1b[39m  \x1b[2mlon…\x1b[22m')
    expect(
      table(
        [
          [red('a'), 'x'],
          ['bbb', 'y'],
        ],
        80,
      ),
    ).toBe(`${red('a')}    x\nbbb  y`)
  })

  test('NO_COLOR, TERM=dumb and pipes have no colours [cli.color]', () => {
    expect(wantsColor({}, true)).toBe(true)
    expect(wantsColor({ NO_COLOR: '1' }, true)).toBe(false)
    expect(wantsColor({ TERM: 'dumb' }, true)).toBe(false)
    expect(wantsColor({}, false)).toBe(false)
    expect(wantsColor({ FORCE_COLOR: '1' }, false)).toBe(true)
  })

  test('a later event of a tool call keeps the title of an earlier one [cli.tools]', () => {
    const whole = createToolMemory()
    const event = (id: string, more: object) => ({ kind: 'tool', agent: 'a', id, ...more }) as unknown as HubEvent
    whole(event('t', { title: 'Read a.ts', status: 'running' }))
    whole(event('other', { title: 'Write b.ts', status: 'running' }))
    expect(whole(event('t', { status: 'done' }))).toMatchObject({ title: 'Read a.ts', status: 'done' })
    expect(whole(event('t', { status: 'done' }))).not.toHaveProperty('title')
  })

  test('times are read and written [cli.time]', () => {
    expect([parseDuration('500ms'), parseDuration('30s'), parseDuration('5m'), parseDuration('2')]).toEqual([
      500, 30_000, 300_000, 2_000,
    ])
    expect(() => parseDuration('soon')).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    expect([formatDuration(400), formatDuration(12_000), formatDuration(180_000)]).toEqual(['0.4 s', '12 s', '3 min'])
  })

  test('only yes allows; any other input, also an empty line, means no [cli.approval]', () => {
    const options = [
      { id: 'a', label: 'Allow once', kind: 'allow_once' as const },
      { id: 'r', label: 'Reject', kind: 'reject_once' as const },
    ]
    expect(decision('y', options)).toEqual({ option: 'a' })
    expect(decision('', options)).toEqual({ option: 'r' })
    expect(decision('maybe', options)).toEqual({ option: 'r' })
    expect(decision('reject', options)).toEqual({ option: 'r' })
    expect(decision('', [])).toEqual({ accept: false })
    expect(decision('yes', [])).toEqual({ accept: true })
  })

  test('files are where XDG and Windows keep them [cli.places]', () => {
    expect(configFile({ XDG_CONFIG_HOME: '/x' }, 'linux')).toBe('/x/signalbox/config.json')
    expect(configFile({ SIGNALBOX_CONFIG: '/y.json' }, 'linux')).toBe('/y.json')
    expect(configFile({ APPDATA: 'C:\\Data' }, 'win32')).toContain('signalbox')
    expect(hubSocketPath({ SIGNALBOX_HUB_FOLDER: '/h' })).toBe('/h/hub.sock')
  })

  test('a misspelt setting is an error that names its position and quotes nothing [cli.settings]', () => {
    expect(
      parseSettings('{"sources": {"ccc": false, "acp": [{"name": "gemini", "command": "gemini", "cwd": "/w"}]}}', 'f'),
    ).toBeDefined()
    expect(() => parseSettings('{"sources": {"cc": {}}}', 'f.json')).toThrow(/f\.json is not valid: sources.*cc/)
    expect(() => parseSettings('{"secret": "hunter2"', 'f.json')).toThrow(expect.not.stringMatching(/hunter2/))
  })
})
