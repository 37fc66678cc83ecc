/** The lines of one history file, each with the byte at which it ends. Reads one chunk at a time. */
import { open, stat } from 'node:fs/promises'
import { createAccumulator } from '../../../src/core/codec/bytes.js'
import { SignalboxError, type ErrorCode } from '../../../src/errors.js'
import type { CccMessage } from '../../../src/ccc/index.js'

export interface HistoryLine {
  /** Undefined for a blank or broken line. The server passes over those too. */
  readonly message: CccMessage | undefined
  /** The byte after its newline. */
  readonly end: number
  /** The last line of the file, without a newline: it may still be written. */
  readonly last: boolean
}

const NEWLINE = 0x0a
const CHUNK_BYTES = 256 * 1024

/** Reads from a byte to the end of the file. A file that was removed has no lines. Memory is bounded by one chunk and the longest line. */
export async function* linesFrom(
  path: string,
  from: number,
  maxLineBytes: number,
): AsyncGenerator<readonly HistoryLine[], void, void> {
  const file = await open(path, 'r').catch(goneOr(path))
  if (!file) return
  try {
    const buffer = new Uint8Array(CHUNK_BYTES)
    const utf8 = new TextDecoder()
    const partial = createAccumulator()
    const gather = (piece: Uint8Array): Uint8Array => {
      if (partial.length + piece.byteLength > maxLineBytes) throw tooLong(path, maxLineBytes)
      if (partial.length === 0) return piece
      partial.append(piece)
      return partial.view()
    }
    for (let at = from; ; ) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at).catch(faultOf(path))
      if (bytesRead === 0) {
        if (partial.length > 0) yield [{ message: parsed(utf8.decode(partial.view())), end: at, last: true }]
        return
      }
      const chunk = buffer.subarray(0, bytesRead)
      const lines: HistoryLine[] = []
      let start = 0
      for (let newline = chunk.indexOf(NEWLINE); newline !== -1; newline = chunk.indexOf(NEWLINE, start)) {
        const text = utf8.decode(gather(chunk.subarray(start, newline)))
        partial.clear()
        start = newline + 1
        lines.push({ message: parsed(text), end: at + start, last: false })
      }
      const rest = chunk.subarray(start)
      // Only a line that continues in the next chunk is copied.
      if (gather(rest) === rest) partial.append(rest)
      at += bytesRead
      if (lines.length > 0) yield lines
    }
  } finally {
    await file.close()
  }
}

/** The byte after the last complete line; 0 for a file that was removed. */
export async function lastLineEnd(path: string): Promise<number> {
  const size = (await sizeOf(path)) ?? 0
  const file = await open(path, 'r').catch(goneOr(path))
  if (!file) return 0
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    for (let end = size; end > 0; end -= CHUNK_BYTES) {
      const begin = Math.max(0, end - CHUNK_BYTES)
      const { bytesRead } = await file.read(buffer, 0, end - begin, begin).catch(faultOf(path))
      const newline = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE)
      if (newline !== -1) return begin + newline + 1
    }
    return 0
  } finally {
    await file.close()
  }
}

/** Undefined for a file that was removed. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(goneOr(path)))?.size
}

/** A file may be removed between listing and opening. It counts as empty. */
function goneOr(path: string): (cause: unknown) => undefined {
  return (cause) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw fileFault(cause, path)
  }
}

const CODES: Readonly<Record<string, ErrorCode>> = { ENOENT: 'not_found', EACCES: 'permission_denied', EPERM: 'permission_denied' }

/** For `catch`: turns a failure of the file system into a typed error. */
export function faultOf(path: string): (cause: unknown) => never {
  return (cause) => {
    throw fileFault(cause, path)
  }
}

function fileFault(cause: unknown, path: string): SignalboxError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException
  return new SignalboxError({
    code: CODES[code] ?? 'unavailable',
    system: 'ccc',
    message: `${path} cannot be read (${code}).`,
    hint: 'Run as the user who runs `ccc listen`, on the same machine, or pass its home.',
    cause,
  })
}

function tooLong(path: string, limit: number): SignalboxError {
  return new SignalboxError({
    code: 'too_large',
    system: 'ccc',
    message: `${path} has a line of more than ${limit} bytes.`,
    hint: 'Raise maxLineBytes to read it.',
  })
}

function parsed(line: string): CccMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  // The server leaves out numbers that are zero.
  const entry = { id: 0, ts: 0, ...value } as Record<string, unknown>
  return typeof entry.ts === 'number' && typeof entry.id === 'number' && typeof entry.from === 'string'
    ? (entry as unknown as CccMessage)
    : undefined
}
