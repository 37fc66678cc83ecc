/** The program in this process, as a person uses it: with files of its own, and a hub on a socket. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { openHub } from '../../transports/node/cli/hub/open-hub.js'
import { run } from '../../transports/node/cli/program/run.js'
import { eventually } from '../eventually.js'
import { fakeTerminal, type FakeTerminal } from './fake-terminal.js'

export interface Printed {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Started {
  readonly terminal: FakeTerminal
  /** Resolves when the command has ended. */
  readonly done: Promise<Printed>
  /** Waits until stdout fits. */
  prints(text: RegExp): Promise<string>
  /** Waits until stderr fits. */
  complains(text: RegExp): Promise<string>
  /** Ctrl-c, and the end of the command. */
  stop(): Promise<Printed>
}

type TerminalOptions = Parameters<typeof fakeTerminal>[0]

export interface ProgramHere {
  readonly folder: string
  readonly socket: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Runs a command to its end. */
  go(argv: readonly string[], options?: TerminalOptions): Promise<Printed>
  /** Starts a command that goes on. */
  start(argv: readonly string[], options?: TerminalOptions): Started
  /** Writes the configuration file. */
  configure(settings: unknown): string
  dispose(): Promise<void>
}

/** Leaves out the systems of the machine where the test runs. */
export const NO_SYSTEMS = { ccc: false, cccc: false, claude: false, cmdop: false } as const

export function programHere(more: Readonly<Record<string, string>> = {}): ProgramHere {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-here-'))
  const socket = join(folder, 'hub', 'hub.sock')
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    USER: 'ann',
    SIGNALBOX_HUB_FOLDER: join(folder, 'hub'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    ...more,
  }
  const going = new Set<Started>()
  const start: ProgramHere['start'] = (argv, options = {}) => {
    const terminal = fakeTerminal({ env, ...options })
    const ended = run(argv, { terminal, version: '1.2.3', openHub: (wish) => openHub(wish, env) })
    const done = ended.then((code) => ({ code, out: terminal.written(), err: terminal.complained() }))
    const fits = (text: () => string, wanted: RegExp): Promise<string> =>
      eventually(() => {
        expect(text()).toMatch(wanted)
        return text()
      })
    const started: Started = {
      terminal,
      done,
      prints: (wanted) => fits(terminal.written, wanted),
      complains: (wanted) => fits(terminal.complained, wanted),
      stop() {
        terminal.interrupt()
        return done
      },
    }
    going.add(started)
    void done.finally(() => going.delete(started)).catch(() => {})
    return started
  }
  return {
    folder,
    socket,
    env,
    start,
    go: (argv, options) => start(argv, options).done,
    configure(settings) {
      const path = join(folder, 'config', 'signalbox', 'config.json')
      mkdirSync(join(folder, 'config', 'signalbox'), { recursive: true })
      writeFileSync(path, typeof settings === 'string' ? settings : JSON.stringify(settings))
      return path
    },
    async dispose() {
      for (const each of [...going].reverse()) await each.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
