/** Reads the line that answers a request, and keeps the bytes behind it for ops that take over their connection. */
import { createAccumulator } from '../core/codec/bytes.js'
import type { CloseOptions, Link } from '../transport.js'
import { CcccError } from './errors.js'
import { isRecord } from '../core/is-record.js'
import type { Loose } from './shapes.js'

const NEWLINE = 0x0a

export interface Lines {
  /** Returns the next line, or undefined when it is not complete yet. */
  take(): Uint8Array | undefined
  /** Waits for more bytes; false after the end. A last line without its newline is returned, and the parser finds out whether it is complete. */
  fill(): Promise<boolean>
  next(): Promise<Uint8Array | undefined>
  /** The bytes behind the last line. */
  rest(): Uint8Array
}

// Shared: it decodes whole lines only, so it keeps no state between two lines.
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true })

export function linesOf(link: Pick<Link, 'read'>, maxLineBytes: number): Lines {
  const partial = createAccumulator()
  let chunk: Uint8Array = new Uint8Array(0)
  let ended = false
  const lines: Lines = {
    take() {
      const found = chunk.indexOf(NEWLINE)
      const end = found < 0 ? chunk.byteLength : found
      if (partial.length + end > maxLineBytes) {
        throw new CcccError({
          code: 'too_large',
          message: `A line of the daemon is longer than ${maxLineBytes} bytes.`,
          hint: 'Ask for less, or raise limits.maxLineBytes.',
          sent: 'yes',
        })
      }
      partial.append(chunk.subarray(0, end))
      chunk = chunk.subarray(end + 1)
      return found >= 0 || (ended && partial.length > 0) ? partial.take() : undefined
    },
    async fill() {
      if (ended) return false
      const next = await link.read()
      if (next) chunk = next
      else ended = true
      return !ended || partial.length > 0
    },
    async next() {
      for (;;) {
        const line = lines.take()
        if (line || !(await lines.fill())) return line
      }
    },
    rest: () => chunk,
  }
  return lines
}

/** The JSON object of a line; undefined when the line is not a JSON object. */
export function parseLine(line: Uint8Array): Loose | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(line))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The same link, whose first read returns these bytes. */
export function withBytesFirst(link: Link, first: Uint8Array): Link {
  let waiting: Uint8Array | undefined = first.byteLength > 0 ? first : undefined
  return {
    info: link.info,
    closed: link.closed,
    read() {
      const bytes = waiting
      waiting = undefined
      return bytes ? Promise.resolve(bytes) : link.read()
    },
    write: (chunk) => link.write(chunk),
    end: () => link.end(),
    close(options?: CloseOptions) {
      waiting = undefined
      return link.close(options)
    },
    [Symbol.asyncDispose]() {
      return this.close().then(() => {})
    },
  }
}
