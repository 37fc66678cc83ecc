/** Structured log of calls: what was called, how long it took, how it ended. Everything passes through the redactor. */
import { SignalboxError } from '../../errors.js'
import { createRedactor, type Redactor } from '../../redact.js'
import type { Call, Interceptor } from '../call.js'
import { systemClock, type Clock } from '../clock.js'
import { asInterceptor, notifyObserver } from './policy.js'
import { parseTrace } from './trace-context.js'

const LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

/** Each level includes those before it. */
export type LogLevel = (typeof LEVELS)[number]

/** One record, already redacted. */
export interface LogRecord {
  /** Wall clock, in milliseconds. */
  readonly time: number
  /** How serious it is. */
  readonly level: Exclude<LogLevel, 'silent'>
  /** `call.start`, `call.end`, `call.error`, or a name of yours. */
  readonly event: string
  readonly [field: string]: unknown
}

/** Options of `log`. */
export interface LogOptions {
  /** Default `info`: calls that ended. `debug` adds their start, with redacted arguments. Can be set at run time. */
  readonly level?: LogLevel
  /** Where records go. Default: one line of JSON on the console. */
  readonly sink?: (record: LogRecord) => void
  /** Default: one without known secrets. Pass one that knows the secrets of the client. */
  readonly redactor?: Redactor
  /** The source of time. */
  readonly clock?: Clock
}

/** An interceptor that logs calls, and a logger for records of your own. */
export type LogPolicy = Interceptor & {
  level: LogLevel
  write(level: LogRecord['level'], event: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * Logs every call with its duration and, where it fails, with its code. Arguments and errors are redacted.
 *
 * @example
 * import { log } from 'signalbox'
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 *
 * export const ccc = createCcc({ transport: cccSocket(), interceptors: [log({ level: 'debug' })] })
 */
export function log(options: LogOptions = {}): LogPolicy {
  const { sink = toConsole, redactor = createRedactor(), clock = systemClock } = options
  let threshold = rank(options.level ?? 'info')

  const write: LogPolicy['write'] = (level, event, fields = {}) => {
    if (rank(level) > threshold) return
    const safe = redactor.value(fields) as Record<string, unknown>
    notifyObserver(sink, { ...safe, time: clock.now(), level, event })
  }

  const intercept: Interceptor = async (call, next) => {
    // At level `silent` a call costs nothing. The level may change before the call ends, so `write` reads it again.
    if (threshold === 0) return await next(call)
    const startedAt = clock.monotonic()
    const facts = { ...callFacts(call), traceId: parseTrace(call.trace)?.traceId }
    write('debug', 'call.start', { ...facts, args: call.args })
    try {
      const result = await next(call)
      write('info', 'call.end', { ...facts, durationMs: clock.monotonic() - startedAt })
      return result
    } catch (error) {
      const failure = { ...facts, ...errorFacts(error), durationMs: clock.monotonic() - startedAt }
      write(severity(error), 'call.error', failure)
      throw error
    }
  }

  return asInterceptor(intercept, {
    write,
    get level(): LogLevel {
      return LEVELS[threshold] ?? 'silent'
    },
    set level(level: LogLevel) {
      threshold = rank(level)
    },
  })
}

function rank(level: LogLevel): number {
  const at = LEVELS.indexOf(level)
  if (at !== -1) return at
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `There is no log level ${JSON.stringify(level)}.`,
    hint: `Use one of ${LEVELS.join(', ')}.`,
  })
}

function callFacts({ system, transport, op, kind, attempt }: Call): Record<string, unknown> {
  return { system, transport, op, kind, attempt }
}

function errorFacts(error: unknown): Record<string, unknown> {
  if (!SignalboxError.is(error)) return { error: String(error) }
  const { code, sent, status, remoteCode, message, attempt } = error
  return { code, sent, status, remoteCode, error: message, ...(attempt === undefined ? {} : { attempt }) }
}

/** An abort is `info`, because the caller wanted it; a retryable failure is `warn`; any other is `error`. */
function severity(error: unknown): LogRecord['level'] {
  if (SignalboxError.is(error, 'aborted')) return 'info'
  return SignalboxError.is(error) && error.retryable ? 'warn' : 'error'
}

function toConsole(record: LogRecord): void {
  console[record.level](JSON.stringify(record, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))
}
