/** A request and the first line of its answer, on a connection of its own: whatever is queued behind an ask waits for it. */
import type { Call } from '../core/call.js'
import { encodeNdjson, ndjsonDecoder } from '../core/codec/ndjson.js'
import { createReader, type MessageReader } from '../core/messages.js'
import { onAbort } from '../core/on-abort.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Link, StreamTransport } from '../transport.js'
import { cccError, failureOf } from './error.js'

export type Line = Readonly<Record<string, unknown>>

export interface Conversation {
  readonly link: Link
  /** What comes behind the first line. */
  readonly reader: MessageReader<unknown>
  readonly first: Line
}

export interface Exchange {
  /** Gives an answer that is `ok`, or a stream's first frame. The link is the caller's to close. */
  converse(request: Line, at: Call): Promise<Conversation>
  /** What ends with the client: its links, and the streams that would open others. */
  readonly owned: Set<{ close(): Promise<unknown> }>
  /** Leaves nothing behind: not what is open, not what is being opened. */
  close(): Promise<void>
}

export function createExchange(options: { readonly transport: StreamTransport<void>; readonly maxLineBytes?: number }): Exchange {
  const owned: Exchange['owned'] = new Set()
  let over = false

  const open = async (at: Call): Promise<Link> => {
    const link = over ? undefined : await options.transport.open(undefined, at)
    if (!link || over) {
      await link?.close()
      throw cccError('closed', 'This client was disposed of.', { retryable: false })
    }
    owned.add(link)
    void link.closed.then(() => owned.delete(link))
    return link
  }

  return {
    owned,
    async close() {
      over = true
      await Promise.all([...owned].map((one) => one.close()))
    },
    async converse(request, at) {
      const { op, signal } = at
      const line = encodeNdjson(request)
      const link = await open(at)
      const ignore = onAbort(signal, () => void link.close())
      // The write may fail because the server hung up after it said why: what it said is read either way.
      void link.write(line).catch(() => {})
      const reader = createReader<Line | null>(link, ndjsonDecoder(options))
      const first = await reader
        .next()
        .catch(async (error: unknown) => {
          await link.close()
          // Whoever refused us before anything went through says `no`; that a line came in does not say that ours was carried out.
          throw SignalboxError.is(error) && error.sent === 'yes' ? withFacts(error, {}, { sent: 'maybe' }) : error
        })
        .finally(ignore)
      if (first?.ok === true || first?.event) return { link, reader, first }
      const reason = await link.close()
      if (first) throw await failureOf(op, first, at.idempotent)
      const { kind, stderrTail = '', error } = reason as { kind: string; stderrTail?: string; error?: unknown }
      // For a child, such as ssh, its last words say why.
      throw cccError(
        kind === 'exit' ? 'exited' : 'closed',
        `The connection ended (${kind}) before ${op} was answered. ${stderrTail.trim()}`,
        {
          ...(reason as object),
          hint: 'It may have been carried out: resolve() finds out for an ask or a send.',
          sent: 'maybe',
          cause: error,
        },
      )
    },
  }
}
