/** Where the relay and the platform are and who we are there: explicit over environment over default, with "" for unset. */
import { refused } from './errors.js'

export interface CmdopConfig {
  /** Bearer token of the relay: machines, fleets, tunnels, schedules, keys. */
  readonly token?: string | undefined
  /** Key of the platform: skills. */
  readonly apiKey?: string | undefined
  readonly baseUrl?: string | undefined
  readonly apiBaseUrl?: string | undefined
  /** For fleet-scoped methods that name none. */
  readonly fleetId?: string | undefined
  /** For unary calls, and for the opening of an ask. */
  readonly timeoutMs?: number | undefined
}

export const DEFAULT_BASE_URL = 'https://cloud.cmdop.com'
export const DEFAULT_API_BASE_URL = 'https://api.cmdop.com'
export const DEFAULT_TIMEOUT_MS = 30_000

type Variables = Readonly<Record<string, string | undefined>>

/** What the environment says, and nothing else: pure, so that it works wherever variables come from. */
export function fromEnv(env: Variables): CmdopConfig {
  const { CMDOP_TOKEN, CMDOP_API_KEY, CMDOP_BASE_URL, CMDOP_API_BASE_URL, CMDOP_FLEET_ID, CMDOP_TIMEOUT_MS } = env
  const config = {
    // One key for both planes is how the published SDKs read a lone CMDOP_API_KEY.
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

export interface ResolvedConfig extends CmdopConfig {
  readonly baseUrl: string
  readonly apiBaseUrl: string
  readonly timeoutMs: number
}

export function resolveConfig(explicit: CmdopConfig, environment: CmdopConfig = {}): ResolvedConfig {
  const { token, apiKey, fleetId, timeoutMs, baseUrl, apiBaseUrl } = { ...given(environment), ...given(explicit) }
  return {
    ...given({ token, apiKey, fleetId }),
    baseUrl: withoutSlash(baseUrl ?? DEFAULT_BASE_URL),
    apiBaseUrl: withoutSlash(apiBaseUrl ?? DEFAULT_API_BASE_URL),
    timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
  }
}

function withoutSlash(url: string): string {
  let end = url.length
  while (end > 0 && url[end - 1] === '/') end -= 1
  return url.slice(0, end)
}
