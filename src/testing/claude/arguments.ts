/** The command line of the simulated CLI. It refuses what the real generation refuses, with the same text. */
import { FLAGS } from '../../claude/launch/flags.js'
import { isUuid } from '../../claude/launch/uuid.js'
import { isAtLeast, type Version } from '../../claude/launch/version.js'
import type { Generation } from './generation.js'

export interface Arguments {
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly prompt: string | undefined
  has(flag: string): boolean
  value(flag: string): string | undefined
}

/** The CLI prints the message to stderr and exits with status 1. stdout stays empty. */
export class StartFailure extends Error {
  constructor(
    message: string,
    /** The error of the result line that newer CLIs also write. */
    readonly result?: string,
  ) {
    super(message)
  }
}

const VARIADIC = new Set(['--allowedTools', '--disallowedTools', '--tools', '--add-dir', '--betas', '--mcp-config', '--file'])
const SWITCHES = new Set(FLAGS.filter(({ form }) => form === 'switch').map(({ flag }) => flag))
const OTHERS: Readonly<Record<string, { readonly takes: 'nothing' | 'value' | 'optional'; readonly since?: Version }>> = {
  '-p': { takes: 'nothing' },
  '--print': { takes: 'nothing' },
  '--verbose': { takes: 'nothing' },
  '--output-format': { takes: 'value' },
  '--input-format': { takes: 'value' },
  '--permission-mode': { takes: 'value' },
  '--fallback-model': { takes: 'value' },
  '--mcp-config': { takes: 'value' },
  '--settings': { takes: 'value' },
  '--debug': { takes: 'optional' },
  '--resume': { takes: 'optional' },
  '--prompt-suggestions': { takes: 'nothing', since: [2, 1, 197] },
}

function rule(flag: string, generation: Generation): 'nothing' | 'value' | 'optional' | undefined {
  const other = OTHERS[flag]
  if (other) return isAtLeast(generation.version, other.since) ? other.takes : undefined
  const known = FLAGS.find((candidate) => candidate.flag === flag || candidate.fileFlag === flag)
  if (!known || !isAtLeast(generation.version, known.since)) return undefined
  return SWITCHES.has(flag) ? 'nothing' : 'value'
}

export function parseArguments(args: readonly string[], generation: Generation): Arguments {
  const flags = new Map<string, string[]>()
  const add = (flag: string, value?: string): void => {
    const values = flags.get(flag) ?? []
    if (value !== undefined) values.push(value)
    flags.set(flag, values)
  }
  let prompt: string | undefined
  for (let index = 0; index < args.length; index += 1) {
    const token = args[index] as string
    if (token === '--') {
      prompt = args[index + 1]
      break
    }
    if (!token.startsWith('-')) {
      prompt ??= token
      continue
    }
    const equals = token.startsWith('--') ? token.indexOf('=') : -1
    const flag = equals === -1 ? token : token.slice(0, equals)
    const takes = rule(flag, generation)
    if (takes === undefined) throw new StartFailure(`error: unknown option '${flag}'`)
    if (takes === 'nothing') add(flag)
    else if (equals !== -1) add(flag, token.slice(equals + 1))
    else if (VARIADIC.has(flag)) {
      // The flag takes every argument up to the next flag, also a prompt.
      add(flag)
      while (index + 1 < args.length && !(args[index + 1] as string).startsWith('-')) {
        index += 1
        add(flag, args[index])
      }
    } else if (takes === 'value' || !(args[index + 1] ?? '-').startsWith('-')) {
      index += 1
      add(flag, args[index] ?? '')
    } else add(flag)
  }
  const parsed: Arguments = { flags, prompt, has: (flag) => flags.has(flag), value: (flag) => flags.get(flag)?.at(-1) }
  check(parsed, generation)
  return parsed
}

function check({ has, value }: Arguments, generation: Generation): void {
  const output = value('--output-format') ?? 'text'
  const streams = output === 'stream-json'
  if (streams && !has('--verbose'))
    throw new StartFailure('Error: When using --print, --output-format=stream-json requires --verbose')
  if (value('--input-format') === 'stream-json' && !streams) {
    throw new StartFailure('Error: --input-format=stream-json requires output-format=stream-json.')
  }
  if (has('--include-partial-messages') && !streams) {
    throw new StartFailure('Error: --include-partial-messages requires --print and --output-format=stream-json.')
  }
  const mode = value('--permission-mode')
  if (mode !== undefined && !generation.permissionModes.includes(mode)) {
    const choices = generation.permissionModes.join(', ')
    throw new StartFailure(
      `error: option '--permission-mode <mode>' argument '${mode}' is invalid. Allowed choices are ${choices}.`,
    )
  }
  const sessionId = value('--session-id')
  if (sessionId !== undefined && !isUuid(sessionId)) throw new StartFailure('Error: Invalid session ID. Must be a valid UUID.')
  if (sessionId !== undefined && (has('--resume') || has('--continue')) && !has('--fork-session')) {
    throw new StartFailure('Error: --session-id with --continue or --resume also needs --fork-session.')
  }
  const resume = value('--resume')
  if (has('--resume') && (resume === undefined || !isUuid(resume))) {
    const usage = 'Usage: claude -p --resume <session-id>'
    throw new StartFailure(`Error: --resume requires a valid session ID when used with --print. ${usage}`, 'Not a session ID')
  }
  const asks = value('--permission-prompt-tool')
  if (asks !== undefined && asks !== 'stdio' && generation.name === 'a')
    throw new StartFailure(`Error: MCP tool ${asks} (passed via --permission-prompt-tool) not found.`)
  const schema = value('--json-schema')
  if (schema !== undefined && !isJson(schema)) throw new StartFailure('Error: --json-schema is not valid JSON')
  const agents = value('--agents')
  if (agents !== undefined && generation.name === 'c' && !isJson(agents))
    throw new StartFailure('Error: Invalid --agents configuration')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
