/** The log policy as the settings ask for it. */
import { log, type LogPolicy, type LogRecord } from '../../core/policy/log.js'
import type { ClaudeSettings } from './settings.js'

/** Undefined where no level is set: nobody asked for a log. */
export function logBy(settings: Pick<ClaudeSettings, 'logLevel' | 'logFormat'>): LogPolicy | undefined {
  const { logLevel: level, logFormat } = settings
  if (level === undefined) return undefined
  return log(logFormat === 'json' ? { level } : { level, sink: inWords })
}

/** Already redacted when it comes here. */
function inWords({ time, level, event, ...fields }: LogRecord): void {
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  console[level](`${new Date(time).toISOString()} ${level} ${event} ${words.join(' ')}`)
}
