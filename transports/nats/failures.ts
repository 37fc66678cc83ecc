/** What the server and the connection report, as errors of this package. */
import { SignalboxError, withFacts, type Sent } from '../../src/errors.js'

/** An error in an answer of the JetStream API. */
export interface ApiFailure {
  readonly code?: number
  readonly err_code?: number
  readonly description?: string
}

/** The codes that have a meaning here. */
export const API = {
  notEnabled: 10076,
  notEnabledForAccount: 10039,
  noMessage: 10037,
  noStream: 10059,
  streamExists: 10058,
  wrongSequence: 10071,
  wrongSequenceUnknown: 10164,
  /** An earlier attempt of the same publish waits for the replicas. */
  duplicateUnderWay: 10158,
  tooManyBatches: 10210,
} as const

const FULL = new Set([10047, 10077, 10023, 10028])
const TOO_LARGE = new Set([10054])

/** Whether the stream or the disk of the server has no space left. */
export const isFull = (error: unknown): boolean => SignalboxError.is(error, 'unavailable') && FULL.has(Number(error.remoteCode))

/** The same request may succeed in a moment, for example after the election of a leader. */
export const isPassing = ({ code, err_code }: ApiFailure): boolean =>
  err_code === API.tooManyBatches ||
  err_code === API.duplicateUnderWay ||
  (code === 503 && !FULL.has(err_code ?? 0) && err_code !== API.notEnabled && err_code !== API.notEnabledForAccount)

/** The server answered with an error: it did not do what was asked. */
export function apiError(label: string, failure: ApiFailure, sent: Sent = 'no'): SignalboxError {
  const { err_code: number = 0, description = 'no reason' } = failure
  const facts = { message: `${label}: the NATS server refused: ${description}.`, remoteCode: String(number), sent }
  if (number === API.notEnabled || number === API.notEnabledForAccount) return withoutJetStream(label, sent)
  if (FULL.has(number)) {
    return new SignalboxError({
      ...facts,
      code: 'unavailable',
      hint: 'Trim or delete something, or raise the limits of the stream.',
    })
  }
  if (TOO_LARGE.has(number)) {
    return new SignalboxError({ ...facts, code: 'too_large', hint: 'Raise max_payload of the server, or write less at once.' })
  }
  if (number === API.noStream) {
    return new SignalboxError({
      ...facts,
      code: 'unavailable',
      hint: 'The stream of this store was deleted. Open the store again.',
    })
  }
  return new SignalboxError({ ...facts, code: 'unavailable' })
}

/** No answer came. `sent` says whether the server may have acted. */
export function noAnswer(label: string, sent: Sent, cause?: unknown): SignalboxError {
  return new SignalboxError({
    code: 'unavailable',
    message: `${label}: the NATS server did not answer in time.`,
    hint: 'Check that the server runs and, in a cluster, that most of its servers do.',
    sent,
    cause,
  })
}

/** The connection of the caller is down, or closed for good. Nothing was sent now. */
export function notConnected(label: string, closed: boolean, sent: Sent): SignalboxError {
  return new SignalboxError({
    code: 'unavailable',
    message: `${label}: the connection to NATS is ${closed ? 'closed' : 'down'}.`,
    hint: closed
      ? 'Make a new connection and a new store.'
      : 'The connection tries again by itself. Set maxReconnectAttempts to -1, so that it never gives up.',
    sent,
    retryable: !closed,
  })
}

export function withoutJetStream(label: string, sent: Sent = 'no'): SignalboxError {
  return new SignalboxError({
    code: 'unavailable',
    message: `${label}: no JetStream answers at this NATS server.`,
    hint: 'Start nats-server with -js, and allow JetStream for this account.',
    sent,
  })
}

export function tooLarge(label: string, bytes: number, limit: number): SignalboxError {
  return new SignalboxError({
    code: 'too_large',
    message: `${label}: ${bytes} bytes do not fit into one message of this NATS server, which takes ${limit}.`,
    hint: 'Raise max_payload of the server, or write less at once.',
  })
}

/** The same failure after an attempt without an answer, which may have been stored. */
export const mayBeStored = (error: unknown): unknown =>
  SignalboxError.is(error) && error.sent === 'no' ? withFacts(error, {}, { sent: 'maybe' }) : error

/** The writer's lease expired, was released or has another holder. */
export function leaseLost(label: string, key: string, sent: Sent = 'no'): SignalboxError {
  return new SignalboxError({
    code: 'conflict',
    message: `${label}: the writer no longer holds the lease ${JSON.stringify(key)}.`,
    hint: 'Stop writing, and acquire the lease again.',
    sent,
  })
}

export function notAllowed(label: string, cause: unknown): SignalboxError {
  return new SignalboxError({
    code: 'permission_denied',
    message: `${label}: this NATS user may not do that.`,
    hint: 'docs/many-machines.md lists the permissions that a machine needs.',
    sent: 'no',
    cause,
  })
}
