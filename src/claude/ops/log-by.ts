/** The log policy with the settings of the environment. */
import { log, type LogPolicy, type LogRecord } from '../../core/policy/log.js'
import type { ClaudeSettings } from './settings.js'

/** The log policy, or undefined when the settings have no log level. */
export function logBy(settings: Pick<ClaudeSettings, 'logLevel' | 'logFormat'>): LogPolicy | undefined {
  const { logLevel: level, logFormat } = settings
  if (level === undefined) return undefined
  return log(logFormat === 'json' ? { level } : { level, sink: inWords })
}

/** The record is already redacted. */
function inWords({ time, level, event, ...fields }: LogRecord): void {
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  console[level](`${new Date(time).toISOString()} ${level} ${event} ${words.join(' ')}`)
}
