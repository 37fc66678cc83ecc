/** One request to the server: headers and body, and the answer as JSON or as a typed error. */
import { createCaller, type Call, type CallOptions, type Interceptor } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { readText } from '../core/read-text.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { ExchangeTransport } from '../transport.js'
import { failure, isJson, notTheApi, refusal, SYSTEM, wrongAddress } from './errors.js'

export interface RequestSpec {
  readonly op: string
  readonly path: string
  /** JSON text to post. Without it the request is a GET, which may always be repeated. */
  readonly body?: string
  readonly idempotent?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly keepalive?: boolean
  /** The arguments that interceptors may see. */
  readonly args?: unknown
}

/** Makes a request and gives the answer's JSON. Everything but a success with JSON rejects. */
export type Http = (spec: RequestSpec, options?: CallOptions) => Promise<unknown>

/** The credentials that a client writes with. */
export interface Credentials {
  /** The collector's id on the server. */
  readonly collectorId: string
  /** The collector's key. */
  readonly apiKey: string
}

export interface HttpOptions {
  readonly transport: ExchangeTransport
  readonly interceptors: readonly Interceptor[]
  readonly timeoutMs?: number | undefined
  readonly clock: Clock
  /** Called for every request, because `resume` can change them. */
  readonly credentials?: () => Credentials
}

// Conversations are the largest answers; all others are a few lines.
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const JSON_TYPE = 'application/json'

export function createHttp({ transport, interceptors, timeoutMs = 60_000, clock, credentials }: HttpOptions): Http {
  const caller = createCaller({ system: SYSTEM, transport: transport.name, interceptors, timeoutMs, clock })
  const once = async ({ op, path, body, headers, keepalive = false }: RequestSpec, { signal, trace }: Call): Promise<unknown> => {
    const own = credentials?.()
    const exchange = {
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: {
        accept: JSON_TYPE,
        ...(body !== undefined && { 'content-type': JSON_TYPE }),
        ...(own && { authorization: `Bearer ${own.apiKey}`, 'x-collector-id': own.collectorId }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      keepalive,
    }
    const reply = await transport.exchange(exchange, { signal, trace }).catch((cause: unknown) => {
      throw isRedirect(cause) ? wrongAddress(op, cause.message, { sent: 'no', status: cause.status, cause }) : cause
    })
    const { status } = reply
    const text = await readText(reply.body, MAX_ANSWER_BYTES, { op, system: SYSTEM }).catch((error: unknown) => {
      // The status says that the server has finished the request, though the answer was cut off.
      throw SignalboxError.is(error) && isJson(reply) ? withFacts(error, { status }) : error
    })
    const answer = { ...reply, text }
    if (status < 200 || status > 299) throw refusal(op, answer, clock.now())
    if (!isJson(answer)) throw notTheApi(op, answer)
    try {
      return JSON.parse(answer.text)
    } catch (cause) {
      const facts = { sent: 'maybe', op, status, retryable: true, cause } as const
      throw failure('protocol', `${op}: the answer stopped half-way or is not JSON.`, facts)
    }
  }
  return (spec, options) => {
    const { op, args, idempotent = spec.body === undefined } = spec
    return caller.run({ op, args, idempotent }, options, (call) => once(spec, call))
  }
}

/** A transport that follows no redirect reports one as a protocol error. A browser hides even its status. */
function isRedirect(error: unknown): error is SignalboxError {
  return SignalboxError.is(error, 'protocol') && error.sent === 'yes' && (error.status ?? 0) < 400
}
