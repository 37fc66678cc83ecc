/** The error code of an HTTP status to which the request gives no special meaning. */
import type { ErrorCode } from '../errors.js'

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'unsupported',
  408: 'deadline_exceeded',
  409: 'conflict',
  413: 'too_large',
  415: 'invalid_argument',
  421: 'permission_denied',
  422: 'invalid_argument',
  426: 'incompatible',
  429: 'rate_limited',
  431: 'too_large',
  501: 'unsupported',
  502: 'unreachable',
  503: 'unavailable',
  504: 'deadline_exceeded',
}

export const codeOfStatus = (status: number): ErrorCode => CODES[status] ?? (status >= 500 ? 'remote' : 'protocol')
