/**
 * The IPC socket: one request and one answer per connection. The rules that keep an old daemon alive are here, and only here. A daemon up
 * to 0.4.2 blocks for ever on a connection that sends nothing, and dies of one that closes before it sent a whole valid request; a newer
 * one gives a request half a second. So: the whole request at once after connecting, never a connection without a request, and an abort
 * stops the waiting at once but ends the connection politely, in the background and within bounds.
 */
import { abortError, createScope, raceSignal } from '../core/scope.js'
import type { Clock } from '../core/clock.js'
import { SignalboxError } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { CcccError, DaemonUnavailableError, OutcomeUnknownError } from './errors.js'
import { readFirstLine, withBytesFirst, type FirstLine } from './first-line.js'
import { isRecord, type Loose } from './shapes.js'
import type { Wire, WireOptions } from './wire.js'

/** The daemon cuts a longer line and takes the rest for nonsense. */
export const MAX_REQUEST_BYTES = 2_000_000
const OPENING_MS = 30_000
const FLUSHING_MS = 30_000
const FAREWELL_MS = 5_000
/** How long a closing client waits for its connections to end politely. */
const CLOSING_MS = 2_000

const encoder = /* @__PURE__ */ new TextEncoder()

/** One request, ready to be written in one piece. */
export function encodeRequest(op: string, args: Loose): Uint8Array {
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
    message: `The request is ${line.byteLength} bytes long; the daemon reads at most ${MAX_REQUEST_BYTES}.`,
    hint: 'Send less, or put the data into a file of the group and name it.',
  })
}

export interface SocketWireOptions {
  readonly transport: StreamTransport
  readonly clock: Clock
  readonly maxLineBytes: number
}

