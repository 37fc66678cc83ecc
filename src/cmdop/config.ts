/** Addresses and credentials. What a caller gives wins over the environment, which wins over the default. An empty string is no value. */
import { refused } from './errors.js'

/** Settings of a client. Each can also come from the environment. */
export interface CmdopConfig {
  /** Bearer token of the relay: machines, fleets, tunnels, schedules, keys. */
  readonly token?: string | undefined
  /** Key of the platform: skills. */
  readonly apiKey?: string | undefined
  /** Address of the relay. Default `https://cloud.cmdop.com`; over a core 2.0 the relay that this machine uses. */
  readonly baseUrl?: string | undefined
  /** Address of the platform. Default `https://api.cmdop.com`. */
  readonly apiBaseUrl?: string | undefined
  /** The fleet of calls that name none. */
  readonly fleetId?: string | undefined
  /** For each unary call, and for the opening of an ask. Default 30,000. */
  readonly timeoutMs?: number | undefined
}

const DEFAULT_BASE_URL = 'https://cloud.cmdop.com'
const DEFAULT_API_BASE_URL = 'https://api.cmdop.com'
const DEFAULT_TIMEOUT_MS = 30_000

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads the CMDOP variables of an environment, for a client that has none of its own, such as a page or a worker. Throws
 * `invalid_argument` for a CMDOP_TIMEOUT_MS that is no number.
 *
 * @example
 * import { createCmdop, fromEnv } from 'signalbox/cmdop'
 * import { cmdopRest } from 'signalbox/cmdop/rest'
 * import { fetchExchange } from 'signalbox/web'
 *
 * declare const env: Record<string, string | undefined>
 * const transport = cmdopRest({ relay: fetchExchange({ baseUrl: 'https://cloud.cmdop.com' }) })
 * const cmdop = createCmdop({ transport, ...fromEnv(env) })
 */
export function fromEnv(env: Variables): CmdopConfig {
  const { CMDOP_TOKEN, CMDOP_API_KEY, CMDOP_BASE_URL, CMDOP_API_BASE_URL, CMDOP_FLEET_ID, CMDOP_TIMEOUT_MS } = env
  const config = {
    // The published SDKs use CMDOP_API_KEY for both planes when CMDOP_TOKEN is not set.
    token: CMDOP_TOKEN || CMDOP_API_KEY,
    apiKey: CMDOP_API_KEY,
    baseUrl: CMDOP_BASE_URL,
    apiBaseUrl: CMDOP_API_BASE_URL,
    fleetId: CMDOP_FLEET_ID,
    timeoutMs: CMDOP_TIMEOUT_MS ? timeoutOf(CMDOP_TIMEOUT_MS) : undefined,
  }
  return given(config)
}

function timeoutOf(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  const message = `CMDOP_TIMEOUT_MS is ${JSON.stringify(text)}, which is no number of milliseconds.`
  throw refused('fromEnv', message, `Give a positive number, or unset it for the default of ${DEFAULT_TIMEOUT_MS}.`)
}

function given(config: CmdopConfig): CmdopConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined && value !== ''))
}

/** The settings of one client, with the defaults filled in. */
export interface ResolvedConfig extends CmdopConfig {
  readonly baseUrl: string
  /** False for the default: a core 2.0 is then left to find the relay of this machine. */
  readonly baseUrlGiven: boolean
  readonly apiBaseUrl: string
  readonly timeoutMs: number
}

export function resolveConfig(explicit: CmdopConfig, environment: CmdopConfig = {}): ResolvedConfig {
  const { token, apiKey, fleetId, timeoutMs, baseUrl, apiBaseUrl } = { ...given(environment), ...given(explicit) }
  return {
    ...given({ token, apiKey, fleetId }),
    baseUrl: withoutSlash(baseUrl ?? DEFAULT_BASE_URL),
    baseUrlGiven: baseUrl !== undefined,
    apiBaseUrl: withoutSlash(apiBaseUrl ?? DEFAULT_API_BASE_URL),
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
  }
}

function withoutSlash(url: string): string {
  let end = url.length
  while (end > 0 && url[end - 1] === '/') end -= 1
  return url.slice(0, end)
}

/** True for an address of this machine. */
export function isLoopback(url: string): boolean {
  const host = /^https?:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^:/]*)/i.exec(url)?.[1] ?? ''
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i.test(host)
}
