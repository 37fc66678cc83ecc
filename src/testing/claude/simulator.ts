/** The Claude Code CLI in memory: a transport whose processes are simulated, with a ledger of everything they received and wrote. */
import { systemClock, type Clock } from '../../core/clock.js'
import { abortError } from '../../core/deadline.js'
import { launchPlan } from '../../claude/launch/argv.js'
import { launchEnv } from '../../claude/launch/environment.js'
import type { ClaudeLaunch } from '../../claude/launch/launch.js'
import type { CloseReason, Link, StreamTransport } from '../../transport.js'
import { memoryPair } from '../memory-link.js'
import { memorySessions, type SimulatedSessions } from './conversation.js'
import type { FakeModel } from './fake-model.js'
import { generationOf } from './generation.js'
import { runProcess } from './process.js'
import type { Simulated, SimulatedExit } from './simulated.js'
import type { SimulatedFiles } from './tools.js'

/** Options of `createClaudeSimulator`. */
export interface ClaudeSimulatorOptions {
  /** The version of the CLI that is simulated. Default 2.1.329. */
  readonly version?: string
  /** Decides the replies to prompts. Default `scriptedModel`. */
  readonly model?: FakeModel
  /** Environment variables of the processes. Default: an API key. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * Stored conversations. Give the same object to two simulators to resume a session in the other one. Default: `memorySessions()`.
   */
  readonly sessions?: SimulatedSessions
  /** Files that the simulated tools read and write. Default: none. */
  readonly files?: SimulatedFiles
  /** The clock of pauses and durations. Default: the system's clock. */
  readonly clock?: Clock
}

/** One simulated process. */
export interface SimulatedRun {
  /** The options with which it was started. */
  readonly launch: ClaudeLaunch
  /** The command line, without the name of the program. */
  readonly args: readonly string[]
  /** Lines that it read. */
  readonly received: readonly unknown[]
  /** Lines that it wrote. */
  readonly written: readonly unknown[]
  /** Exit code and signal; undefined while the process runs. */
  readonly exit: SimulatedExit | undefined
}

/** A simulated Claude Code CLI. */
export interface ClaudeSimulator {
  /** Starts simulated processes. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** Every process that was started. */
  readonly runs: readonly SimulatedRun[]
  /** Processes that have not ended. */
  readonly running: number
  /** The stored conversations. */
  readonly sessions: SimulatedSessions
  /** Files that the simulated tools read and write. */
  readonly files: SimulatedFiles
  /**
   * Begins a turn that no client asked for, in the newest process, as a background agent does when it ends.
   *
   * @example
   * import { createClaudeSimulator } from 'signalbox/testing'
   *
   * const simulator = createClaudeSimulator()
   * simulator.speak('FAKE:echo:The background task is done.')
   */
  speak(prompt: string): void
  /**
   * Sends a control request of the CLI to the client, from the newest process, and gives the answer of the client. For requests that no
   * marker causes, such as `elicitation` and `request_user_dialog`. An abort of the signal withdraws the request.
   *
   * @example
   * import { createClaudeSimulator } from 'signalbox/testing'
   *
   * const simulator = createClaudeSimulator()
   * const answer = await simulator.ask({ subtype: 'elicitation', mcp_server_name: 'docs', message: 'Your name?' })
   */
  ask(request: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<Readonly<Record<string, unknown>>>
  /**
   * Ends every process at once, as the operating system does when memory runs out.
   *
   * @example
   * import { createClaudeSimulator } from 'signalbox/testing'
   *
   * const simulator = createClaudeSimulator()
   * simulator.kill()
   * console.log(simulator.running)
   */
  kill(): void
}

/** Lines kept in the ledger of one run. */
const MAX_LEDGER = 10_000

/**
 * Creates a Claude Code CLI in memory. Markers in the prompt steer its model: see `scriptedModel`.
 *
 * @example
 * import { createClaude } from 'signalbox/claude'
 * import { createClaudeSimulator } from 'signalbox/testing'
 *
 * const simulator = createClaudeSimulator()
 * const claude = createClaude({ transport: simulator.transport })
 * console.log(await claude.query('hello').text())
 * await claude.close()
 */
export function createClaudeSimulator(options: ClaudeSimulatorOptions = {}): ClaudeSimulator {
  const { version = '2.1.329', env = { ANTHROPIC_API_KEY: 'sk-ant-simulated' }, clock = systemClock } = options
  const generation = generationOf(version)
  const sessions = options.sessions ?? memorySessions()
  const files: SimulatedFiles = options.files ?? new Map()
  const runs: SimulatedRun[] = []
  const living = new Set<AbortController>()
  const spoken: { readonly speak: (prompt: string) => void; readonly ask: Simulated['ask'] }[] = []

  const open = (launch: ClaudeLaunch): Link => {
    const plan = launchPlan(launch, generation.version)
    // A real transport writes a private file here. The simulator passes the content.
    const args = plan.args.map((argument) => (typeof argument === 'string' ? argument : `${argument.flag}=${argument.content}`))
    const [near, far] = memoryPair({ name: `claude-${runs.length + 1}` })
    const killed = new AbortController()
    const run = { launch, args, received: [] as unknown[], written: [] as unknown[], exit: undefined as SimulatedExit | undefined }
    const keep = (list: unknown[], line: unknown): void => {
      if (list.length < MAX_LEDGER) list.push(line)
    }
    runs.push(run)
    living.add(killed)
    const environment = { ...env, ...dropUndefined(launchEnv(launch, env)) }
    for (const [name, value] of Object.entries(launchEnv(launch, env)))
      if (value === undefined) delete (environment as Record<string, unknown>)[name]
    const exited = runProcess({
      generation,
      args,
      env: environment,
      link: far,
      sessions,
      files,
      model: options.model,
      clock,
      cwd: launch.cwd,
      killed: killed.signal,
      onStart: (speak, ask) => void spoken.push({ speak, ask }),
      onRead: (line) => keep(run.received, line),
      onWrite: (line) => keep(run.written, line),
    })
      // If the model of a test throws, the process ends, and its stderr has the error.
      .catch((error: unknown): SimulatedExit => ({ exitCode: 1, signal: null, stderr: `${String(error)}\n` }))
      .then(async (exit) => {
        run.exit = exit
        living.delete(killed)
        await far.end().catch(() => {})
        return exit
      })
    const closed = exited.then((exit): CloseReason => {
      void far.close()
      return { kind: 'exit', exitCode: exit.exitCode, signal: exit.signal, stderrTail: exit.stderr }
    })
    closed.catch(() => {})
    return {
      info: { ...near.info, transport: 'simulated-claude', peer: `claude ${generation.version.join('.')}` },
      read: () => near.read(),
      write: (chunk) => near.write(chunk),
      end: () => near.end(),
      close() {
        killed.abort()
        void near.close()
        return closed
      },
      closed,
      async [Symbol.asyncDispose]() {
        await this.close()
      },
    }
  }

  return {
    transport: {
      kind: 'stream',
      name: 'simulated-claude',
      async open(launch, { signal } = {}) {
        if (signal?.aborted) throw abortError(signal, { transport: 'simulated-claude', op: 'open', sent: 'no' })
        return open(launch)
      },
    },
    runs,
    get running() {
      return living.size
    },
    sessions,
    files,
    speak(prompt) {
      spoken.at(-1)?.speak(prompt)
    },
    async ask(request, signal = new AbortController().signal) {
      const newest = spoken.at(-1)
      if (!newest) throw new Error('No simulated process has started.')
      return await newest.ask(request, signal)
    },
    kill() {
      for (const process of living) process.abort()
    },
  }
}

function dropUndefined(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
