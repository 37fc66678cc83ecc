/**
 * NDJSON. Splits on 0x0A alone (U+2028 occurs raw inside strings), decodes whole lines only (so no character is ever cut), caps the
 * line, accepts a complete last line without a newline, and costs linear time for a line of any length in chunks of any size.
 */
import { SignalboxError } from '../../errors.js'
import { createAccumulator } from './bytes.js'
import type { Decoder, DecoderState } from './codec.js'

/** The default of `maxLineBytes`: 32 MiB. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024

/** Options of `ndjsonDecoder`. */
export interface NdjsonOptions<Message> {
  /** Default 32 MiB, the newline not counted. */
  readonly maxLineBytes?: number
  /** Reads one line; default `JSON.parse`. What it throws is the `cause` of the fault. */
  readonly parse?: (line: string) => unknown
  /**
   * Returns the message for a line that is not JSON; undefined skips the line. Without this option such a line ends the stream with
   * `invalid_message`. `truncated` marks a last line that the end of the stream cut short.
   */
  readonly onInvalid?: (line: string, cause: unknown, truncated: boolean) => Message | undefined
}

const NEWLINE = 0x0a
const encoder = /* @__PURE__ */ new TextEncoder()
// Shared by all decoders: it decodes only whole lines, so it keeps no state between calls.
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true })

/** One line, ready to be written in one piece. */
export function encodeNdjson(message: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify(message)}\n`)
}

/**
 * Decodes lines of JSON. A broken line stops it with a fault, unless `onInvalid` handles it; empty lines are skipped.
 *
 * @example
 * import { ndjsonDecoder } from 'signalbox/codec'
 *
 * const decoder = ndjsonDecoder<{ id: number }>()
 * const messages = decoder.push(new TextEncoder().encode('{"id":1}\n{"id":2}\n'))
 * console.log(messages.length, decoder.fault)
 */
export function ndjsonDecoder<Message = unknown>(options: NdjsonOptions<Message> = {}): Decoder<Message> {
  const { maxLineBytes = MAX_LINE_BYTES, onInvalid, parse: parseLine = JSON.parse } = options
  const partial = createAccumulator()

  const fail = (code: 'too_large' | 'invalid_message', message: string, facts?: { cause: unknown }): void => {
    decoder.fault = new SignalboxError({ code, message, sent: 'yes', ...facts })
  }

  const fits = (bytes: number): boolean => {
    if (bytes <= maxLineBytes) return true
    const what = `A line of at least ${bytes} bytes came in; the limit is ${maxLineBytes}.`
    fail('too_large', `${what} Raise maxLineBytes if the peer is trusted to send such lines.`)
    return false
  }

  const parse = (line: string, out: Message[], truncated = false): void => {
    try {
      out.push(parseLine(line) as Message)
    } catch (cause) {
      // Blank lines are skipped: some peers send them as a heartbeat.
      if (line.trim() === '') return
      if (onInvalid) {
        const made = onInvalid(line, cause, truncated)
        if (made !== undefined) out.push(made)
        return
      }
      const what = truncated
        ? `The stream ended inside a line, ${line.length} characters into it; that message is lost.`
        : `A line of ${line.length} characters is not JSON. Is this the right port?`
      fail('invalid_message', what, { cause })
    }
  }

  /** Whole lines, without the last newline. */
  const lines = (bytes: Uint8Array, out: Message[]): void => {
    if (bytes.byteLength > maxLineBytes) {
      // Together they exceed the limit, so each line is measured, in bytes.
      for (let start = 0; start <= bytes.byteLength && !decoder.fault; ) {
        const found = bytes.indexOf(NEWLINE, start)
        const end = found === -1 ? bytes.byteLength : found
        if (fits(end - start)) parse(utf8.decode(bytes.subarray(start, end)), out)
        start = end + 1
      }
      return
    }
    // One decode for the whole batch makes small lines cheap.
    const text = utf8.decode(bytes)
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      if (end > start) parse(text.slice(start, end), out)
      if (decoder.fault) return
      start = end + 1
    }
    if (start < text.length) parse(start === 0 ? text : text.slice(start), out)
  }

  const keep = (bytes: Uint8Array): void => {
    if (fits(partial.length + bytes.byteLength)) partial.append(bytes, maxLineBytes)
  }

  const decoder: DecoderState<Decoder<Message>> = {
    fault: null,
    push(chunk) {
      const out: Message[] = []
      if (decoder.fault) return out
      const last = chunk.lastIndexOf(NEWLINE)
      let start = 0
      if (partial.length > 0 && last !== -1) {
        start = chunk.indexOf(NEWLINE) + 1
        keep(chunk.subarray(0, start - 1))
        if (!decoder.fault) parse(utf8.decode(partial.view()), out)
        partial.clear()
      }
      if (start < last && !decoder.fault) lines(chunk.subarray(start, last), out)
      if (last + 1 < chunk.byteLength && !decoder.fault) keep(chunk.subarray(last + 1))
      return out
    },
    end() {
      const out: Message[] = []
      if (!decoder.fault && partial.length > 0) parse(utf8.decode(partial.take()), out, true)
      return out
    },
  }
  return decoder
}
