/**
 * The IPC socket: one request and one answer per connection. The rules that keep an old daemon alive are here, and only here. A daemon up
 * to 0.4.2 blocks for ever on a connection that sends nothing, and dies of one that closes before it sent a whole valid request; a newer
 * one gives a request half a second. So: the whole request at once after connecting, never a connection without a request, and an abort
 * stops the waiting at once but ends the connection politely, in the background and within bounds.
 */
import { abortError, createDeadline, raceSignal, type Deadline } from '../core/deadline.js'
import type { Clock } from '../core/clock.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { CcccError, DaemonUnavailableError, OutcomeUnknownError } from './errors.js'
import { linesOf, parseLine, withBytesFirst } from './lines.js'
import type { Loose } from './shapes.js'
import type { Wire, WireOptions } from './wire.js'

/** The daemon cuts a longer line and takes the rest for nonsense. */
export const MAX_REQUEST_BYTES = 2_000_000
const OPENING_MS = 30_000
const FLUSHING_MS = 30_000
const FAREWELL_MS = 5_000
/** How long a closing client waits for its connections to end politely. */
const CLOSING_MS = 2_000

/** One request, ready to be written in one piece. */
export function encodeRequest(op: string, args: Loose): Uint8Array {
  let text: string
  try {
    text = `${JSON.stringify({ v: 1, op, args })}\n`
  } catch (cause) {
    throw new CcccError({ code: 'invalid_argument', op, message: 'The arguments cannot be written as JSON.', cause })
  }
  const line = new TextEncoder().encode(text)
  if (line.byteLength <= MAX_REQUEST_BYTES) return line
  throw new CcccError({
    code: 'too_large',
    op,
    message: `The request has ${line.byteLength} bytes; the daemon reads at most ${MAX_REQUEST_BYTES}.`,
    hint: 'Send less, or name a file that holds it.',
  })
}

function unavailable(op: string, cause: unknown): SignalboxError {
  if (cause instanceof CcccError) return cause
  const known = SignalboxError.is(cause) ? cause : undefined
  return new DaemonUnavailableError({
    op,
    code: known?.code === 'permission_denied' || known?.code === 'invalid_argument' ? known.code : 'unreachable',
    message: `The daemon cannot be reached. ${known?.message ?? String(cause)}`,
    hint: known ? undefined : 'Is the daemon running for this CCCC_HOME?',
    remoteCode: known?.remoteCode,
    cause,
  })
}

export interface SocketWireOptions {
  readonly transport: StreamTransport
  readonly clock: Clock
  readonly maxLineBytes: number
}

const nothing = (): void => {}

export function socketWire({ transport, clock, maxLineBytes }: SocketWireOptions): Wire {
  const background = new Set<Promise<void>>()
  // One deadline a wait, gathered here: a signal that all of them followed would carry as many listeners as there are calls.
  const waits = new Set<Deadline>()
  // The client is closed and its patience over: what still waits politely ends at once.
  let hurried = false

  const track = (work: Promise<unknown>): void => {
    const quiet = work.then(nothing, nothing).finally(() => background.delete(quiet))
    background.add(quiet)
  }
  const bounded = async <T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const deadline = createDeadline({ timeoutMs, clock })
    waits.add(deadline)
    if (hurried) deadline.abort()
    try {
      return await work(deadline.signal)
    } finally {
      waits.delete(deadline)
      deadline[Symbol.dispose]()
    }
  }
  /** Late or failed: either way the connection is closed next. */
  const atMost = (ms: number, work: Promise<unknown>): Promise<unknown> =>
    bounded(ms, (signal) => raceSignal(work, signal)).catch(nothing)

  /** A request that is being written is written to its end, half a line would be an invalid request; and read to its answer. */
  const leave = async (link: Link, written: Promise<void>, reading: Promise<unknown>): Promise<void> => {
    reading.catch(nothing)
    await atMost(FLUSHING_MS, written)
    await atMost(FAREWELL_MS, reading)
    await link.close()
  }
  /** A connection that was opened for a call that is over: a whole request, its answer, and only then the end. */
  const farewell = async (opening: Promise<Link>): Promise<void> => {
    let link: Link
    try {
      link = await bounded(0, (signal) => raceSignal(opening, signal))
    } catch {
      // It may still open, after everything is over.
      opening.then((late) => void late.close(), nothing)
      return
    }
    await leave(link, link.write(encodeRequest('ping', {})), linesOf(link, maxLineBytes).next())
  }

  const opened = async (op: string, { signal, trace }: WireOptions): Promise<Link> => {
    if (signal.aborted) throw abortError(signal, { op, sent: 'no' })
    const opening = bounded(OPENING_MS, (own) => transport.open(undefined, { signal: own, ...(trace ? { trace } : {}) }))
    try {
      const link = await raceSignal(opening, signal)
      // It fell in the moment between: the request is not sent any more, and the connection still needs one.
      signal.throwIfAborted()
      return link
    } catch (error) {
      if (!signal.aborted) throw unavailable(op, error)
      track(farewell(opening))
      throw abortError(signal, { op, sent: 'no' })
    }
  }

  /** Opens, writes and reads the answer; the link is the caller's afterwards. */
  const ask = async (op: string, args: Loose, options: WireOptions) => {
    const { signal } = options
    const request = encodeRequest(op, args)
    const link = await opened(op, options)
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
      line = await raceSignal(reading, signal)
      const answer = line && parseLine(line)
      if (answer) return { link, answer, rest: lines.rest() }
    } catch (error) {
      if (signal.aborted) {
        track(leave(link, written, reading))
        throw abortError(signal, { op, sent: 'maybe' })
      }
      fault = error
    }
    track(link.close())
    if (fault instanceof CcccError || SignalboxError.is(fault, 'too_large')) throw fault
    // Refused on the way, as by a gateway: the daemon never saw it.
    if (SignalboxError.is(fault) && (fault.sent === 'no' || fault.code === 'permission_denied')) {
      throw withFacts(fault, {}, { sent: 'no' })
    }
    if (!line && SignalboxError.is(writeError) && writeError.sent === 'no') throw unavailable(op, writeError)
    throw new OutcomeUnknownError({
      op,
      code: line ? 'invalid_message' : 'closed',
      message: line
        ? `The answer to ${op} is no JSON object (${line.byteLength} bytes).`
        : `The daemon left without an answer to ${op}.`,
      hint: 'It may have acted: look before you repeat it.',
      cause: fault ?? writeError,
    })
  }

  return {
    kind: 'socket',
    name: transport.name,
    async request(op, args, options) {
      const { link, answer } = await ask(op, args, options)
      // The daemon closes by itself after its answer; nobody needs to wait for that.
      track(link.close({ graceMs: 500 }))
      return answer
    },
    async open(op, args, options) {
      const { link, rest, answer } = await ask(op, args, options)
      return { answer, link: withBytesFirst(link, rest) }
    },
    async close() {
      await atMost(CLOSING_MS, Promise.all(background))
      hurried = true
      for (const deadline of waits) deadline.abort()
      // A link's close is bounded by itself.
      await Promise.all(background)
    },
  }
}
