/** A request and the first line of its answer, on a connection of its own: whatever is queued behind an ask waits for it. */
import { encodeNdjson, MAX_LINE_BYTES, ndjsonDecoder } from '../core/codec/ndjson.js'
import { createReader, type MessageReader } from '../core/messages.js'
import { abortError } from '../core/scope.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { CloseReason, Link, StreamTransport } from '../transport.js'

export type Line = Readonly<Record<string, unknown>>

export interface Wire {
  readonly transport: StreamTransport<void>
  readonly maxLineBytes: number | undefined
}

export interface Conversation {
  readonly link: Link
  /** What comes behind the first line. */
  readonly reader: MessageReader<unknown>
  readonly first: Line
}

/** The link is the caller's to close. A request that was not answered may have been carried out: `sent` says `maybe`. */
export async function converse(
  { transport, maxLineBytes = MAX_LINE_BYTES }: Wire,
  request: Line,
  call: { readonly op: string; readonly signal: AbortSignal; readonly trace?: Readonly<Record<string, string>> },
): Promise<Conversation> {
  const { signal, op, trace = {} } = call
  const link = await transport.open(undefined, { signal, trace })
  const leave = (): void => void link.close()
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave)
  try {
    // The write may fail because the server hung up after it said why: what it said is read either way.
    void link.write(encodeNdjson(request)).catch(() => {})
    const reader = createReader(link, ndjsonDecoder({ maxLineBytes }))
    const first = await reader.next()
    if (first === null) throw signal.aborted ? abortError(signal, { op, sent: 'maybe' }) : unanswered(op, await link.close())
    if (typeof first === 'object' && !Array.isArray(first)) return { link, reader, first: first as Line }
    throw new SignalboxError({
      code: 'protocol',
      message: `The answer to ${op} is no object. Is this a ccc server?`,
      sent: 'maybe',
    })
  } catch (error) {
    await link.close()
    // Whoever refused us before anything went through says `no`; that a line came in does not say that ours was carried out.
    throw SignalboxError.is(error) && error.sent === 'yes' ? withFacts(error, {}, { sent: 'maybe' }) : error
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** The connection ended before an answer. For a child, such as ssh, its last words say why. */
function unanswered(op: string, reason: CloseReason): SignalboxError {
  if (reason.kind !== 'exit') {
    return new SignalboxError({
      code: 'closed',
      message: `The connection ended before ${op} was answered.`,
      hint: 'What the server had begun may go on; resolve() finds out for an ask or a send.',
      sent: 'maybe',
      cause: reason.kind === 'error' ? reason.error : undefined,
    })
  }
  const { exitCode, signal, stderrTail } = reason
  return new SignalboxError({
    code: 'exited',
    message: `The command that carries ${op} ended (${exitCode ?? signal}) without an answer. ${stderrTail.trim()}`,
    hint: 'Is the socket there, and does the command wait for the answer?',
    sent: 'maybe',
    exitCode,
    signal,
    stderrTail,
  })
}
