/** One request on a connection of its own, because whatever is queued behind an ask waits for it. */
import { encodeNdjson, MAX_LINE_BYTES, ndjsonDecoder } from '../core/codec/ndjson.js'
import { messages } from '../core/messages.js'
import { abortError } from '../core/scope.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Call } from '../core/call.js'
import type { CloseReason, StreamTransport } from '../transport.js'

export interface LineOptions {
  readonly maxLineBytes?: number | undefined
}

/** The first line of the answer, parsed. A request that was not answered may have been carried out: `sent` says `maybe`. */
export async function exchangeLine(
  transport: StreamTransport<void>,
  request: Readonly<Record<string, unknown>>,
  call: Call,
  options: LineOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { signal, trace, op } = call
  const facts = { system: 'ccc', transport: transport.name, op }
  const link = await transport.open(undefined, { signal, trace })
  const leave = (): void => void link.close()
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    // The write may fail because the server hung up after it said why: what it said is read either way.
    void link.write(encodeNdjson(request)).catch(() => {})
    const decoder = ndjsonDecoder({ maxLineBytes: options.maxLineBytes ?? MAX_LINE_BYTES })
    for await (const answer of messages(link, decoder)) return asObject(answer, facts)
    if (signal.aborted) throw abortError(signal, { ...facts, sent: 'maybe' })
    throw unanswered(await link.close(), facts)
  } catch (error) {
    // The link knows best what became of what it carried: a gateway that refused says that nothing went through.
    throw SignalboxError.is(error) ? withFacts(error, facts) : error
  } finally {
    signal.removeEventListener('abort', leave)
    await link.close()
  }
}

export function asObject(
  answer: unknown,
  facts: { system: string; transport: string; op: string },
): Readonly<Record<string, unknown>> {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Record<string, unknown>
  throw new SignalboxError({
    ...facts,
    code: 'protocol',
    message: `${facts.op} was answered with JSON that is no object.`,
    hint: 'Is this the socket of a ccc server?',
    sent: 'maybe',
  })
}

/** The connection ended before an answer. For a child, such as ssh, its last words say why. */
export function unanswered(reason: CloseReason, facts: { system: string; transport: string; op: string }): SignalboxError {
  if (reason.kind === 'exit') {
    const { exitCode, signal, stderrTail } = reason
    const last = stderrTail.trim()
    return new SignalboxError({
      ...facts,
      code: 'exited',
      message: `The command that carries ${facts.op} ended (${exitCode ?? signal}) without an answer${last ? `: ${last}` : ''}.`,
      hint: 'Does the remote host have the socket, and does the command wait long enough for an answer?',
      sent: 'maybe',
      exitCode,
      signal,
      stderrTail,
    })
  }
  return new SignalboxError({
    ...facts,
    code: 'closed',
    message: `The connection ended before ${facts.op} was answered.`,
    hint: 'The server was stopped or restarted. What it had begun goes on or was lost; resolve() can tell for an ask or a send.',
    sent: 'maybe',
    cause: reason.kind === 'error' ? reason.error : undefined,
  })
}
