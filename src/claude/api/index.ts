/** The Messages API in the CLI's clothes, for where no CLI is: an entry of its own, because most clients have one. */
export { messagesApi } from './transport.js'
export type { APIClientConfig } from './config.js'
export { APIClientError, APINotAvailableError, APIRateLimitError } from '../messages/errors.js'
