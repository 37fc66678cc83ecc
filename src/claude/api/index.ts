/** The Messages API in place of the CLI. An entrypoint of its own, because most programs have a CLI. */
export { messagesApi } from './transport.js'
export type { APIClientConfig } from './config.js'
export { APIClientError, APINotAvailableError, APIRateLimitError } from '../messages/errors.js'
