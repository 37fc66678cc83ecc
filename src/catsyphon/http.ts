/** One request to the server: headers, body, the answer read and judged. */
import { readText } from '../core/read-text.js'
import type { Call, CallOptions, Caller } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import type { ExchangeTransport } from '../transport.js'
import { CatsyphonError, isJson, notTheApi, refusal, SYSTEM, type Answer } from './errors.js'

export interface RequestSpec {
  readonly op: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** JSON text. */
  readonly body?: string
  readonly idempotent?: boolean
  /** Adds the collector's two headers. Default true. */
  readonly authenticated?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly keepalive?: boolean
  /** What interceptors may see of the arguments. */
  readonly args?: unknown
}

export interface Http {
  /** The answer's JSON. Everything but a success with JSON rejects. */
  request(spec: RequestSpec, options?: CallOptions): Promise<unknown>
}

export interface HttpOptions {
  readonly transport: ExchangeTransport
  readonly caller: Caller
  readonly clock: Clock
  /** Asked for every request, because credentials can be changed. */
  readonly credentials: () => { readonly collectorId: string; readonly apiKey: string } | undefined
}

// The largest answers are conversations read back; everything else is a few lines.
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

export function createHttp({ transport, caller, clock, credentials }: HttpOptions): Http {
  const once = async (spec: RequestSpec, call: Call): Promise<unknown> => {
    const { op, method, path, body, authenticated = true, keepalive } = spec
    const own = authenticated ? credentials() : undefined
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(own ? { authorization: `Bearer ${own.apiKey}`, 'x-collector-id': own.collectorId } : {}),
      ...spec.headers,
    }
    const exchange = { method, path, headers, ...(body === undefined ? {} : { body }), ...(keepalive ? { keepalive } : {}) }
    const reply = await transport.exchange(exchange, { signal: call.signal, trace: call.trace }).catch((error: unknown) => {
      throw isRedirect(error) ? redirected(op, error) : error
    })
    const answer: Answer = {
      status: reply.status,
      headers: reply.headers,
      text: await readText(reply.body, MAX_ANSWER_BYTES, { op: op, system: SYSTEM }, (cause) => answerBroke(op, cause)),
    }
    if (reply.status < 200 || reply.status > 299) throw refusal(op, answer, clock.now())
    return parsed(op, answer)
  }
  return {
    request(spec, options) {
      const { op, args, idempotent = false } = spec
      return caller.run({ op, args, idempotent }, options, (call) => once(spec, call))
    },
  }
}

/** A transport that follows no redirect says so; a browser hides even the status. */
function isRedirect(error: unknown): error is SignalboxError {
  return SignalboxError.is(error, 'protocol') && error.sent === 'yes' && (error.status === undefined || error.status < 400)
}

function redirected(op: string, cause: SignalboxError): CatsyphonError {
  return new CatsyphonError({
    code: 'incompatible',
    message: `${op}: the server sent the request elsewhere, so this address is wrong. ${cause.message}`,
    hint: 'No path of the API ends with a slash, and a moved server needs its new address.',
    sent: 'no',
    op,
    status: cause.status,
    retryable: false,
    cause,
  })
}

function parsed(op: string, answer: Answer): unknown {
  if (!isJson(answer)) throw notTheApi(op, answer, 'It answered with something else than JSON.')
  try {
    return JSON.parse(answer.text)
  } catch (cause) {
    throw new CatsyphonError({
      code: 'protocol',
      message: `${op}: the answer stopped half-way or is not JSON.`,
      sent: 'maybe',
      op,
      status: answer.status,
      retryable: true,
      cause,
    })
  }
}

/** The request was heard, but nobody knows what came of it. */
function answerBroke(op: string, cause: unknown): SignalboxError {
  if (SignalboxError.is(cause)) return cause
  return new SignalboxError({
    code: 'closed',
    message: `${op}: the connection fell while the answer came.`,
    sent: 'maybe',
    op,
    system: SYSTEM,
    cause,
  })
}
