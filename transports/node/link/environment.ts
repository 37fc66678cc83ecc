/** The environment and the arguments of a child: what it inherits, what it never does, and what the system can carry. Pure. */
import { traceEnvironment } from '../../../src/core/policy/trace-context.js'
import { SignalboxError } from '../../../src/errors.js'

/** Environment variables by name; undefined removes one. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Variables that a child does not inherit unless `keep` names them. A trailing `*` matches any rest. Three groups: settings of the runtime,
 * which would affect a child with the same runtime; values that a supervisor gave to this process alone; secrets and the identity of this
 * process. Credentials that tools expect (`ANTHROPIC_API_KEY`, `GH_TOKEN`, …) are inherited: drop them by name.
 */
export const NEVER_INHERITED: readonly string[] = [
  // The runtime: loaders, inspectors, coverage and channels for this process.
  'NODE_OPTIONS',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'NODE_V8_COVERAGE',
  'NODE_DEBUG',
  'NODE_TEST_CONTEXT',
  'NODE_REPL_*',
  'VSCODE_INSPECTOR_OPTIONS',
  'ELECTRON_RUN_AS_NODE',
  'BUN_INSPECT*',
  'BUN_OPTIONS',
  'DENO_AUTH_TOKENS',
  'VITEST*',
  'JEST_WORKER_ID',
  // The package manager that started us: its configuration may hold registry credentials.
  'npm_*',
  'NPM_TOKEN',
  'NPM_CONFIG_*',
  'NODE_AUTH_TOKEN',
  'INIT_CWD',
  // The supervisor: descriptors, sockets and job tokens that a child would use in the name of this process.
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
  'CREDENTIALS_DIRECTORY',
  'ACTIONS_RUNTIME_TOKEN',
  'ACTIONS_ID_TOKEN_*',
  // An agent session around this process: a child would act as a part of that session.
  'CLAUDECODE',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_CODE_SESSION_*',
  // This package.
  'SIGNALBOX_*',
]

/** Changes to what a child inherits. */
export interface InheritOptions {
  /** Names of NEVER_INHERITED that are inherited all the same. */
  readonly keep?: readonly string[]
  /** Further names that are not inherited; a trailing `*` matches any rest. */
  readonly drop?: readonly string[]
}

/** The inherited variables, then those of the command (undefined removes one), then the trace. */
export function childEnvironment(
  parent: Environment,
  inherit: InheritOptions | false = {},
  own: Environment = {},
  trace: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const out: Record<string, string> = {}
  if (inherit !== false) {
    const kept = matcher(inherit.keep ?? [])
    const denied = matcher([...NEVER_INHERITED, ...(inherit.drop ?? [])])
    for (const [name, value] of Object.entries(parent)) {
      if (value !== undefined && (kept(name) || !denied(name))) out[name] = value
    }
  }
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) delete out[name]
    else out[name] = value
  }
  return { ...out, ...traceEnvironment(trace) }
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const starts = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1))
  return (name) => exact.has(name) || starts.some((start) => name.startsWith(start))
}

export interface SizeLimits {
  /** One argument, or one `NAME=value`, closing zero included. */
  readonly perArgumentBytes: number
  /** Everything together, with a pointer for each. */
  readonly totalBytes: number
}

/** Linux: 128 KiB for one string, a quarter of the stack limit (8 MiB as a rule) for all. */
export function sizeLimits(platform: string): SizeLimits {
  if (platform === 'win32') return { perArgumentBytes: 32_767, totalBytes: 32_767 }
  if (platform === 'linux') return { perArgumentBytes: 128 * 1024, totalBytes: 2 * 1024 * 1024 }
  return { perArgumentBytes: 1024 * 1024, totalBytes: 1024 * 1024 }
}

const POINTER_BYTES = 8

/** Checks the sizes before the start, because the system's E2BIG names no argument. The error never shows a value, which may be a secret. */
export function checkSizes(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  limits: SizeLimits,
): void {
  const encoder = new TextEncoder()
  let total = 0
  const add = (what: string, text: string, hint: string): void => {
    if (text.includes('\0')) {
      throw new SignalboxError({
        code: 'invalid_argument',
        message: `${what} holds a NUL character.`,
        hint: 'Remove it.',
        op: 'open',
      })
    }
    const bytes = encoder.encode(text).byteLength + 1
    if (bytes > limits.perArgumentBytes) throw tooLarge(`${what} is ${bytes} bytes long`, limits.perArgumentBytes, hint)
    total += bytes + POINTER_BYTES
  }
  const byPipe = 'Pass it through stdin or a file.'
  add('The name of the executable', file, byPipe)
  for (const [index, text] of args.entries()) add(`Argument ${index + 1}`, text, byPipe)
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('=')) {
      throw new SignalboxError({
        code: 'invalid_argument',
        message: `"${name}" is not the name of an environment variable.`,
        op: 'open',
      })
    }
    add(`The environment variable ${name}`, `${name}=${value}`, 'Shorten it, or drop it from what the child inherits.')
  }
  if (total > limits.totalBytes) {
    throw tooLarge(
      `Arguments and environment are ${total} bytes together`,
      limits.totalBytes,
      'Pass the largest through stdin or a file.',
    )
  }
}

function tooLarge(what: string, limit: number, hint: string): SignalboxError {
  return new SignalboxError({ code: 'too_large', message: `${what}; the system carries ${limit}.`, hint, op: 'open', sent: 'no' })
}
