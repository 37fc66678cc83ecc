/** Runs the Claude Code CLI: finds it, asks its version once, and starts it with arguments that this version takes. */
import type { StreamTransport } from '../../../src/transport.js'
import { abortError, raceSignal } from '../../../src/core/deadline.js'
import { onAbort } from '../../../src/core/on-abort.js'
import { SignalboxError } from '../../../src/errors.js'
import { launchPlan } from '../../../src/claude/launch/argv.js'
import { launchEnv } from '../../../src/claude/launch/environment.js'
import type { ClaudeAuth, ClaudeLaunch } from '../../../src/claude/launch/launch.js'
import type { ClaudeSettings } from '../../../src/claude/ops/settings.js'
import { formatVersion, isAtLeast, MEASURED, parseVersion, type Version } from '../../../src/claude/launch/version.js'
import { findClaude, packageVersion, type ClaudeExecutable } from './find.js'
import { privateFiles } from './files.js'
import type { Environment, InheritOptions } from '../link/environment.js'
import { subprocess, type Command } from '../link/subprocess.js'

/** Options of `claudeProcess`. */
export interface ClaudeProcessOptions {
  /** The executable, or the package's `cli.js`. Default: see `findClaude`. */
  readonly path?: string
  /** What `readSettings(process.env)` gives: the executable and the folder for private files, where the options do not name them. */
  readonly settings?: Pick<ClaudeSettings, 'claudeCliPath' | 'tempDir'>
  /** Where long and secret arguments are put for as long as their process lives. Default: the system's folder. */
  readonly tempDir?: string
  /** Added to the inherited environment; undefined removes a name. `env` of a launch is applied after it. */
  readonly env?: Environment
  /** Which variables of this process the CLI inherits. */
  readonly inherit?: InheritOptions | false
  /** The working directory of the CLI, unless a launch sets one. */
  readonly cwd?: string
  /** The account that is billed, unless a launch sets one. */
  readonly auth?: ClaudeAuth
  /** The runtime for a `.js` executable; default: the present runtime, or `node`. */
  readonly runtime?: string
  /** The version of the CLI, if it is known. Then the CLI is not asked for it. */
  readonly version?: string
  /** How much of stderr is kept for errors and the close reason. Default 8 KiB. */
  readonly stderrTailBytes?: number
  /** Called with every chunk of stderr, not redacted. Exceptions are ignored. */
  readonly onStderr?: (chunk: Uint8Array) => void
  /** Flags that this CLI does not know and that were left out. */
  readonly onOmitted?: (flags: readonly string[], version: string) => void
  /** Kills the CLI and its tools when this process is killed; default true where there is a /bin/sh. */
  readonly watchdog?: boolean
  /** The name of the transport in errors and logs. */
  readonly name?: string
}

/** The transport of `claudeProcess`. */
export interface ClaudeProcess extends StreamTransport<ClaudeLaunch> {
  /** Finds the executable, once. */
  executable(): Promise<ClaudeExecutable>
  /** The version of the CLI, such as `2.1.0`. Asks the CLI at the first call. */
  version(): Promise<string>
}

interface Asking {
  readonly answer: Promise<Version | undefined>
  waiting: number
  answered: boolean
  stop(): void
}

const OLDEST: Version = [2, 0, 0]
const VERSION_PATIENCE_MS = 20_000

/**
 * Runs the Claude Code CLI on this machine: finds the executable, learns its version, and starts it with flags that this version takes.
 * Opening fails with `not_found` when there is no CLI, and with `incompatible` when it is too old.
 *
 * Long because starting, probing and stopping share one executable and its version.
 *
 * @example
 * ```ts
 * import { createClaude } from 'signalbox/claude'
 * import { claudeProcess } from 'signalbox/node'
 *
 * await using claude = createClaude({ transport: claudeProcess({ auth: 'subscription' }) })
 * ```
 */
