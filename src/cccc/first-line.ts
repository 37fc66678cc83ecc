/** The one line that answers a request, and the bytes behind it, which belong to whatever the connection becomes. */
import { createAccumulator } from '../core/codec/bytes.js'
import type { CloseOptions, Link } from '../transport.js'
import { CcccError } from './errors.js'

const NEWLINE = 0x0a

export interface FirstLine {
  readonly line: Uint8Array
  readonly rest: Uint8Array
}

/** Null when the peer ends without a byte. A last line without its newline counts: whether it is whole, the parser finds out. */
export async function readFirstLine(link: Link, maxLineBytes: number): Promise<FirstLine | null> {
  const gathered = createAccumulator()
  for (;;) {
    const chunk = await link.read()
    if (chunk === null) return gathered.length === 0 ? null : { line: gathered.take(), rest: new Uint8Array(0) }
    const end = chunk.indexOf(NEWLINE)
    const piece = end === -1 ? chunk : chunk.subarray(0, end)
    if (gathered.length + piece.byteLength > maxLineBytes) {
      throw new CcccError({
        code: 'too_large',
        message: `The daemon's answer is longer than ${maxLineBytes} bytes.`,
        hint: 'Ask for less (a limit, fewer lines), or raise limits.maxLineBytes.',
        sent: 'yes',
      })
    }
    gathered.append(piece)
    if (end !== -1) return { line: gathered.take(), rest: chunk.subarray(end + 1) }
  }
}

/** The same link with bytes put back in front. */
export function withBytesFirst(link: Link, first: Uint8Array): Link {
  let waiting: Uint8Array | undefined = first.byteLength > 0 ? first : undefined
  return {
    info: link.info,
    closed: link.closed,
    read() {
      if (waiting === undefined) return link.read()
      const bytes = waiting
      waiting = undefined
      return Promise.resolve(bytes)
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
