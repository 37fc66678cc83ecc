/**
 * Server-sent events, as the WHATWG standard reads them: CR, LF and CRLF end a line wherever a chunk is cut, one BOM may stand first,
 * `data` lines are joined, an event that the end of the stream cuts short is not delivered.
 */
import { SignalboxError } from '../../errors.js'
import { createAccumulator } from './bytes.js'
import type { Decoder, DecoderState } from './codec.js'

/** The default of `maxEventBytes`: 32 MiB. */
export const MAX_EVENT_BYTES = 32 * 1024 * 1024

/** Options of `sseDecoder`. */
export interface SseOptions {
  /** Default 32 MiB, for all lines of one event together. */
  readonly maxEventBytes?: number
  /** The initial id: the one that the caller sent as `Last-Event-ID`. */
  readonly lastEventId?: string
}

/** An event or a comment of the stream. */
export type SseMessage =
  | {
      readonly type: 'event'
      /** `message` if the peer names none. */
      readonly event: string
      readonly data: string
      /** The last id, which may be from an earlier event. */
      readonly id: string
    }
  /** A comment. Servers send comments as a heartbeat. */
  | { readonly type: 'comment'; readonly text: string }

/** A decoder that also knows where to resume. */
export interface SseDecoder extends Decoder<SseMessage> {
  /** The id to resume from. An id without data changes it too. */
  readonly lastEventId: string
  /** The pause before reconnecting that the peer asked for last. */
  readonly retryMs: number | undefined
}

const CR = 0x0d
const LF = 0x0a
const BOM = '\ufeff'
// Shared by all decoders: it decodes only whole lines, so it keeps no state between calls.
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Decodes server-sent events.
 *
 * @example
 * import { sseDecoder } from 'signalbox/codec'
 *
 * const decoder = sseDecoder()
 * for (const message of decoder.push(new TextEncoder().encode('id: 7\ndata: hello\n\n'))) {
 *   if (message.type === 'event') console.log(message.data, decoder.lastEventId)
 * }
 */
export function sseDecoder(options: SseOptions = {}): SseDecoder {
  const { maxEventBytes = MAX_EVENT_BYTES } = options
  const partial = createAccumulator()
  let firstLine = true
  // A CR ended the last line: an LF directly after it, even in the next chunk, is part of the same line end.
  let afterCr = false
  let event = ''
  // Becomes `lastEventId` at the end of its event: an incomplete event has no effect.
  let id = options.lastEventId ?? ''
  let data: string[] = []
  let eventBytes = 0

  const dispatch = (out: SseMessage[]): void => {
    decoder.lastEventId = id
    if (data.length > 0) out.push({ type: 'event', event: event || 'message', data: data.join('\n'), id })
    event = ''
    data = []
    eventBytes = 0
  }

  const field = (name: string, value: string): void => {
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^[0-9]+$/.test(value)) decoder.retryMs = Number(value)
  }

  const line = (bytes: Uint8Array, out: SseMessage[]): void => {
    let text = utf8.decode(bytes)
    if (firstLine && text.startsWith(BOM)) text = text.slice(1)
    firstLine = false
    if (text === '') {
      dispatch(out)
      return
    }
    const colon = text.indexOf(':')
    const name = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    // A comment is delivered at once, so its bytes do not count for the event around it.
    if (colon === 0) out.push({ type: 'comment', text: value })
    else {
      eventBytes += bytes.byteLength
      field(name, value)
    }
  }

  /** Keeps bytes of the current line, unless the event becomes too large. */
  const fits = (bytes: number): boolean => {
    const total = eventBytes + partial.length + bytes
    if (total > maxEventBytes) decoder.fault = tooLarge(total, maxEventBytes)
    return decoder.fault === null
  }

  const decoder: DecoderState<SseDecoder> = {
    fault: null,
    lastEventId: id,
    retryMs: undefined,
    push(chunk) {
      const out: SseMessage[] = []
      const size = chunk.byteLength
      let at = 0
      // The next position of each kind of line end is searched again only after the old one was passed, so a chunk is scanned at most twice.
      let lf = -1
      let cr = -1
      while (at < size && !decoder.fault) {
        if (afterCr) {
          afterCr = false
          if (chunk[at] === LF) {
            at += 1
            continue
          }
        }
        if (lf < at) lf = orEnd(chunk.indexOf(LF, at), size)
        if (cr < at) cr = orEnd(chunk.indexOf(CR, at), size)
        const end = Math.min(lf, cr)
        const piece = chunk.subarray(at, end)
        if (!fits(piece.byteLength)) break
        if (end === size) {
          partial.append(piece, maxEventBytes)
          break
        }
        if (partial.length === 0) line(piece, out)
        else {
          partial.append(piece, maxEventBytes)
          line(partial.view(), out)
          partial.clear()
        }
        afterCr = end === cr
        at = end + 1
      }
      return out
    },
    end() {
      partial.clear()
      data = []
      return []
    },
  }
  return decoder
}

const orEnd = (found: number, size: number): number => (found === -1 ? size : found)

function tooLarge(bytes: number, limit: number): SignalboxError {
  return new SignalboxError({
    code: 'too_large',
    message: `A server-sent event of at least ${bytes} bytes came in; the limit is ${limit}.`,
    hint: 'Raise maxEventBytes if the peer is trusted to send events of this size.',
    sent: 'yes',
  })
}
