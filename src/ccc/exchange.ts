/**
 * One request and the first line of its answer, on a connection of its own. A server answers the lines of one connection in turn, so a
 * request behind an ask would wait for the ask.
 */
import type { Call } from '../core/call.js'
import { ndjsonDecoder } from '../core/codec/ndjson.js'
import { isRecord } from '../core/is-record.js'
import { createReader, type MessageReader } from '../core/messages.js'
import { onAbort } from '../core/on-abort.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { CloseReason, Link, StreamTransport } from '../transport.js'
import { cccError, failureOf } from './error.js'

/** A request or an answer, with the field names of the wire. */
export type Line = Readonly<Record<string, unknown>>

export interface Conversation {
  readonly link: Link
  /** Reads the lines after `first` and `rest`. */
  readonly reader: MessageReader<unknown>
  readonly first: Line
  /** Lines that came together with the first one. */
  readonly rest: readonly unknown[]
}

export interface Exchange {
  /** Returns the answer, if it is `ok`, or the first frame of a stream. The caller closes the link. */
  converse(request: Line, at: Call): Promise<Conversation>
  /** Resources that end with the client: its links, and the streams that would open other links. */
  readonly owned: Set<{ close(): Promise<unknown> }>
  /** Ends every link, also links that are being opened. Later requests fail with `closed`. */
  close(): Promise<void>
}

export function createExchange(options: { readonly transport: StreamTransport<void>; readonly maxLineBytes?: number }): Exchange {
  const owned: Exchange['owned'] = new Set()
  let ended = false

  const openLink = async (at: Call): Promise<Link> => {
    const link = ended ? undefined : await options.transport.open(undefined, at)
    if (!link || ended) {
      await link?.close()
      throw cccError('closed', 'This client was closed.', { retryable: false })
    }
    owned.add(link)
    void link.closed.then(() => owned.delete(link))
    return link
  }

  return {
    owned,
    async close() {
      ended = true
      await Promise.all([...owned].map((stream) => stream.close()))
    },
    async converse(request, at) {
      const { op, signal, idempotent } = at
      const line = encoded(request, op)
      const link = await openLink(at)
      const ignore = onAbort(signal, () => void link.close())
      // The write fails if the server closes at once. Its reason may already be here, so the answer is read in any case.
      void link.write(line).catch(() => {})
      const reader = createReader<unknown>(link, ndjsonDecoder(options))
      let lines: unknown[] | null
      try {
        lines = await reader.batch()
      } catch (error) {
        await link.close()
        throw SignalboxError.is(error) ? withHonestSent(error) : error
      } finally {
        ignore()
      }
      const [first, ...rest] = lines ?? []
      if (isRecord(first) && (first.ok === true || first.event)) return { link, reader, first, rest }
      const reason = await link.close()
      throw lines ? failureOf(op, first, idempotent) : endedWithoutAnswer(op, reason)
    },
  }
}

/** One line. Throws `invalid_argument` for a value that JSON would drop or change. */
function encoded(request: Line, op: string): Uint8Array {
  try {
    return new TextEncoder().encode(`${JSON.stringify(request, onlyJson)}\n`)
  } catch (cause) {
    throw cccError('invalid_argument', `The fields of ${op} cannot be written as JSON: ${(cause as Error).message}.`, { cause })
  }
}

function onlyJson(key: string, value: unknown): unknown {
  const kept = typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'function' && typeof value !== 'symbol'
  if (kept) return value
  throw new TypeError(`${key} is ${typeof value === 'number' ? value : `a ${typeof value}`}`)
}

/** A gateway refuses a request before the server sees it. A line that came in does not prove that the request was carried out. */
function withHonestSent(error: SignalboxError): SignalboxError {
  if (error.code === 'permission_denied') return withFacts(error, {}, { sent: 'no' })
  return error.sent === 'yes' ? withFacts(error, {}, { sent: 'maybe' }) : error
}

function endedWithoutAnswer(op: string, reason: CloseReason): SignalboxError {
  const { kind, stderrTail = '', error } = reason as { kind: string; stderrTail?: string; error?: unknown }
  // For a child, such as ssh, its last output says why.
  const message = `The connection ended (${kind}) before ${op} was answered. ${stderrTail.trim()}`
  return cccError(kind === 'exit' ? 'exited' : 'closed', message, {
    ...(reason as object),
    hint: 'The request may have been carried out. For an ask or a send, resolve() finds out.',
    sent: 'maybe',
    cause: error,
  })
}
