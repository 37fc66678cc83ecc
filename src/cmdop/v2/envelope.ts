/** The envelope of `cmdop.core.v2`, to and from bytes. */
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { MAX_FRAME_BYTES } from '../../core/codec/frames.js'
import { decodeStrictly, requestFrame } from '../envelope-bytes.js'
import { Envelope_Kind as Kind, EnvelopeSchema, type Envelope as Message } from '../gen/cmdop/core/v2/contract_pb.js'
import type { Wire } from '../wire.js'

/** An envelope whose id is a number: ids of ours are below 2^32. */
export type Envelope = Omit<Message, 'id'> & { readonly id: number }
export type Payload = Message['payload']
export type Arm = NonNullable<Payload['case']>
export type ArmValue<A extends Arm> = Extract<Payload, { case: A }>['value']
export type PayloadInit = NonNullable<MessageInitShape<typeof EnvelopeSchema>['payload']>

/** What the core 2.0.0 reads, measured: at one byte more it exits with "could not decode v2 envelope". */
export const MAX_REQUEST_BYTES_V2 = 4 * 1024 * 1024

function decodeEnvelope(body: Uint8Array): Envelope {
  const message = decodeStrictly(body, read, hasKind)
  return { ...message, id: Number(message.id) }
}

const read = (body: Uint8Array): Message => fromBinary(EnvelopeSchema, body)
const hasKind = ({ kind }: Message): boolean => kind !== Kind.UNSPECIFIED

export const WIRE_V2: Wire<Envelope, PayloadInit> = {
  maxRequestBytes: MAX_REQUEST_BYTES_V2,
  maxFrameBytes: MAX_FRAME_BYTES,
  encode: (id, kind, payload, maxBytes) =>
    requestFrame(toBinary(EnvelopeSchema, create(EnvelopeSchema, { id: BigInt(id), kind: kind as Kind, payload })), maxBytes),
  decode: decodeEnvelope,
}
