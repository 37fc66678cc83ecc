/**
 * NDJSON. Splits on 0x0A alone (U+2028 occurs raw inside strings), decodes UTF-8 across chunks, caps the line, accepts a complete
 * last line without a newline, and costs linear time for a line of any length in chunks of any size.
 */
import { SignalboxError } from '../../errors.js'
import type { Decoder } from './codec.js'

export const MAX_LINE_BYTES = 32 * 1024 * 1024

export interface NdjsonOptions<Message> {
  /** Default 32 MiB. */
  readonly maxLineBytes?: number
  /** What to make of a line that is not JSON; by default the stream ends with `invalid_message`. Undefined skips the line. */
  readonly onInvalid?: (line: string, cause: unknown) => Message | undefined
}

const NEWLINE = 0x0a
const encoder = /* @__PURE__ */ new TextEncoder()

/** One line, ready to be written in one piece. */
export function encodeNdjson(message: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(message)}\n`)
}

export function ndjsonDecoder<Message = unknown>(options: NdjsonOptions<Message> = {}): Decoder<Message> {
  const { maxLineBytes = MAX_LINE_BYTES, onInvalid } = options
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  // Chunks of a line that has not ended yet: joined once, when it ends, so that a long line is never scanned or copied twice.
  let partial: Uint8Array[] = []
  let partialBytes = 0
  let fault: SignalboxError | null = null

  const tooLong = (bytes: number): SignalboxError =>
    new SignalboxError({
      code: 'too_large',
      message: `A line of at least ${bytes} bytes came in; the limit is ${maxLineBytes}.`,
      hint: 'Raise maxLineBytes if the peer is trusted to send lines of this size.',
      sent: 'yes',
    })

  const parse = (line: string, out: Message[]): void => {
    try {
      out.push(JSON.parse(line) as Message)
    } catch (cause) {
      // A blank line is no message: some peers use it as a keep-alive.
      if (line.trim() === '') return
      if (!onInvalid) {
        fault = new SignalboxError({
          code: 'invalid_message',
          message: `A line of ${line.length} characters is not JSON.`,
          hint: 'Is this the right port, and does the peer write only NDJSON there?',
          sent: 'yes',
          cause,
        })
        return
      }
      const made = onInvalid(line, cause)
      if (made !== undefined) out.push(made)
    }
  }

  const joined = (tail: Uint8Array): Uint8Array => {
    if (partial.length === 0) return tail
    const whole = new Uint8Array(partialBytes + tail.byteLength)
    let at = 0
    for (const piece of partial) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    whole.set(tail, at)
    partial = []
    partialBytes = 0
    return whole
  }

  const longest = (text: string, bytes: number): boolean => {
    // A batch no longer than the limit cannot hold a line that is; the scan is for the rare rest.
    if (bytes <= maxLineBytes) return false
    return text.length > 0 && text.split('\n').some((line) => encoder.encode(line).byteLength > maxLineBytes)
  }

  const decode = (bytes: Uint8Array, out: Message[]): void => {
    const text = utf8.decode(bytes)
    if (longest(text, bytes.byteLength)) {
      for (const line of text.split('\n')) {
        const size = encoder.encode(line).byteLength
        if (size > maxLineBytes) {
          fault = tooLong(size)
          return
        }
        parse(line, out)
        if (fault) return
      }
      return
    }
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1 && !fault; end = text.indexOf('\n', start)) {
      parse(text.slice(start, end), out)
      start = end + 1
    }
    if (!fault && start < text.length) parse(text.slice(start), out)
  }

  return {
    push(chunk) {
      const out: Message[] = []
      if (fault) return out
      const last = chunk.lastIndexOf(NEWLINE)
      if (last === -1) {
        partial.push(chunk)
        partialBytes += chunk.byteLength
      } else {
        decode(joined(chunk.subarray(0, last)), out)
        if (!fault && last + 1 < chunk.byteLength) {
          partial.push(chunk.subarray(last + 1))
          partialBytes = chunk.byteLength - last - 1
        }
      }
      if (!fault && partialBytes > maxLineBytes) fault = tooLong(partialBytes)
      return out
    },
    end() {
      const out: Message[] = []
      if (fault || partialBytes === 0) return out
      const size = partialBytes
      const text = utf8.decode(joined(new Uint8Array(0)))
      try {
        out.push(JSON.parse(text) as Message)
      } catch (cause) {
        if (text.trim() === '') return out
        const made = onInvalid?.(text, cause)
        if (made !== undefined) out.push(made)
        else if (!onInvalid) {
          fault = new SignalboxError({
            code: 'invalid_message',
            message: `The stream ended inside a line, ${size} bytes into it.`,
            hint: 'The peer died or the link was cut; the last message is lost.',
            sent: 'yes',
            cause,
          })
        }
      }
      return out
    },
    get fault() {
      return fault
    },
  }
}
