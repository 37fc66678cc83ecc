/** Failures of a core 2.0 as the error classes that both generations share. */
import type { ErrorCode, Sent } from '../../errors.js'
import type { CoreFacts } from '../core-protocol.js'
import {
  AgentStreamError,
  AuthError,
  CmdopError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionError,
  PinDeniedError,
  ProtocolError,
  RateLimitError,
  ServerError,
  TimeoutError,
  UnavailableError,
  UnsupportedError,
  ValidationError,
  type ErrorClass,
} from '../errors.js'
import { ErrorCodeSchema, type ErrorInfo } from '../gen/cmdop/core/v2/contract_pb.js'
import type { Envelope } from './envelope.js'

/**
 * By the name of the code: the class, the code of this package, and `sent`. `yes`: the relay gave a final answer. `maybe`: the relay may
 * answer the same request differently. `no`: the core itself refused the request.
 */
const MEANINGS: Readonly<Record<string, readonly [ErrorClass, ErrorCode, Sent]>> = {
  invalid_argument: [ValidationError, 'invalid_argument', 'yes'],
  unauthenticated: [AuthError, 'unauthenticated', 'yes'],
  permission_denied: [PermissionError, 'permission_denied', 'yes'],
  not_found: [NotFoundError, 'not_found', 'yes'],
  conflict: [ConflictError, 'conflict', 'yes'],
  rate_limited: [RateLimitError, 'rate_limited', 'maybe'],
  internal: [ServerError, 'remote', 'maybe'],
  unavailable: [UnavailableError, 'unavailable', 'maybe'],
  deadline_exceeded: [TimeoutError, 'deadline_exceeded', 'maybe'],
  // The core has one code for a refused connection, a reset, and an answer that it cannot read.
  transport: [ConnectionError, 'unreachable', 'maybe'],
  unsupported: [UnsupportedError, 'unsupported', 'no'],
  protocol: [ProtocolError, 'protocol', 'maybe'],
}
const UNKNOWN = [CmdopError, 'remote', 'maybe'] as const

/** The error for an envelope that ends a call or an ask. */
export function failureOf(payload: Envelope['payload'], facts: CoreFacts, ofStream: boolean): CmdopError {
  const info = payload.case === 'error' ? payload.value : undefined
  const remoteCode = codeNameOf(info)
  const gateway = gatewayRefusal(info)
  if (gateway) return gatewayError(gateway, info?.message ?? '', facts)
  const [Own, code, outcome] = MEANINGS[remoteCode] ?? UNKNOWN
  const { message = '', httpStatus: status, retryable = false } = info ?? {}
  // Without a status the relay was not asked: the core found the mistake by itself.
  const sent = remoteCode === 'invalid_argument' && status === undefined ? 'no' : outcome
  // Broken connections are worth another attempt, although the core does not say so.
  const again = retryable || code === 'unreachable'
  const text = `${facts.op} failed (${remoteCode})${message && ': '}${message || '.'}`
  const common = { ...facts, code, message: text, remoteCode, status }
  if (!ofStream || sent === 'no') return new Own({ ...common, sent, retryable: again })
  return new AgentStreamError({ ...common, sent: 'yes', retryable: false })
}

/** The error for an ask whose run failed on the relay: the relay named the reason in a frame before the end. */
export function streamFailureOf(name: string, message: string, facts: CoreFacts): CmdopError {
  const common = {
    ...facts,
    message: `${facts.op} failed (${name}): ${message}`,
    remoteCode: name,
    sent: 'yes',
    retryable: false,
  } as const
  if (name === 'pin_denied') return new PinDeniedError({ ...common, code: 'permission_denied' })
  return new AgentStreamError({ ...common, code: name === 'machine_offline' ? 'unavailable' : 'remote' })
}

function codeNameOf(info: ErrorInfo | undefined): string {
  const known = info && ErrorCodeSchema.value[info.code]
  return known && known.number !== 0 ? known.localName.toLowerCase() : 'internal'
}

/** A gateway refuses in the words of the core, with its own code in the details. */
function gatewayRefusal(info: ErrorInfo | undefined): string | undefined {
  try {
    const { gateway } = JSON.parse(info?.detailsJson ?? '{}') as { readonly gateway?: unknown }
    return typeof gateway === 'string' ? gateway : undefined
  } catch {
    return undefined
  }
}

function gatewayError(remoteCode: string, remoteMessage: string, facts: CoreFacts): PermissionError {
  const message = `${facts.op} failed (${remoteCode}): ${remoteMessage}`
  return new PermissionError({ ...facts, code: 'permission_denied', message, remoteCode, sent: 'no' })
}
