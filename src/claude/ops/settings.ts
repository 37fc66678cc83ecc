/** Reads settings from an environment object, such as the bindings of an edge runtime. `SIGNALBOX_*` wins over `CCFLOW_*`. */
import type { LogLevel } from '../../core/policy/log.js'
import { ClaudeError } from '../messages/errors.js'

/** Settings of a client, with their defaults filled in. */
export interface ClaudeSettings {
  /** The model of runs that name none. From `DEFAULT_MODEL`. */
  readonly defaultModel: string | undefined
  /** The model that the CLI uses when the first one is overloaded. From `FALLBACK_MODEL`. */
  readonly fallbackModel: string | undefined
  /** How long a turn may take, in seconds. */
  readonly defaultTimeout: number
  /** Model round trips for each user turn. From `DEFAULT_MAX_TURNS`. */
  readonly defaultMaxTurns: number | undefined
  /** How many runs may be under way at once. From `MAX_CONCURRENT_REQUESTS`, default 10. */
  readonly maxConcurrentRequests: number
  /** How many runs may start in a minute. From `RATE_LIMIT_PER_MINUTE`, default 60. */
  readonly rateLimitPerMinute: number
  /** Whether the full client has metrics. From `ENABLE_METRICS`. */
  readonly enableMetrics: boolean
  /** The level at which the full client logs its calls. Undefined: no log. */
  readonly logLevel: LogLevel | undefined
  /** The format of the log: text, or one line of JSON for each call. */
  readonly logFormat: 'console' | 'json'
  /** The path of the CLI, for `claudeProcess({ settings })`. Without settings, `claudeProcess` reads the variable itself. */
  readonly claudeCliPath: string | undefined
  /** The path of the session database, for `sqliteSessionStore`. From `SESSION_STORAGE_PATH`. */
  readonly sessionStoragePath: string | undefined
  /** Whether context is written as TOON. For `toonBy(settings)` of `signalbox/claude/toon`, as the next two. */
  readonly toonEnabled: boolean
  /** The character between the values of a TOON row. From `TOON_DELIMITER`. */
  readonly toonDelimiter: ',' | '\t' | '|'
  /** Whether the metrics count what TOON saves. From `TOON_TRACK_SAVINGS`. */
  readonly toonTrackSavings: boolean
  /** False refuses `dangerouslySkipPermissions` and `bypassPermissions`. Default true, as in a client without settings. */
  readonly allowDangerousPermissions: boolean
  /** The folder for the private files of a launch, for `claudeProcess({ settings })`. */
  readonly tempDir: string | undefined
}

/** The log levels, with Python's names for them. */
const LEVELS = {
  silent: 'silent',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  warning: 'warn',
  critical: 'error',
} as const
const DELIMITERS = { ',': ',', '|': '|', tab: '\t', '\t': '\t', '\\t': '\t' } as const

/** An environment, such as `process.env`. */
export type EnvironmentRecord = Readonly<Record<string, unknown>>

const PREFIXES = ['SIGNALBOX_', 'CCFLOW_'] as const

/** The names behind the prefixes, for documentation and for tests. */
export const SETTING_NAMES = [
  'DEFAULT_MODEL',
  'FALLBACK_MODEL',
  'DEFAULT_TIMEOUT',
  'DEFAULT_MAX_TURNS',
  'MAX_CONCURRENT_REQUESTS',
  'RATE_LIMIT_PER_MINUTE',
  'ENABLE_METRICS',
  'LOG_LEVEL',
  'LOG_FORMAT',
  'CLAUDE_CLI_PATH',
  'SESSION_STORAGE_PATH',
  'TOON_ENABLED',
  'TOON_DELIMITER',
  'TOON_TRACK_SAVINGS',
  'ALLOW_DANGEROUS_PERMISSIONS',
  'TEMP_DIR',
] as const
type SettingName = (typeof SETTING_NAMES)[number]

/** Reads `SIGNALBOX_*` and `CCFLOW_*` variables. Throws `invalid_argument` for a value that cannot be read. */
export function readSettings(environment: EnvironmentRecord = {}): ClaudeSettings {
  const byName = new Map(Object.entries(environment).map(([name, value]) => [name.toUpperCase(), value]))
  const find = (name: SettingName): { variable: string; value: string } | undefined => {
    for (const prefix of PREFIXES) {
      const value = byName.get(prefix + name)
      // Ignore bindings that are not text, such as objects of a worker. They are not settings.
      if (typeof value === 'string' && value !== '') return { variable: prefix + name, value }
    }
    return undefined
  }
  const wrong = (variable: string, value: string, wanted: string): ClaudeError =>
    new ClaudeError({
      code: 'invalid_argument',
      message: `${variable} is "${value}"; it must be ${wanted}.`,
      hint: 'Change or unset it.',
    })
  const text = (name: SettingName): string | undefined => find(name)?.value
  const number = <Default>(name: SettingName, fallback: Default, from: number, to: number): number | Default => {
    const found = find(name)
    if (!found) return fallback
    const value = Number(found.value)
    if (!(value >= from && value <= to)) throw wrong(found.variable, found.value, `a number from ${from} to ${to}`)
    return value
  }
  const flag = (name: SettingName, fallback: boolean): boolean => {
    const found = find(name)
    if (!found) return fallback
    if (/^(?:1|true|yes|on)$/i.test(found.value)) return true
    if (/^(?:0|false|no|off)$/i.test(found.value)) return false
    throw wrong(found.variable, found.value, 'true or false')
  }
  const choice = <Choice extends string, Default>(
    name: SettingName,
    choices: readonly Choice[],
    fallback: Default,
  ): Choice | Default => {
    const found = find(name)
    if (!found) return fallback
    const value = choices.find((choice) => choice.toLowerCase() === found.value.toLowerCase())
    if (value === undefined) throw wrong(found.variable, found.value, `one of ${choices.join(', ')}`)
    return value
  }
  const level = choice('LOG_LEVEL', Object.keys(LEVELS) as (keyof typeof LEVELS)[], undefined)
  return {
    defaultModel: text('DEFAULT_MODEL'),
    fallbackModel: text('FALLBACK_MODEL'),
    defaultTimeout: number('DEFAULT_TIMEOUT', 300, 1, 86_400),
    defaultMaxTurns: number('DEFAULT_MAX_TURNS', undefined, 1, 1000),
    maxConcurrentRequests: number('MAX_CONCURRENT_REQUESTS', 10, 1, 1000),
    rateLimitPerMinute: number('RATE_LIMIT_PER_MINUTE', 60, 1, 100_000),
    enableMetrics: flag('ENABLE_METRICS', true),
    logLevel: level === undefined ? undefined : LEVELS[level],
    logFormat: choice('LOG_FORMAT', ['console', 'json'], 'console'),
    claudeCliPath: text('CLAUDE_CLI_PATH'),
    sessionStoragePath: text('SESSION_STORAGE_PATH'),
    toonEnabled: flag('TOON_ENABLED', true),
    toonDelimiter: DELIMITERS[choice('TOON_DELIMITER', [',', '|', 'tab', '\t', '\\t'], ',')],
    toonTrackSavings: flag('TOON_TRACK_SAVINGS', true),
    allowDangerousPermissions: flag('ALLOW_DANGEROUS_PERMISSIONS', true),
    tempDir: text('TEMP_DIR'),
  }
}
