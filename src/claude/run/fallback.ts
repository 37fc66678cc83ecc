/** A second backend for queries that the CLI cannot take. It is used only when nothing of the answer has arrived. */
import { SignalboxError } from '../../errors.js'
import type { StreamTransport } from '../../transport.js'
import type { ClaudeLaunch } from '../launch/launch.js'

/** The second backend, and the failures after which it takes the call. */
export interface FallbackConfig {
  /** The transport of the second backend, for instance `messagesApi(...)`. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** Use it when the CLI is not installed, does not start or cannot be reached. Default true. */
  readonly onCliUnavailable?: boolean
  /** Use it while the circuit breaker of the client is open. Default true. */
  readonly onCircuitOpen?: boolean
  /** Use it when the deadline passed before anything was sent. Default false. */
  readonly onTimeout?: boolean
}

/** The option `fallback` of a client; `fallbackTo` makes it. */
export interface Fallback {
  /** The transport of the second backend. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** Why the second backend takes a call that failed with this error; undefined when it does not. */
  readonly reason: (error: unknown) => string | undefined
}

const UNAVAILABLE = new Set(['not_found', 'unreachable', 'incompatible', 'exited', 'unsupported'])

/** Makes the option `fallback` of a client. A prompt that may have been sent is not run again. */
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
