/**
 * Size-delimited protobuf: a varint length, then that many bytes. It only splits; the schema decodes the bodies. The format has no mark from
 * which decoding could start again, so after the first fault the reader must close the link.
 */
import { SignalboxError } from '../../errors.js'
import { createAccumulator } from './bytes.js'
import type { Decoder, DecoderState } from './codec.js'

/** The default of `maxFrameBytes`: 64 MiB. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024

/** Options of `frameDecoder`. */
export interface FrameOptions {
  /** Default 64 MiB. A larger announced length is refused before a byte of it is kept. */
  readonly maxFrameBytes?: number
}

export interface FrameDecoder extends Decoder<Uint8Array> {
  /** True while a frame is incomplete. If its rest does not arrive, the reader may have lost the frame boundaries. */
  readonly partial: boolean
}

// A 64-bit varint has at most ten bytes; peers may pad one (`84 80 00` is 4).
const LONGEST_VARINT = 10
const CONTINUES = 0x80
const LOW_BITS = 0x7f

/** One frame, ready to be written in one piece. */
export function encodeFrame(body: Uint8Array): Uint8Array<ArrayBuffer> {
  let prefix = 1
  for (let rest = body.byteLength; rest > LOW_BITS; rest = Math.floor(rest / 128)) prefix += 1
  const frame = new Uint8Array(prefix + body.byteLength)
  let rest = body.byteLength
  for (let at = 0; at < prefix - 1; at += 1) {
    frame[at] = (rest & LOW_BITS) | CONTINUES
    rest = Math.floor(rest / 128)
  }
  frame[prefix - 1] = rest
  frame.set(body, prefix)
  return frame
}

/**
 * Returns the bodies. A body inside one chunk is a view of that chunk, so the caller of `push` must not write to the chunk afterwards. An
 * empty body is a valid frame and is returned.
 */
export function frameDecoder(options: FrameOptions = {}): FrameDecoder {
  const { maxFrameBytes = MAX_FRAME_BYTES } = options
  const partial = createAccumulator()
  // The incomplete prefix, then the decoded length; null while the prefix is incomplete.
  let varintBytes = 0
  let varintValue = 0
  let length: number | null = null

  /** Continues with the prefix; returns the position after the bytes that it read. */
  const readLength = (chunk: Uint8Array, from: number): number => {
    let at = from
    while (at < chunk.byteLength) {
      const byte = chunk[at] as number
      at += 1
      // Multiplied, not shifted: a shift would wrap a hostile length around to a harmless one.
      varintValue += (byte & LOW_BITS) * 128 ** varintBytes
      varintBytes += 1
      if (varintValue > maxFrameBytes) {
        decoder.fault = tooLarge(varintValue, maxFrameBytes)
        return at
      }
      if (byte < CONTINUES) {
        length = varintValue
        varintBytes = 0
        varintValue = 0
        return at
      }
      if (varintBytes === LONGEST_VARINT) {
        decoder.fault = badPrefix()
        return at
      }
    }
    return at
  }

  const decoder: DecoderState<FrameDecoder> = {
    fault: null,
    partial: false,
    push(chunk) {
      const out: Uint8Array[] = []
      const size = chunk.byteLength
      let at = 0
      while (!decoder.fault) {
        if (length === null) {
          // Fast path without a function call: a short frame with a one-byte prefix.
          const byte = varintBytes === 0 && at < size ? (chunk[at] as number) : CONTINUES
          if (byte < CONTINUES && byte <= maxFrameBytes) {
            at += 1
            length = byte
          } else {
            at = readLength(chunk, at)
            if (length === null) break
          }
        }
        const missing: number = length - partial.length
        if (size - at < missing) {
          if (at < size) partial.append(chunk.subarray(at), length)
          break
        }
        const rest = chunk.subarray(at, at + missing)
        if (partial.length === 0) out.push(rest)
        else {
          partial.append(rest, length)
          out.push(partial.take())
        }
        at += missing
        length = null
      }
      decoder.partial = varintBytes > 0 || length !== null
      return out
    },
    end() {
      if (!decoder.fault && decoder.partial) decoder.fault = cutShort(partial.take().byteLength, length)
      return []
    },
  }
  return decoder
}

function tooLarge(bytes: number, limit: number): SignalboxError {
  return new SignalboxError({
    code: 'too_large',
    message: `A frame of at least ${bytes} bytes was announced; the limit is ${limit}.`,
    hint: 'Does something else write to this stream, such as a log line on stdout? If not, raise maxFrameBytes.',
    sent: 'yes',
  })
}

function badPrefix(): SignalboxError {
  return new SignalboxError({
    code: 'invalid_message',
    message: `A frame's length has more than ${LONGEST_VARINT} bytes.`,
    hint: 'Does the peer write size-delimited protobuf, and nothing else, to this stream?',
    sent: 'yes',
  })
}

function cutShort(had: number, length: number | null): SignalboxError {
  return new SignalboxError({
    code: 'invalid_message',
    message: `The stream ended inside a frame: ${length === null ? 'its length is incomplete' : `${had} of ${length} bytes came`}.`,
    hint: 'The peer died or the link was cut; the last message is lost.',
    sent: 'yes',
  })
}