export function claudeProcess(options: ClaudeProcessOptions = {}): ClaudeProcess {
  const {
    name = 'claude',
    settings,
    auth,
    cwd,
    env,
    inherit = {},
    stderrTailBytes = 8 * 1024,
    onStderr,
    onOmitted,
    watchdog,
  } = options
  const children = subprocess<Command>({
    name,
    command: (command) => command,
    inherit,
    stderrTailBytes,
    ...(onStderr ? { onStderr } : {}),
    ...(watchdog === undefined ? {} : { watchdog }),
  })
  const inherited: Environment = inherit === false ? {} : process.env
  let found: Promise<ClaudeExecutable> | undefined
  let asked: Asking | undefined

  // A failure is not kept: the CLI may be installed later.
  const executable = (): Promise<ClaudeExecutable> => {
    found ??= findClaude({
      path: options.path ?? settings?.claudeCliPath,
      runtime: options.runtime,
      env: { ...inherited, ...env },
    }).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }
  const commandFor = async (args: readonly string[], launch: ClaudeLaunch): Promise<Command> => {
    const { file, before } = await executable()
    const own = launchEnv({ ...(auth ? { auth } : {}), ...launch, env: { ...env, ...launch.env } }, inherited)
    const where = launch.cwd ?? cwd
    return { file, args: [...before, ...args], env: own, ...(where === undefined ? {} : { cwd: where }) }
  }
  const askVersion = async (callerSignal: AbortSignal): Promise<Version | undefined> => {
    if (options.version !== undefined) return parseVersion(options.version)
    const { file } = await executable()
    // Starting the CLI to ask it takes 0.2 to 1.3 seconds; the npm package says the same.
    const packaged = parseVersion(await packageVersion(file))
    if (packaged) return checked(packaged)
    const signal = AbortSignal.any([callerSignal, AbortSignal.timeout(VERSION_PATIENCE_MS)])
    const link = await children.open(await commandFor(['--version'], {}), { signal })
    const ignore = onAbort(signal, () => void link.close({ graceMs: 0 }))
    try {
      const utf8 = new TextDecoder()
      let text = ''
      for (let chunk = await link.read(); chunk !== null && text.length < 4096; chunk = await link.read()) {
        text += utf8.decode(chunk, { stream: true })
      }
      const version = parseVersion(text)
      if (version) return checked(version)
      const reason = await link.closed
      throw notTheCli(file, reason.kind === 'exit' ? reason.stderrTail : '')
    } finally {
      ignore()
      await link.close({ graceMs: 500 })
    }
  }
  const ask = (): Asking => {
    const stop = new AbortController()
    const forget = (): void => {
      if (asked === asking) asked = undefined
    }
    const asking: Asking = {
      answer: askVersion(stop.signal),
      waiting: 0,
      answered: false,
      stop() {
        // Forgotten before the abort, so that the next caller starts a new question and does not join this one.
        forget()
        stop.abort()
      },
    }
    asking.answer.then(() => {
      asking.answered = true
    }, forget)
    return asking
  }
  /** One question for all callers that wait; stopped when the last of them is aborted. */
  const version = async (signal?: AbortSignal): Promise<Version | undefined> => {
    asked ??= ask()
    const asking = asked
    asking.waiting += 1
    try {
      return await (signal ? raceSignal(asking.answer, signal) : asking.answer)
    } finally {
      asking.waiting -= 1
      if (asking.waiting === 0 && !asking.answered) asking.stop()
    }
  }

  return {
    kind: 'stream',
    name,
    executable,
    version: async () => formatVersion(await version()),
    async open(launch, open = {}) {
      const giveUp = (): never => {
        throw abortError(open.signal as AbortSignal, { transport: name, op: 'open', sent: 'no' })
      }
      if (open.signal?.aborted) giveUp()
      const asking = launch.probe === undefined ? version(open.signal) : undefined
      const known = await asking?.catch((error: unknown) => {
        if (open.signal?.aborted) giveUp()
        throw error
      })
      if (open.signal?.aborted) giveUp()
      const { args, omitted } = launchPlan(launch, known)
      if (omitted.length > 0) onOmitted?.(omitted, formatVersion(known))
      const files = await privateFiles(args, options.tempDir ?? settings?.tempDir)
      try {
        const link = await children.open(await commandFor(files.args, launch), open)
        // The CLI may read them at any time of its start, so they stay as long as it lives.
        void link.closed.then(files.remove)
        return link
      } catch (error) {
        await files.remove()
        throw error
      }
    },
  }
}

function checked(version: Version): Version {
  if (isAtLeast(version, OLDEST)) return version
  throw new SignalboxError({
    code: 'incompatible',
    message: `Claude Code ${formatVersion(version)} is too old.`,
    hint: `This client was measured on ${formatVersion(MEASURED.a)}, ${formatVersion(MEASURED.b)} and ${formatVersion(MEASURED.c)}: update it.`,
    system: 'claude',
    op: 'open',
  })
}

function notTheCli(file: string, stderrTail: string): SignalboxError {
  return new SignalboxError({
    code: 'incompatible',
    message: `${file} does not tell its version, so it is not a working Claude Code CLI.`,
    hint: 'An npm install without install scripts leaves a stub: run `node cli-wrapper.cjs` of the same package, or install again.',
    system: 'claude',
    op: 'open',
    stderrTail,
  })
}
