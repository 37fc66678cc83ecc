/** Errors on the wire: the code, the message and `sent`. The cause is left out, because it may contain secrets. */
import { ERROR_CODES, SignalboxError, type ErrorCode, type Sent } from '../../errors.js'
import { asHubError } from '../context.js'
import type { WireError } from './protocol.js'

export function toWireError(error: unknown, op: string): WireError {
  const { code, message, sent, system, remoteCode, retryable } = asHubError(error, op)
  return {
    code,
    message,
    sent,
    retryable,
    ...(system === undefined ? {} : { system }),
    ...(remoteCode === undefined ? {} : { remoteCode }),
  }
}

const isCode = (code: string): code is ErrorCode => (ERROR_CODES as readonly string[]).includes(code)
const isSent = (sent: string): sent is Sent => sent === 'no' || sent === 'maybe' || sent === 'yes'

export function fromWireError(error: WireError, op: string): SignalboxError {
  const { code, message, sent, system = 'hub', remoteCode, retryable } = error
  return new SignalboxError({
    code: isCode(code) ? code : 'remote',
    message: String(message),
    sent: isSent(sent) ? sent : 'maybe',
    system,
    op,
    remoteCode,
    retryable,
  })
}
