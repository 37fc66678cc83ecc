/** Another backend for queries that the CLI cannot take: before its first line only, never in the middle of an answer. */
import { SignalboxError } from '../../errors.js'
import type { StreamTransport } from '../../transport.js'
import type { ClaudeLaunch } from '../launch/launch.js'

/** When another backend takes a call. */
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

/** What a client is given: the other backend, and why it should take a call, or undefined when it should not. */
export interface Fallback {
  /** The other backend. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** Why the other backend should take a call; undefined when it should not. */
  readonly reason: (error: unknown) => string | undefined
}

const UNAVAILABLE = new Set(['not_found', 'unreachable', 'incompatible', 'exited', 'unsupported'])

/** `sent` decides: a prompt is never run twice. */
export function fallbackTo(config: FallbackConfig): Fallback {
  const { transport, onCliUnavailable = true, onCircuitOpen = true, onTimeout = false } = config
  const reason = (error: unknown): string | undefined => {
    if (!SignalboxError.is(error) || error.sent !== 'no') return undefined
    if (error.code === 'circuit_open') return onCircuitOpen ? 'circuit_breaker_open' : undefined
    if (error.code === 'deadline_exceeded') return onTimeout ? 'cli_timeout' : undefined
    return UNAVAILABLE.has(error.code) && onCliUnavailable ? `cli_unavailable: ${error.code}` : undefined
  }
  return { transport, reason }
}
