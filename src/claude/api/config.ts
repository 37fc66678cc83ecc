/** How the Messages API is reached and called. */
import type { ExchangeTransport } from '../../transport.js'
import type { PriceTable } from '../ops/pricing.js'

/** Options of `messagesApi`. */
export interface APIClientConfig {
  /** To `https://api.anthropic.com`, or to a proxy of yours that adds the key. */
  readonly exchange: ExchangeTransport
  /** Sent as `x-api-key`; leave it out where a proxy adds it. A function is asked for each call. */
  readonly apiKey?: string | (() => string | Promise<string>)
  /** Default `claude-sonnet-4-5`. */
  readonly defaultModel?: string
  /** Ids for the short names that callers use. */
  readonly models?: Readonly<Record<string, string>>
  /** Default 4096. */
  readonly maxTokens?: number
  /** Of calls that failed before their first byte with 429, 5xx or no connection. Default 2. */
  readonly maxRetries?: number
  /** Prices by model, from which the cost of each turn is computed. Default: the table `MODEL_PRICING`. */
  readonly prices?: PriceTable
  /** Model calls in one turn, where a launch names none. Default 25. */
  readonly maxTurns?: number
  /** A key is expected and there is none: fail at open. Default false. */
  readonly requireKey?: boolean
}
