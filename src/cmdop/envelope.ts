/** The one message on the pipe, to and from bytes. Stricter than the library about bytes that no core writes. */
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { encodeFrame, MAX_FRAME_BYTES } from '../core/codec/frames.js'
import { SignalboxError } from '../errors.js'
import { hotEvent } from './hot-event.js'
import { Envelope_Kind as Kind, EnvelopeSchema, type Envelope } from './gen/cmdop/core/v1/envelope_pb.js'

export { Kind, type Envelope }
export type Payload = Envelope['payload']
export type Arm = NonNullable<Payload['case']>
export type ArmValue<A extends Arm> = Extract<Payload, { case: A }>['value']
export type PayloadInit = NonNullable<MessageInitShape<typeof EnvelopeSchema>['payload']>

/** What a core takes, measured: one byte more and it exits. */
export const MAX_REQUEST_BYTES = MAX_FRAME_BYTES

/** A frame, ready to be written. The envelope must fit what a core reads: above its limit it would exit and fail every call. */
export function encodeEnvelope(id: number, kind: Kind, payload: PayloadInit, maxBytes = MAX_REQUEST_BYTES): Uint8Array {
  const body = toBinary(EnvelopeSchema, create(EnvelopeSchema, { id, kind, payload }))
  if (body.byteLength <= maxBytes) return encodeFrame(body)
  throw new SignalboxError({
    code: 'too_large',
    message: `The request has ${body.byteLength} bytes; the limit is ${maxBytes}.`,
    hint: 'A core exits at a frame above 64 MiB. Shorten the request; limits.maxRequestBytes can lower the limit, not raise the core.',
    system: 'cmdop',
    sent: 'no',
  })
}

/** Throws a typed failure for bytes that are no envelope: after one of these, nothing else on the pipe can be trusted. */
export function decodeEnvelope(body: Uint8Array): Envelope {
  let envelope: Envelope
  try {
    const hot = hotEvent(body)
    if (hot) return hot
    checkFields(body)
    envelope = fromBinary(EnvelopeSchema, body)
  } catch (cause) {
    throw notAnEnvelope(cause instanceof Error ? cause.message : String(cause))
  }
  // A line of text on stdout often parses as unknown fields and nothing else.
  if (envelope.kind === Kind.UNSPECIFIED && body.byteLength > 0) throw notAnEnvelope('it has no kind')
  return envelope
}

function notAnEnvelope(why: string): SignalboxError {
  return new SignalboxError({
    code: 'invalid_message',
    message: `A frame is no envelope: ${why}.`,
    hint: 'Does something else write to the stdout of the core?',
    system: 'cmdop',
    sent: 'yes',
  })
}

// Wire types. Groups (3, 4) are in no schema of this protocol, and the library lets a stray end of one pass.
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
