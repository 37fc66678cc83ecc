/** The Messages API, where it stands in for the CLI. */
import { ClaudeError } from '../messages/errors.js'

export class APIClientError extends ClaudeError {
  override readonly name: string = 'APIClientError'
}
export class APINotAvailableError extends APIClientError {
  override readonly name = 'APINotAvailableError'
}
export class APIRateLimitError extends APIClientError {
  override readonly name = 'APIRateLimitError'
}
