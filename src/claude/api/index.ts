/** The Messages API in the CLI's clothes, for where no CLI is: an entry of its own, because most clients have one. */
export { messagesApi, type APIClientConfig } from './transport.js'
export { APIClientError, APINotAvailableError, APIRateLimitError } from './errors.js'
export { fallbackTo, type Fallback, type FallbackConfig } from '../fallback.js'
