/** `/v1/<upstream>/http/…`: an HTTP upstream behind the gateway. Its credential is added by the transport on this side. */
import { SignalboxError } from '../errors.js'
import type { Reply } from '../transport.js'
import { observeBody } from './call.js'
import { checkPin, notePassed, noteRefused, noteWrongPin, type GatewayContext, type Target } from './context.js'
import { enforce } from './message-filter.js'
import { Refusal } from './refusal.js'
import type { ExchangeUpstream } from './upstream.js'

/** The headers that pass in each direction. All others are dropped, above all cookies and credentials. */
const REQUEST_HEADERS = ['accept', 'content-type', 'x-workspace-id', 'x-collector-id', 'if-none-match', 'traceparent', 'tracestate']
const REPLY_HEADERS = ['content-type', 'retry-after', 'etag', 'x-request-id']

/** A `Response` with one of these statuses refuses even an empty body, and some transports give an empty body for none. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** The statuses by which a relay reports a wrong PIN. */
const WRONG_PIN: ReadonlySet<number> = new Set([401, 403, 423, 429])

const WRONG_PIN_EVENT = 'pin_denied'

/** The event by which a streamed answer reports it. */
function watchForWrongPin(body: ReadableStream<Uint8Array>, onWrongPin: () => void): ReadableStream<Uint8Array> {
  const utf8 = new TextDecoder()
  let end = ''
  return observeBody(body, {
    onChunk(chunk) {
      const text = end + utf8.decode(chunk, { stream: true })
      for (let count = text.split(WRONG_PIN_EVENT).length - 1; count > 0; count -= 1) onWrongPin()
      end = text.slice(1 - WRONG_PIN_EVENT.length)
    },
  })
}

/** Sends a request on, with the headers that may cross, and gives the answer. */
export async function proxy(
  context: GatewayContext,
  target: Target<ExchangeUpstream>,
  request: { readonly method: string; readonly rest: string; readonly headers: Headers; readonly body: Uint8Array | undefined },
  signal: AbortSignal,
): Promise<Response> {
  const { method, rest, body } = request
  const [path = '/'] = rest.split('?')
  const { upstream, grant } = target
  const verdicts = [upstream.policy.classify(method, path, body)].flat()
  const carriesPin = verdicts.some((verdict) => verdict.carriesPin)
  for (const verdict of verdicts) {
    try {
      enforce(grant, verdict)
      if (verdict.carriesPin) checkPin(context, target)
    } catch (error) {
      if (error instanceof Refusal) noteRefused(context, target, verdict, error)
      throw error
    }
  }
  notePassed(context, target, verdicts)
  const headers: Record<string, string> = {}
  for (const name of REQUEST_HEADERS) {
    const value = request.headers.get(name)
    if (value !== null) headers[name] = value
  }
  let answered: Reply | undefined
  try {
    const reply = await upstream.transport.exchange({ method, path: rest, headers, ...(body ? { body } : {}) }, { signal })
    answered = reply
    const replyHeaders: Record<string, string> = {}
    for (const name of REPLY_HEADERS) {
      const value = reply.headers[name]
      if (value !== undefined) replyHeaders[name] = value
    }
    const bodiless = BODILESS.has(reply.status)
    if (bodiless) void reply.body?.cancel().catch(() => {})
    const onWrongPin = (): void => noteWrongPin(context, target)
    if (carriesPin && WRONG_PIN.has(reply.status)) onWrongPin()
    const answer = carriesPin && reply.body ? watchForWrongPin(reply.body, onWrongPin) : reply.body
    return new Response(bodiless ? null : answer, { status: reply.status, headers: replyHeaders })
  } catch (error) {
    // The status or the headers are invalid, so the body will not be read.
    void answered?.body?.cancel().catch(() => {})
    if (signal.aborted) throw error
    const why = SignalboxError.is(error) ? error.code : 'failed'
    const reached = SignalboxError.is(error) && error.sent === 'no' ? 'upstream_unreachable' : 'upstream_failed'
    throw new Refusal(reached, { message: `The upstream could not be reached, or did not answer (${why}).` })
  }
}
