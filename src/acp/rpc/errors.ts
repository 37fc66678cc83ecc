/** JSON-RPC errors, in both directions: codes of the Agent Client Protocol and errors of this library. */
import { SignalboxError, type ErrorCode, type Sent } from '../../errors.js'

/** The error codes of JSON-RPC 2.0 and of the Agent Client Protocol. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  requestCancelled: -32800,
  authRequired: -32000,
  resourceNotFound: -32002,
} as const

/** The `error` member of a JSON-RPC response. */
export interface RpcErrorBody {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** A request handler throws this to answer with a certain code. Any other error is answered as an internal error. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal'
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message)
  }
}

/** What an error of the peer means here. A refused request had no effect; any other answer proves that the peer took the request. */
const MEANING: Readonly<Record<number, readonly [ErrorCode, Sent]>> = {
  [RPC_CODES.parseError]: ['protocol', 'no'],
  [RPC_CODES.invalidRequest]: ['protocol', 'no'],
  [RPC_CODES.methodNotFound]: ['unsupported', 'no'],
  [RPC_CODES.invalidParams]: ['invalid_argument', 'no'],
  [RPC_CODES.authRequired]: ['unauthenticated', 'no'],
  [RPC_CODES.resourceNotFound]: ['not_found', 'no'],
  [RPC_CODES.requestCancelled]: ['aborted', 'yes'],
}

/** The error that a caller gets for an error response. */
export function errorFromPeer(op: string, body: RpcErrorBody, transport: string): SignalboxError {
  const [code, sent] = MEANING[body.code] ?? (['remote', 'yes'] as const)
  return new SignalboxError({
    code,
    sent,
    op,
    transport,
    system: 'acp',
    remoteCode: String(body.code),
    message: `The agent refused ${op} with code ${body.code}: ${body.message}`,
    ...(code === 'unauthenticated'
      ? { hint: 'Sign in with the agent itself, or call authenticate with one of its authMethods.' }
      : {}),
  })
}

const ANSWERS: Readonly<Partial<Record<ErrorCode, number>>> = {
  aborted: RPC_CODES.requestCancelled,
  invalid_argument: RPC_CODES.invalidParams,
  not_found: RPC_CODES.resourceNotFound,
  unauthenticated: RPC_CODES.authRequired,
  unsupported: RPC_CODES.methodNotFound,
}

/** The error response for a failed request handler. The message of an unknown error stays here: it may hold anything. */
export function errorForPeer(error: unknown): RpcErrorBody {
  if (error instanceof RpcRefusal) {
    return { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) }
  }
  if (SignalboxError.is(error)) {
    return {
      code: ANSWERS[error.code] ?? RPC_CODES.internalError,
      message: error.message,
      data: { code: error.code, sent: error.sent, ...(error.remoteCode === undefined ? {} : { remoteCode: error.remoteCode }) },
    }
  }
  return { code: RPC_CODES.internalError, message: 'The request failed inside the handler.' }
}