export function socketWire({ transport, clock, maxLineBytes }: SocketWireOptions): Wire {
  const background = new Set<Promise<unknown>>()
  // Falls when the client is closed and its patience is over: what still waits politely then ends at once.
  const hurry = createScope()
  const track = (work: Promise<unknown>): void => {
    const quiet: Promise<unknown> = work
      .then(
        () => {},
        () => {},
      )
      .finally(() => background.delete(quiet))
    background.add(quiet)
  }
  const atMost = async (ms: number, work: Promise<unknown>): Promise<void> => {
    const scope = createScope({ signal: hurry.signal, timeoutMs: ms, clock })
    try {
      await raceSignal(work, scope.signal)
    } catch {
      // Late or failed: either way the connection is closed next.
    } finally {
      scope[Symbol.dispose]()
    }
  }
  const facts = { transport: transport.name }

  /** A connection that was opened for a call that is over: a whole request, its answer, and only then the end. */
  const farewell = async (opening: Promise<Link>): Promise<void> => {
    let link: Link
    try {
      link = await raceSignal(opening, hurry.signal)
    } catch {
      // It may still open, after everything is over.
      opening.then(
        (late) => void late.close(),
        () => {},
      )
      return
    }
    link.write(encodeRequest('ping', {})).catch(() => {})
    await atMost(FAREWELL_MS, readFirstLine(link, maxLineBytes))
    await link.close()
  }
  /** A request that is being written is written to its end: half a line would be an invalid request. */
  const leave = async (link: Link, written: Promise<void>, reading: Promise<unknown>): Promise<void> => {
    await atMost(FLUSHING_MS, written)
    await atMost(FAREWELL_MS, reading)
    await link.close()
  }

  const opened = async (op: string, { signal, trace }: WireOptions): Promise<Link> => {
    if (signal.aborted) throw abortError(signal, { ...facts, op, sent: 'no' })
    const scope = createScope({ signal: hurry.signal, timeoutMs: OPENING_MS, clock })
    const opening = transport.open(undefined, { signal: scope.signal, ...(trace ? { trace } : {}) })
    opening.then(scope[Symbol.dispose], scope[Symbol.dispose])
    try {
      const link = await raceSignal(opening, signal)
      // It fell in the moment between: the request is not sent any more, and the connection still needs one.
      signal.throwIfAborted()
      return link
    } catch (error) {
      if (signal.aborted) {
        track(farewell(opening))
        throw abortError(signal, { ...facts, op, sent: 'no' })
      }
      throw unavailable(op, error)
    }
  }

  const unavailable = (op: string, cause: unknown): SignalboxError => {
    if (cause instanceof CcccError) return cause
    const known = SignalboxError.is(cause) ? cause : undefined
    return new DaemonUnavailableError({
      ...facts,
      op,
      code: known?.code === 'permission_denied' || known?.code === 'invalid_argument' ? known.code : 'unreachable',
      message: `The daemon cannot be reached. ${known?.message ?? String(cause)}`,
      hint: known ? undefined : 'Is the daemon running for this CCCC_HOME?',
      sent: 'no',
      ...(known?.remoteCode === undefined ? {} : { remoteCode: known.remoteCode }),
      cause,
    })
  }

  /** Opens, writes and reads the answer's line; the link is the caller's afterwards. */
  const ask = async (op: string, line: Uint8Array, options: WireOptions): Promise<{ link: Link; first: FirstLine }> => {
    const { signal } = options
    const link = await opened(op, options)
    const written = link.write(line)
    let writeError: unknown
    written.catch((error: unknown) => {
      writeError = error
    })
    const reading = readFirstLine(link, maxLineBytes)
    try {
      const first = await raceSignal(reading, signal)
      if (first !== null) return { link, first }
    } catch (error) {
      if (signal.aborted) {
        track(leave(link, written, reading))
        throw abortError(signal, { ...facts, op, sent: 'maybe' })
      }
      track(link.close())
      if (SignalboxError.is(error, 'too_large')) throw error
      // Refused on the way, as by a gateway: the daemon never saw it.
      if (SignalboxError.is(error) && (error.sent === 'no' || error.code === 'permission_denied')) throw refusedOnTheWay(op, error)
      throw lost(op, writeError, error)
    }
    track(link.close())
    throw lost(op, writeError, undefined)
  }

  const refusedOnTheWay = (op: string, { code, message, remoteCode, retryAfterMs }: SignalboxError): SignalboxError =>
    new SignalboxError({ ...facts, op, code, message, remoteCode, retryAfterMs, sent: 'no' })

  const lost = (op: string, writeError: unknown, cause: unknown): SignalboxError => {
    const nothing = SignalboxError.is(writeError) && writeError.sent === 'no'
    if (nothing) return unavailable(op, writeError)
    return new OutcomeUnknownError({
      ...facts,
      op,
      code: 'closed',
      message: `The daemon ended the connection without an answer to ${op}.`,
      hint: 'It may have acted on the request or not: look before you repeat it.',
      sent: 'maybe',
      retryable: false,
      cause: cause ?? writeError,
    })
  }

  const parsed = (op: string, { line }: FirstLine): Loose => {
    let value: unknown
    let cause: unknown
    try {
      value = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(line))
    } catch (error) {
      cause = error
    }
    if (isRecord(value)) return value
    throw new OutcomeUnknownError({
      ...facts,
      op,
      code: 'invalid_message',
      message: `The answer to ${op} is ${cause === undefined ? 'not an object' : 'not JSON'} (${line.byteLength} bytes).`,
      hint: 'It was cut short, or something else listens at this address.',
      sent: 'maybe',
      retryable: false,
      cause,
    })
  }

  return {
    kind: 'socket',
    name: transport.name,
    async request(op, args, options) {
      const { link, first } = await ask(op, encodeRequest(op, args), options)
      // The daemon closes by itself after its answer; nobody needs to wait for that.
      track(link.close({ graceMs: 500 }))
      return parsed(op, first)
    },
    async open(op, args, options) {
      const { link, first } = await ask(op, encodeRequest(op, args), options)
      try {
        return { answer: parsed(op, first), link: withBytesFirst(link, first.rest) }
      } catch (error) {
        track(link.close())
        throw error
      }
    },
    async close() {
      await atMost(CLOSING_MS, Promise.all([...background]))
      hurry.abort()
      // A link's close is bounded by itself.
      await Promise.all([...background])
    },
  }
}
