/** What a failed fetch means. `fetch` itself says almost nothing, so `no` is claimed only where the runtime names a cause that proves it. */
import { abortError, isNamed } from '../../src/core/scope.js'
import { SignalboxError, type ErrorCode, type Sent } from '../../src/errors.js'

/** The connection was never made: the names that Node and Bun give. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_NONAME',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ConnectionRefused',
  'DNSResolveFailed',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** The innermost name: wrappers hide the cause, and several addresses leave an aggregate. */
function nameOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  const { cause, code, errors } = error as { cause?: unknown; code?: unknown; errors?: unknown }
  const inner = nameOf(cause, depth + 1) ?? (Array.isArray(errors) ? nameOf(errors[0], depth + 1) : undefined)
  return inner ?? (typeof code === 'string' && code !== '' ? code : undefined)
}

/** No reply came. */
export function exchangeFault(
  error: unknown,
  facts: { transport: string; op: string },
  where: string,
  { signal, streamed = false }: { readonly signal?: AbortSignal | undefined; readonly streamed?: boolean } = {},
): SignalboxError {
  if (SignalboxError.is(error)) return error
  if (signal?.aborted) return abortError(signal, { ...facts, sent: 'maybe' })
  // ofetch wraps what fetch threw in an error whose message quotes the URL.
  const cause = isNamed(error, 'FetchError') ? ((error as { cause?: unknown }).cause ?? error) : error
  const name = nameOf(cause)
  const proven = name !== undefined && NEVER_CONNECTED.has(name)
  const hints = [
    proven
      ? 'Is the server running, and is this its address?'
      : 'Is the server running, is this its address, and does it allow requests from this origin?',
    ...(streamed ? ["Chromium streams a request body only over HTTP/2: if that is it, set requestBody: 'gather'."] : []),
  ]
  return new SignalboxError({
    ...facts,
    code: 'unreachable',
    message: `No reply from ${where}${name === undefined ? '' : ` (${name})`}.`,
    hint: hints.join(' '),
    sent: proven ? 'no' : 'maybe',
    remoteCode: name,
    cause,
  })
}

/** The reply broke off: the request had arrived. */
export function bodyFault(
  error: unknown,
  facts: { transport: string; op: string },
  where: string,
  signal?: AbortSignal,
): SignalboxError {
  if (SignalboxError.is(error)) return error
  if (signal?.aborted) return abortError(signal, { ...facts, sent: 'yes' })
  const name = nameOf(error)
  return new SignalboxError({
    ...facts,
    code: 'closed',
    message: `The reply from ${where} broke off${name === undefined ? '' : ` (${name})`}.`,
    sent: 'yes',
    remoteCode: name,
    cause: error,
  })
}

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
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

/** What an HTTP status says about a request that has no meaning of its own for it. */
export function codeOfStatus(status: number): ErrorCode {
  return STATUS_CODES[status] ?? (status >= 500 ? 'remote' : 'protocol')
}

/** Below 500 the server looked at the request and turned it away. */
export function sentOfStatus(status: number): Sent {
  return status >= 500 ? 'maybe' : 'no'
}
