/** Another backend for queries that the CLI cannot take: before its first line only, never in the middle of an answer. */
import { SignalboxError } from '../errors.js'
import type { StreamTransport } from '../transport.js'
import type { ClaudeLaunch } from './launch.js'

export interface FallbackConfig {
  /** For instance `messagesApi(...)`. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** Not installed, does not start, not reachable. Default true. */
  readonly onCliUnavailable?: boolean
  /** Default true. */
  readonly onCircuitOpen?: boolean
  /** A deadline before anything was sent. Default false. */
  readonly onTimeout?: boolean
}

const UNAVAILABLE = new Set(['not_found', 'unreachable', 'incompatible', 'exited', 'unsupported'])

/** Why the other backend should take the call, or undefined when it should not. `sent` decides: a prompt is never run twice. */
export function fallbackReason(error: unknown, config: FallbackConfig): string | undefined {
  if (!SignalboxError.is(error) || error.sent !== 'no') return undefined
  if (error.code === 'circuit_open') return (config.onCircuitOpen ?? true) ? 'circuit_breaker_open' : undefined
  if (error.code === 'deadline_exceeded') return config.onTimeout ? 'cli_timeout' : undefined
  return UNAVAILABLE.has(error.code) && (config.onCliUnavailable ?? true) ? `cli_unavailable: ${error.code}` : undefined
}
