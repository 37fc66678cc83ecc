/** One record of a log file: a line of JSON with its sequence, and a checksum over sequence and bytes. */
import { crc32 } from './crc.js'

export interface FileRecord {
  readonly sequence: number
  readonly bytes: Uint8Array
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 stays readable text; other bytes become base64. */
export function encodeRecord({ sequence, bytes }: FileRecord): Uint8Array {
  const sum = sumOf(sequence, bytes)
  const text = asText(bytes)
  const payload = text === undefined ? `"b":"${Buffer.from(bytes).toString('base64')}"` : `"t":${JSON.stringify(text)}`
  return encoder.encode(`{"s":${sequence},"c":"${sum}",${payload}}\n`)
}

/** Undefined for a damaged line. */
export function decodeRecord(line: Uint8Array): FileRecord | undefined {
  try {
    const { s: sequence, c: sum, t: text, b: base64 } = JSON.parse(decoder.decode(line)) as Record<string, unknown>
    if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence)) return undefined
    const bytes =
      typeof text === 'string'
        ? encoder.encode(text)
        : typeof base64 === 'string'
          ? plain(Buffer.from(base64, 'base64'))
          : undefined
    return bytes && sum === sumOf(sequence, bytes) ? { sequence, bytes } : undefined
  } catch {
    return undefined
  }
}

// A Buffer may share its memory with a pool, and `slice` of it does not copy.
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer)

function sumOf(sequence: number, bytes: Uint8Array): string {
  return ((crc32(bytes) ^ crc32(encoder.encode(String(sequence)))) >>> 0).toString(16).padStart(8, '0')
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes)
    // A strict decoder accepts valid UTF-8 only, so encoding gives the same bytes again.
    return text
  } catch {
    return undefined
  }
}
