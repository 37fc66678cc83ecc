/** The Messages API in place of the CLI. A separate entrypoint, because most programs use a CLI. */
export { messagesApi } from './transport.js'
export type { APIClientConfig } from './config.js'
export { APIClientError, APINotAvailableError, APIRateLimitError } from '../messages/errors.js'
