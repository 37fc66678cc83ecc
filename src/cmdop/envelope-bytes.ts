/** What both generations share about the bytes of an envelope: a limit for requests, and strictness about answers. */
import { encodeFrame } from '../core/codec/frames.js'
import { SignalboxError } from '../errors.js'

/** The frame around an encoded envelope. Throws above the limit: the core would exit and fail every other call. */
export function requestFrame(body: Uint8Array, maxBytes: number): Uint8Array {
  if (body.byteLength <= maxBytes) return encodeFrame(body)
  throw new SignalboxError({
    code: 'too_large',
    message: `The request has ${body.byteLength} bytes; the limit is ${maxBytes}.`,
    hint: 'Shorten the request. A core exits at a longer frame (64 MiB for 1.x, 4 MiB for 2.0), so limits.maxRequestBytes can only lower the limit.',
    system: 'cmdop',
    sent: 'no',
  })
}

export function notAnEnvelope(why: string): SignalboxError {
  return new SignalboxError({
    code: 'invalid_message',
    message: `A frame is no envelope: ${why}.`,
    hint: 'Does something else write to the stdout of the core?',
    system: 'cmdop',
    sent: 'yes',
  })
}

/**
 * Decodes with the general decoder of the library, which is more lenient than a core: bytes that no core writes are refused first.
 * `hasKind` is false for an envelope whose kind is missing: a line of text often parses as unknown fields and nothing else.
 */
export function decodeStrictly<Envelope>(
  body: Uint8Array,
  decode: (body: Uint8Array) => Envelope,
  hasKind: (envelope: Envelope) => boolean,
): Envelope {
  let envelope: Envelope
  try {
    checkFields(body)
    envelope = decode(body)
  } catch (cause) {
    throw notAnEnvelope(cause instanceof Error ? cause.message : String(cause))
  }
  if (body.byteLength > 0 && !hasKind(envelope)) throw notAnEnvelope('it has no kind')
  return envelope
}

// Wire types. This protocol has no groups (3, 4). They are refused here, because the library accepts the end of a group without its start.
const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const FIXED32 = 5

/** Walks the outermost fields without decoding them: a handful of steps for an envelope. */
function checkFields(body: Uint8Array): void {
  const end = body.byteLength
  let at = 0
  let value = 0
  const varint = (): void => {
    value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new Error('it ends inside a number')
      const byte = body[at] as number
      at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return
    }
    throw new Error('a number in it has more than ten bytes')
  }
  while (at < end) {
    varint()
    const wireType = value % 8
    if (value < 8) throw new Error('it has a field with the number 0')
    if (wireType === VARINT) varint()
    else if (wireType === DELIMITED) {
      varint()
      at += value
    } else if (wireType === FIXED64) at += 8
    else if (wireType === FIXED32) at += 4
    else throw new Error(`it has a field of wire type ${wireType}`)
    if (at > end) throw new Error('it ends inside a field')
  }
}
