/** Machines for tests of the command line: each has a home, a configuration with one agent, and runs the program from the sources. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { expect, vi } from 'vitest'
import { writeProgram } from '../../program.js'

/** An agent of the Agent Client Protocol: `slow N` counts to N in a file, `may I` asks for permission, anything else is repeated. */
const AGENT = `
import { appendFileSync } from 'node:fs'
import { createAcpAgentSimulator } from '../../src/testing/index.js'
import { processStdio } from './link/stdio.js'
const agent = createAcpAgentSimulator({
  async script({ text, sessionId, signal, update, request }) {
    const say = (said) => update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: said } })
    const [word, count] = text.split(' ')
    if (word === 'slow') {
      for (let tick = 1; tick <= Number(count); tick += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100))
        if (signal.aborted) return 'cancelled'
        appendFileSync('ticks.txt', tick + ' ')
        await say('tick ' + tick + '. ')
      }
      return 'end_turn'
    }
    if (text === 'may I') {
      const options = [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }, { optionId: 'no', name: 'Reject', kind: 'reject_once' }]
      const toolCall = { toolCallId: 't', title: 'Run make', kind: 'execute', rawInput: { command: 'make' } }
      const { outcome } = await request('session/request_permission', { sessionId, toolCall, options })
      await say('chosen: ' + outcome.optionId)
      return 'end_turn'
    }
    await say('You said: ' + text)
    return 'end_turn'
  },
})
await agent.serve(processStdio())
`

/** Writes the program and the agent into a folder. */
export function buildPrograms(folder: string): { readonly program: string; readonly agent: string } {
  const program = join(folder, 'signalbox.mjs')
  const agent = join(folder, 'agent.mjs')
  buildSync({
    entryPoints: [fileURLToPath(new URL('../../../transports/node/cli/main.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // Bundled CommonJS packages load the modules of Node with require.
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
    logLevel: 'silent',
  })
  writeProgram(agent, AGENT)
  return { program, agent }
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `signalbox up`, until it is stopped. */
export interface Up extends AsyncDisposable {
  readonly pid: number
  /** The JSON line that it printed. */
  readonly said: {
    readonly agents: number
    readonly sources: readonly string[]
    readonly nats: { readonly name: string; readonly server: string; readonly version: string }
    readonly gateway?: { readonly url: string; readonly address: string }
  }
  /** Everything on stderr so far. */
  complained(): string
  /** SIGTERM. Gives the exit code. */
  stop(): Promise<number | null>
}

export interface Machine {
  readonly folder: string
  /** A file in the folder of the machine. */
  write(name: string, text: string): string
  /** What the slow agent counted. */
  ticks(): string
  go(...args: string[]): Promise<Ran>
  up(...args: string[]): Promise<Up>
}

/** A machine with the agent `acp/main`, or without any agent. */
export function createMachine(
  parent: string,
  name: string,
  options: { readonly agent?: string; readonly program: string },
): Machine {
  const folder = join(parent, name)
  const config = join(folder, 'config', 'signalbox')
  mkdirSync(config, { recursive: true })
  const acp = options.agent === undefined ? [] : [{ name: 'acp', command: process.execPath, args: [options.agent], cwd: folder }]
  const sources = { ccc: false, cccc: false, claude: false, cmdop: false, acp }
  writeFileSync(join(config, 'config.json'), JSON.stringify({ sources }))
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    USER: name,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
    SIGNALBOX_HUB_FOLDER: join(folder, 'hub'),
  }
  const ticks = join(folder, 'ticks.txt')

  return {
    folder,
    write(file, text) {
      const path = join(folder, file)
      writeFileSync(path, text, { mode: 0o600 })
      return path
    },
    ticks: () => (existsSync(ticks) ? readFileSync(ticks, 'utf8') : ''),
    go: (...args) =>
      new Promise((resolve) => {
        const done = (error: Error | null, out: string, err: string): void => {
          const code = (error as { readonly code?: unknown } | null)?.code
          resolve({ code: error ? (typeof code === 'number' ? code : 255) : 0, out, err })
        }
        execFile(process.execPath, [options.program, ...args], { env, cwd: folder, timeout: 60_000 }, done).stdin?.end()
      }),
    async up(...args) {
      const child: ChildProcess = spawn(process.execPath, [options.program, 'up', '--json', ...args], {
        env,
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let err = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        err += text
      })
      const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
      const line = await Promise.race([
        new Promise<string>((resolve) => lines.once('line', resolve)),
        exited.then((code) => Promise.reject(new Error(`signalbox up ended with ${code}: ${err}`))),
      ])
      return {
        pid: child.pid ?? 0,
        said: JSON.parse(line) as Up['said'],
        complained: () => err,
        stop() {
          child.kill('SIGTERM')
          return exited
        },
        async [Symbol.asyncDispose]() {
          child.kill('SIGKILL')
          await exited
        },
      }
    },
  }
}

/** Waits until `ls` of a machine shows exactly these agents with a state. */
export const shows = (machine: Machine, agents: Readonly<Record<string, string>>): Promise<void> =>
  vi.waitFor(
    async () => {
      const { out } = await machine.go('ls', '--json')
      const found = JSON.parse(out) as { readonly id: string; readonly sessions: readonly { readonly state: string }[] }[]
      const stateOf = ({ sessions }: (typeof found)[number]) => sessions.find(({ state }) => state !== 'idle')?.state ?? 'idle'
      expect(Object.fromEntries(found.map((agent) => [agent.id, stateOf(agent)]))).toEqual(agents)
    },
    { timeout: 60_000, interval: 500 },
  )
