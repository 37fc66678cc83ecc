/**
 * The IPC socket: one request and one answer per connection. A daemon up to 0.4.2 blocks for ever on a connection that sends nothing; a
 * newer one waits half a second for a request. So the whole request is written at once after connecting, no connection is made without a
 * request, and a call that is given up ends its connection politely: see `polite-end.ts`.
 */
import { abortError } from '../core/deadline.js'
import type { Clock } from '../core/clock.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { CcccError, DaemonUnavailableError, OutcomeUnknownError } from './errors.js'
import { linesOf, parseLine, withBytesFirst } from './lines.js'
import { createPoliteEnds } from './polite-end.js'
import type { Loose } from './shapes.js'
import type { Wire, WireOptions } from './wire.js'

/** The longest request line that a daemon reads; it cuts a longer line and refuses the remainder as invalid. */
export const MAX_REQUEST_BYTES = 2_000_000

const encoder = /* @__PURE__ */ new TextEncoder()

/** One request as one line, to be written in one piece. Fails with `sent: 'no'`. */
function encodeRequest(op: string, args: Loose): Uint8Array {
  let text: string
  try {
    text = `${JSON.stringify({ v: 1, op, args })}\n`
  } catch (cause) {
    throw new CcccError({ code: 'invalid_argument', op, message: 'The arguments cannot be written as JSON.', cause })
  }
  const line = encoder.encode(text)
  if (line.byteLength <= MAX_REQUEST_BYTES) return line
  throw new CcccError({
    code: 'too_large',
    op,
    message: `The request has ${line.byteLength} bytes; the daemon reads at most ${MAX_REQUEST_BYTES}.`,
    hint: 'Send less, or name a file that holds it.',
  })
}

/** The request did not leave. */
function unavailable(op: string, cause: unknown): SignalboxError {
  if (cause instanceof CcccError && cause.sent === 'no') return cause
  const typedCause = SignalboxError.is(cause) ? cause : undefined
  return new DaemonUnavailableError({
    op,
    code: typedCause?.code === 'permission_denied' || typedCause?.code === 'invalid_argument' ? typedCause.code : 'unreachable',
    message: `The daemon cannot be reached. ${typedCause?.message ?? String(cause)}`,
    hint: typedCause ? undefined : 'Is the daemon running for this CCCC_HOME?',
    remoteCode: typedCause?.remoteCode,
    cause,
  })
}

/** The request was written, or its writing failed, and no whole answer came. */
function noAnswer(op: string, line: Uint8Array | undefined, fault: unknown, writeError: unknown): unknown {
  if (fault instanceof CcccError || SignalboxError.is(fault, 'too_large')) return fault
  // A gateway could not reach the daemon, or refused the request. The daemon never saw it.
  if (SignalboxError.is(fault) && (fault.sent === 'no' || fault.code === 'permission_denied')) {
    const isDown = fault.code === 'unreachable' || fault.code === 'unavailable'
    return isDown ? unavailable(op, fault) : withFacts(fault, {}, { sent: 'no' })
  }
  if (!line && SignalboxError.is(writeError) && writeError.sent === 'no') return unavailable(op, writeError)
  return new OutcomeUnknownError({
    op,
    code: line ? 'invalid_message' : 'closed',
    message: line
      ? `The answer to ${op} is no JSON object (${line.byteLength} bytes).`
      : `The daemon closed the connection without an answer to ${op}.`,
    hint: 'The daemon may have acted: find out before you repeat the call.',
    cause: fault ?? writeError,
  })
}

/** The request was written and its caller waits no more. A deadline leaves an unknown outcome; an abort is the caller's own. */
function givenUp(op: string, end: { readonly reason: unknown }): SignalboxError {
  const { code, message, cause } = abortError(end, { op, sent: 'maybe' })
  if (code !== 'deadline_exceeded') return abortError(end, { op, sent: 'maybe' })
  return new OutcomeUnknownError({
    code,
    op,
    message,
    cause,
    hint: 'The daemon may have acted: find out before you repeat the call.',
  })
}

export interface SocketWireOptions {
  readonly transport: StreamTransport
  readonly clock: Clock
  readonly maxLineBytes: number
}

export function socketWire({ transport, clock, maxLineBytes }: SocketWireOptions): Wire {
  const ends = createPoliteEnds(clock, maxLineBytes)

  const connect = async (op: string, { deadline, trace }: WireOptions): Promise<Link> => {
    if (deadline.ended) throw abortError(deadline, { op, sent: 'no' })
    // Its own signal: a caller who gives up must not interrupt the opening.
    const stop = new AbortController()
    const opening = transport.open(undefined, { signal: stop.signal, ...(trace ? { trace } : {}) })
    try {
      const link = await deadline.race(opening)
      if (deadline.ended) throw deadline.reason
      return link
    } catch (error) {
      if (!deadline.ended) throw unavailable(op, error)
      ends.beforeRequest(opening, (reason) => stop.abort(reason), encodeRequest('ping', {}))
      throw abortError(deadline, { op, sent: 'no' })
    }
  }

  return {
    kind: 'socket',
    name: transport.name,
    async request(op, args, options) {
      const { deadline, takeOver } = options
      const request = encodeRequest(op, args)
      const link = await connect(op, options)
      const written = link.write(request)
      let writeError: unknown
      written.catch((error: unknown) => {
        writeError = error
      })
      const lines = linesOf(link, maxLineBytes)
      const reading = lines.next()
      let line: Uint8Array | undefined
      let fault: unknown
      try {
        line = await deadline.race(reading)
        const answer = line && parseLine(line)
        if (answer && takeOver) return { answer, link: withBytesFirst(link, lines.rest()) }
        // The daemon closes by itself after its answer; the call does not wait for that.
        ends.track(link.close({ graceMs: 500 }))
        if (answer) return { answer }
      } catch (error) {
        if (deadline.ended) {
          ends.afterRequest(link, written, reading)
          throw givenUp(op, deadline)
        }
        ends.track(link.close())
        fault = error
      }
      throw noAnswer(op, line, fault, writeError)
    },
    close: () => ends.close(),
  }
}
