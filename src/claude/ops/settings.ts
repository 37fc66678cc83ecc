/** Settings from an environment, as a pure function: an edge runtime passes its bindings. `SIGNALBOX_*` wins over `CCFLOW_*`. */
import type { LogLevel } from '../../core/policy/log.js'
import { ClaudeError } from '../messages/errors.js'

/** Settings of a client, with their defaults filled in. */
export interface ClaudeSettings {
  /** `DEFAULT_MODEL`. */
  readonly defaultModel: string | undefined
  /** `FALLBACK_MODEL`. */
  readonly fallbackModel: string | undefined
  /** Seconds. */
  readonly defaultTimeout: number
  /** `DEFAULT_MAX_TURNS`. */
  readonly defaultMaxTurns: number | undefined
  /** `MAX_CONCURRENT_REQUESTS`, default 10. */
  readonly maxConcurrentRequests: number
  /** `RATE_LIMIT_PER_MINUTE`, default 60. */
  readonly rateLimitPerMinute: number
  /** `ENABLE_METRICS`. */
  readonly enableMetrics: boolean
  /** Undefined unless set: then the full client logs its calls. */
  readonly logLevel: LogLevel | undefined
  /** Words, or a line of JSON for each call. */
  readonly logFormat: 'console' | 'json'
  /** For `claudeProcess({ settings })`, which reads the variable by itself too. */
  readonly claudeCliPath: string | undefined
  /** `SESSION_STORAGE_PATH`, for `sqliteSessionStore`. */
  readonly sessionStoragePath: string | undefined
  /** The three of TOON are for `toonBy(settings)` of `signalbox/claude/toon`. */
  readonly toonEnabled: boolean
  /** `TOON_DELIMITER`. */
  readonly toonDelimiter: ',' | '\t' | '|'
  /** `TOON_TRACK_SAVINGS`. */
  readonly toonTrackSavings: boolean
  /** Without it `dangerouslySkipPermissions` and `bypassPermissions` are refused. Default true, as without settings at all. */
  readonly allowDangerousPermissions: boolean
  /** Where `claudeProcess({ settings })` puts the private files of a launch. */
  readonly tempDir: string | undefined
}

/** Ours, and Python's names for them. */
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
      // Bindings that are not text, such as a worker's objects, are somebody else's.
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
    const value = choices.find((one) => one.toLowerCase() === found.value.toLowerCase())
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
