/** The envelope of `cmdop.core.v1`, to and from bytes. */
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { MAX_FRAME_BYTES } from '../core/codec/frames.js'
import { decodeStrictly, notAnEnvelope, requestFrame } from './envelope-bytes.js'
import { hotEvent } from './hot-event.js'
import { Envelope_Kind as Kind, EnvelopeSchema, type Envelope } from './gen/cmdop/core/v1/envelope_pb.js'
import type { Wire } from './wire.js'

export { Kind, type Envelope }
export type Payload = Envelope['payload']
export type Arm = NonNullable<Payload['case']>
export type ArmValue<A extends Arm> = Extract<Payload, { case: A }>['value']
export type PayloadInit = NonNullable<MessageInitShape<typeof EnvelopeSchema>['payload']>

/** What a core 1.x reads, measured: at one byte more it exits. */
const MAX_REQUEST_BYTES = MAX_FRAME_BYTES

export function encodeEnvelope(id: number, kind: Kind, payload: PayloadInit, maxBytes = MAX_REQUEST_BYTES): Uint8Array {
  return requestFrame(toBinary(EnvelopeSchema, create(EnvelopeSchema, { id, kind, payload })), maxBytes)
}

export function decodeEnvelope(body: Uint8Array): Envelope {
  return frequentEvent(body) ?? decodeStrictly(body, read, hasKind)
}

function frequentEvent(body: Uint8Array): Envelope | null {
  try {
    return hotEvent(body)
  } catch (cause) {
    throw notAnEnvelope(cause instanceof Error ? cause.message : String(cause))
  }
}

const read = (body: Uint8Array): Envelope => fromBinary(EnvelopeSchema, body)
const hasKind = ({ kind }: Envelope): boolean => kind !== Kind.UNSPECIFIED

export const WIRE_V1: Wire<Envelope, PayloadInit> = {
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxFrameBytes: MAX_FRAME_BYTES,
  encode: encodeEnvelope,
  decode: decodeEnvelope,
}
