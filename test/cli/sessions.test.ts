/**
 * The sessions in docs/command-line.md are recorded from the built program at a real terminal, over the simulators of the demo.
 * `npm run docs:sessions` records them again; without it this test compares.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { simulatedId } from '../../src/testing/index.js'
import { createDemo } from '../../src/testing/demo/world.js'
import { listenHub } from '../../transports/node/index.js'
import { hasPty, openPty } from './pty/pty.js'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const page = fileURLToPath(new URL('../../docs/command-line.md', import.meta.url))
const [BEGIN, END] = ['<!-- sessions: npm run docs:sessions -->\n', '<!-- end of sessions -->']

/** Waits for a text on the screen, then presses keys. */
type Keys = readonly (readonly [RegExp, string])[]

interface Session {
  readonly title: string
  /** Command lines, with what a person types while they run. A line that begins with `#` only waits for its pattern of open questions. */
  readonly commands: readonly { readonly line: string; readonly keys?: Keys; readonly exit?: true }[]
}

const SESSIONS: readonly Session[] = [
  {
    title: 'List, prompt, and see the tools of a turn',
    commands: [
      { line: 'signalbox ls' },
      { line: 'signalbox ask acp/main "hello"' },
      { line: 'signalbox ask claude/review "Review the last commit"' },
    ],
  },
  {
    title: 'A question at the terminal: Enter alone means No',
    commands: [{ line: 'signalbox ask editor/orders "The order page is slow"', keys: [[/Allow it\?/, '\r']] }],
  },
  {
    title: 'Prompt and leave; answer from another terminal',
    commands: [
      { line: 'signalbox send claude/refactor "FAKE:bash:npm run migrate" --id migrate-1' },
      { line: 'signalbox asks' },
      { line: 'signalbox approve claude' },
      { line: 'signalbox cancel migrate-1' },
    ],
  },
  {
    title: 'A PIN is read without echo; ctrl-c cancels',
    commands: [
      {
        line: `signalbox ask cmdop/${simulatedId(1, 1)} "Log in [[pin 4711]][[say You are in.]]"`,
        keys: [[/Connect PIN:/, '4711\r']],
      },
      { line: 'signalbox ask claude/refactor "FAKE:bash:npm run deploy"', keys: [[/Allow it\?/, '\x03']], exit: true },
    ],
  },
  {
    title: 'Errors say what to type, and exit codes what happened',
    commands: [
      { line: 'signalbox histroy acp/main', exit: true },
      { line: 'signalbox ask acp/nobody "hello"', exit: true },
      { line: 'signalbox ask acp/main "hello" --tiemout 5m', exit: true },
      { line: 'signalbox asks --json', exit: true },
    ],
  },
]

/** The words of a command line, as a shell divides them. */
const words = (line: string): string[] => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

/** What differs from run to run: ids and times. */
const steady = (text: string): string =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[1-9a-f][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) =>
      id.startsWith('00000000') ? id : '7c2e…',
    )
    .replace(/#[\w-]+#toolu_\w+/g, '#1#toolu_1')
    .replace(/\(\d+\.\d s\)/g, '(0.1 s)')
    .replace(/(now|\d+\.\d s ago)$/gm, 'now')

async function record(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-sessions-'))
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    USER: 'ann',
    SIGNALBOX_HUB_SOCKET: join(folder, 'hub.sock'),
    NO_COLOR: '1',
    ACCESSIBLE: '1',
  }
  const demo = await createDemo()
  const hub = await createHub({ sources: demo.sources })
  const listener = await listenHub(hub, { path: env.SIGNALBOX_HUB_SOCKET })
  try {
    let text = ''
    for (const { title, commands } of SESSIONS) {
      text += `${title}:\n\n\`\`\`console\n`
      for (const { line, keys = [], exit } of commands) {
        if (line === 'signalbox asks') await expect.poll(() => hub.asks()).toHaveLength(1)
        const [, ...args] = words(line)
        await using terminal = openPty({ command: [process.execPath, program, ...args], env, columns: 100 })
        for (const [pattern, typed] of keys) {
          await terminal.sees(pattern)
          terminal.type(typed)
        }
        const code = await terminal.exit
        text += `$ ${line}\n${steady(terminal.screen()).trimEnd()}\n${exit ? `$ echo $?\n${code}\n` : ''}`
        expect(exit ? 0 : code, line).toBe(0)
      }
      text += '```\n\n'
    }
    return text
  } finally {
    await listener[Symbol.asyncDispose]()
    await hub.close()
    await demo.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

test.skipIf(!hasPty || !existsSync(program))(
  'the sessions in the documentation are what the program does [cli.sessions]',
  async () => {
    const before = readFileSync(page, 'utf8')
    const [head = '', rest = ''] = before.split(BEGIN)
    const [old = '', tail = ''] = rest.split(END)
    const recorded = `\n${await record()}`
    if (process.env.SIGNALBOX_RECORD === '1') writeFileSync(page, `${head}${BEGIN}${recorded}${END}${tail}`)
    else expect(recorded).toBe(old)
  },
  // Thirteen processes, one after the other.
  120_000,
)
