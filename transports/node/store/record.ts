/** One record of a log file: a line of JSON with its number and a checksum over number and bytes. */
import { crc32 } from './crc.js'

export interface FileRecord {
  readonly sequence: number
  readonly bytes: Uint8Array
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text stays readable; other bytes stand as base64. */
export function encodeRecord({ sequence, bytes }: FileRecord): Uint8Array {
  const sum = sumOf(sequence, bytes)
  const text = asText(bytes)
  const payload = text === undefined ? `"b":"${Buffer.from(bytes).toString('base64')}"` : `"t":${JSON.stringify(text)}`
  return encoder.encode(`{"s":${sequence},"c":"${sum}",${payload}}\n`)
}

/** Undefined for a line that is not what was written. */
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

// A Buffer would be shared memory of a pool, and behaves otherwise than the arrays of other drivers.
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer)

function sumOf(sequence: number, bytes: Uint8Array): string {
  return ((crc32(bytes) ^ crc32(encoder.encode(String(sequence)))) >>> 0).toString(16).padStart(8, '0')
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes)
    // Half a character cannot come out of a decoder, so what went in comes back.
    return text
  } catch {
    return undefined
  }
}
