/** What the guard view knows of the gateway: credentials and the audit log, where the credential of the page allows it. */
import { signal, type ReadonlySignal } from '@preact/signals'
import { SignalboxError } from 'signalbox'
import type { AuditEntry } from 'signalbox/gateway'
import { gatewayAdmin, type GatewayCredentials } from 'signalbox/web'
import type { Connection } from '../../connection/connection.js'
import type { AttackContext, GatewayAnswer } from './attacks.js'

/** One entry, numbered as it came. */
export interface LogLine {
  readonly n: number
  readonly entry: AuditEntry
}

/** The audit log, newest first. */
export interface AuditLog {
  readonly lines: readonly LogLine[]
  /** Entries that this page was too slow for. */
  readonly missed: number
  readonly status: 'opening' | 'live' | 'broken'
  readonly error?: SignalboxError
}

/** The state of the view. */
export interface GuardState {
  readonly isAdmin: boolean
  readonly log: ReadonlySignal<AuditLog>
  readonly credentials: ReadonlySignal<GatewayCredentials | undefined>
  readonly credentialsError: ReadonlySignal<SignalboxError | undefined>
  readonly context: AttackContext
  /** Withdraws a credential or a ticket. Rejects with the refusal of the gateway. */
  withdraw(id: string): Promise<void>
  stop(): void
}

type GatewayConnection = NonNullable<Connection['gateway']>

const KEPT = 1_000
const RETRY_MS = 2_000
const SHOW_EVERY_MS = 100
/** Each look at the credentials is an entry of the log, so they are rare. */
const REFRESH_MS = 30_000
const REFRESH_SOON_MS = 300
const WITNESS_MS = 3_000

const asError = (error: unknown): SignalboxError =>
  SignalboxError.is(error)
    ? error
    : new SignalboxError({
        code: 'unavailable',
        message: error instanceof Error ? error.message : String(error),
        sent: 'maybe',
        cause: error,
      })

/**
 * Starts reading, if the credential of the page has `admin`.
 *
 * Long because the log and the list of credentials refresh each other.
 */
export function createGuard({ origin, client, session }: GatewayConnection): GuardState {
  const isAdmin = session.scopes.includes('admin')
  const admin = gatewayAdmin(client)
  const log = signal<AuditLog>({ lines: [], missed: 0, status: 'opening' })
  const credentials = signal<GatewayCredentials>()
  const credentialsError = signal<SignalboxError>()
  const stop = new AbortController()
  let lines: LogLine[] = []
  let missed = 0
  let count = 0
  let showing: ReturnType<typeof setTimeout> | undefined
  let refreshing: ReturnType<typeof setTimeout> | undefined

  const show = (status: AuditLog['status'], error?: SignalboxError): void => {
    log.value = { lines, missed, status, ...(error ? { error } : {}) }
  }
  const plan = (): void => {
    showing ??= setTimeout(() => {
      showing = undefined
      show('live')
    }, SHOW_EVERY_MS)
  }
  const refresh = async (): Promise<void> => {
    try {
      credentials.value = await admin.credentials({ signal: stop.signal })
      credentialsError.value = undefined
    } catch (error) {
      if (!stop.signal.aborted) credentialsError.value = asError(error)
    }
  }
  /** Once for all entries that come together, such as those of earlier runs. */
  const refreshSoon = (): void => {
    refreshing ??= setTimeout(() => {
      refreshing = undefined
      void refresh()
    }, REFRESH_SOON_MS)
  }
  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        lines = []
        for await (const entry of admin.audit({ signal: stop.signal })) {
          if ('missed' in entry) missed += entry.missed
          else {
            count += 1
            lines = [{ n: count, entry }, ...(lines.length >= KEPT ? lines.slice(0, KEPT - 1) : lines)]
            if (entry.event === 'credential') refreshSoon()
          }
          plan()
        }
        throw new SignalboxError({ code: 'closed', message: 'The gateway ended the log.', sent: 'yes' })
      } catch (error) {
        if (stop.signal.aborted) return
        clearTimeout(showing)
        showing = undefined
        show('broken', asError(error))
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
  const witness = async (codes: readonly string[], sinceMs: number): Promise<GatewayAnswer | undefined> => {
    const until = Date.now() + WITNESS_MS
    while (Date.now() < until) {
      // The clocks of the gateway and of this machine may differ a little.
      const seen = lines.find(({ entry: { outcome = '', time } }) => codes.includes(outcome) && Date.parse(time) >= sinceMs - 500)
      if (seen)
        return {
          code: seen.entry.outcome ?? '',
          text: `In the audit log at ${new Date(seen.entry.time).toLocaleTimeString('en-GB')}.`,
        }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return undefined
  }
  let clock: ReturnType<typeof setInterval> | undefined
  if (isAdmin) {
    void follow()
    void refresh()
    clock = setInterval(() => void refresh(), REFRESH_MS)
  }
  const upstream = session.upstreams.find(({ system }) => system === 'hub')?.name ?? session.upstreams[0]?.name ?? 'hub'
  return {
    isAdmin,
    log,
    credentials,
    credentialsError,
    context: { origin, upstream, client, ...(isAdmin ? { witness } : {}) },
    async withdraw(id) {
      await admin.revoke(id)
      await refresh()
    },
    stop() {
      stop.abort()
      clearTimeout(showing)
      clearTimeout(refreshing)
      clearInterval(clock)
    },
  }
}
