/** Asks the executable for its version and whether it is signed in. This costs no model turn. */
import { createDeadline, raceSignal } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import type { StreamTransport } from '../../transport.js'
import type { Clock } from '../../core/clock.js'
import { systemClock } from '../../core/clock.js'
import { isRecord } from '../../core/is-record.js'
import type { ClaudeAuth, ClaudeLaunch } from '../launch/launch.js'
import { formatVersion, parseVersion } from '../launch/version.js'

/** The result of a health check. */
export interface HealthStatus {
  /** True when the CLI is installed and does not say that it is signed out. */
  readonly healthy: boolean
  /** True when the CLI is installed and starts. */
  readonly cliAvailable: boolean
  /** Whether the CLI is signed in. Undefined on CLI 2.0, which cannot tell. A wrong API key still counts as signed in. */
  readonly cliAuthenticated: boolean | undefined
  /** The version of the CLI. */
  readonly version: string | undefined
  /** The kind of credential, as the CLI names it. */
  readonly authMethod: string | undefined
  /** How long the check took. */
  readonly latencyMs: number
  /** When the check was made, in milliseconds since 1970. */
  readonly lastCheckTime: number
  /** Why the check failed. */
  readonly error: SignalboxError | undefined
}

/** Options of `createHealthChecker`. */
export interface HealthOptions {
  /** The transport that runs the CLI. */
  readonly transport: StreamTransport<ClaudeLaunch>
  /** How long an answer is given again without asking the CLI. Default 30 seconds. */
  readonly cacheTtlMs?: number
  /** How long the CLI may take for each of the two questions. Default 10 seconds. */
  readonly timeoutMs?: number
  /** Which credentials the CLI may use. */
  readonly auth?: ClaudeAuth
  /** For tests. */
  readonly clock?: Clock
}

/** Checks whether the CLI can be used. */
export interface HealthChecker {
  /**
   * Asks the CLI for its version and its sign-in. An answer younger than `cacheTtlMs` is given again, unless `force` is set.
   * Failures are in `error`; the call does not reject.
   *
   * @example
   * ```ts
   * import type { HealthChecker } from 'signalbox/claude'
   *
   * declare const health: HealthChecker
   * const { healthy, version, error } = await health.check({ force: true })
   * ```
   */
  check(options?: { readonly force?: boolean; readonly signal?: AbortSignal }): Promise<HealthStatus>
  /**
   * Forgets the last answer, so that the next check asks the CLI again.
   *
   * @example
   * ```ts
   * import type { HealthChecker } from 'signalbox/claude'
   *
   * declare const health: HealthChecker
   * health.invalidateCache()
   * ```
   */
  invalidateCache(): void
}

/** The longest answer that is accepted. Real answers are short. */
const LONGEST_ANSWER = 256 * 1024

/**
 * Asks the CLI for its version and its sign-in, without a model turn.
 *
 * @example
 * ```ts
 * import { createHealthChecker } from 'signalbox/claude'
 * import { claudeProcess } from 'signalbox/node'
 *
 * const health = createHealthChecker({ transport: claudeProcess() })
 * console.log(await health.check())
 * ```
 */
export function createHealthChecker(options: HealthOptions): HealthChecker {
  const { transport, cacheTtlMs = 30_000, timeoutMs = 10_000, auth, clock = systemClock } = options
  let known: { status: HealthStatus; until: number } | undefined
  let running: Promise<HealthStatus> | undefined

  const ask = async (
    probe: 'version' | 'authStatus',
    signal: AbortSignal | undefined,
  ): Promise<{ text: string; exitCode: number | null }> => {
    const deadline = createDeadline({ signal, timeoutMs, clock })
    try {
      const link = await transport.open({ probe, ...(auth ? { auth } : {}) }, { signal: deadline.signal })
      try {
        await link.end().catch(() => {})
        const text = await raceSignal(readAll(link), deadline.signal)
        const reason = await raceSignal(link.closed, deadline.signal)
        return { text, exitCode: reason.kind === 'exit' ? reason.exitCode : 0 }
      } finally {
        void link.close({ graceMs: 500 })
      }
    } finally {
      deadline[Symbol.dispose]()
    }
  }

  const look = async (signal: AbortSignal | undefined): Promise<HealthStatus> => {
    const since = clock.monotonic()
    const status = (fields: Partial<HealthStatus>): HealthStatus => ({
      healthy: false,
      cliAvailable: false,
      cliAuthenticated: undefined,
      version: undefined,
      authMethod: undefined,
      error: undefined,
      ...fields,
      latencyMs: clock.monotonic() - since,
      lastCheckTime: clock.now(),
    })
    try {
      const { text } = await ask('version', signal)
      const version = parseVersion(text)
      const found = { cliAvailable: true, version: version ? formatVersion(version) : undefined }
      const answer = parseAnswer((await ask('authStatus', signal)).text)
      const cliAuthenticated = typeof answer?.loggedIn === 'boolean' ? answer.loggedIn : undefined
      const authMethod = typeof answer?.authMethod === 'string' ? answer.authMethod : undefined
      return status({ ...found, healthy: cliAuthenticated !== false, cliAuthenticated, authMethod })
    } catch (error) {
      return status({ error: SignalboxError.is(error) ? error : timedOut(error, timeoutMs) })
    }
  }

  return {
    async check({ force = false, signal } = {}) {
      if (!force && known && clock.monotonic() < known.until) return known.status
      // Concurrent callers share one check.
      running ??= look(signal).finally(() => {
        running = undefined
      })
      const status = await running
      known = { status, until: clock.monotonic() + cacheTtlMs }
      return status
    },
    invalidateCache() {
      known = undefined
    },
  }
}

async function readAll(link: { read(): Promise<Uint8Array | null> }): Promise<string> {
  const utf8 = new TextDecoder()
  let text = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) {
    text += utf8.decode(chunk, { stream: true })
    if (text.length > LONGEST_ANSWER)
      throw new SignalboxError({ code: 'too_large', system: 'claude', message: 'The probe answered with too much.' })
  }
  return text + utf8.decode()
}

/** The answer is JSON over several lines, so the NDJSON decoder cannot read it. */
function parseAnswer(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function timedOut(cause: unknown, timeoutMs: number): SignalboxError {
  return new SignalboxError({
    code: 'deadline_exceeded',
    system: 'claude',
    op: 'health',
    message: `The CLI did not answer within ${timeoutMs} ms.`,
    cause,
  })
}
