/** How the Messages API is reached and called. */
import type { ExchangeTransport } from '../../transport.js'
import type { PriceTable } from '../ops/pricing.js'

/** Options of `messagesApi`. */
export interface APIClientConfig {
  /** The transport to `https://api.anthropic.com`, or to your proxy that adds the key. */
  readonly exchange: ExchangeTransport
  /** The key, sent as `x-api-key`. Leave it out when a proxy adds it. A function is called before each API call. */
  readonly apiKey?: string | (() => string | Promise<string>)
  /** The model of launches that name none. Default `claude-sonnet-4-5`. */
  readonly defaultModel?: string
  /** Model ids by short name, such as `sonnet`. */
  readonly models?: Readonly<Record<string, string>>
  /** Output tokens of one API call, for launches that name no limit. Default 4096. */
  readonly maxTokens?: number
  /** How often a call is repeated that failed before its first byte with 429, 5xx or no connection. Default 2. */
  readonly maxRetries?: number
  /** Prices by model, from which the cost of each turn is computed. Default: the table `MODEL_PRICING`. */
  readonly prices?: PriceTable
  /** API calls in one turn, for launches that name no limit. Default 25. */
  readonly maxTurns?: number
  /** Fail with `unauthenticated` at open when there is no `apiKey`. Default false. */
  readonly requireKey?: boolean
}
