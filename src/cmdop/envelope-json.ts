/** Envelopes as JSON, for tools that show or write what crosses a link. The client itself does not use them. */
import { fromBinary, fromJson, toBinary, toJson, type JsonValue } from '@bufbuild/protobuf'
import { SignalboxError } from '../errors.js'
import { notAnEnvelope } from './envelope-bytes.js'
import { EnvelopeSchema as EnvelopeV1Schema } from './gen/cmdop/core/v1/envelope_pb.js'
import { EnvelopeSchema as EnvelopeV2Schema } from './gen/cmdop/core/v2/contract_pb.js'
import type { Generation } from './wire.js'

/**
 * The envelope in the body of a frame as JSON, with the names of the schema. Fails with `invalid_message` for other bytes. Bodies do not
 * say which generation they belong to: the wrong one often gives an envelope too, with other names.
 *
 * @example
 * import { frameDecoder } from 'signalbox/codec'
 * import { envelopeToJson } from 'signalbox/cmdop'
 *
 * declare const bytes: Uint8Array // from the stdout of a core 1.x
 * for (const body of frameDecoder().push(bytes)) console.log(envelopeToJson(body, 1))
 */
export function envelopeToJson(body: Uint8Array, generation: Generation): JsonValue {
  try {
    return generation === 1
      ? toJson(EnvelopeV1Schema, fromBinary(EnvelopeV1Schema, body), { useProtoFieldName: true })
      : toJson(EnvelopeV2Schema, fromBinary(EnvelopeV2Schema, body), { useProtoFieldName: true })
  } catch (cause) {
    throw notAnEnvelope(cause instanceof Error ? cause.message : String(cause))
  }
}

/**
 * The body of a frame for an envelope in JSON, as `envelopeToJson` gives it. Fails with `invalid_argument` for a name or a value that the
 * schema does not have.
 *
 * @example
 * import { encodeFrame } from 'signalbox/codec'
 * import { envelopeFromJson } from 'signalbox/cmdop'
 *
 * const frame = encodeFrame(envelopeFromJson({ id: 1, kind: 'KIND_REQUEST', list_machines_req: {} }, 1))
 * console.log(frame.byteLength)
 */
export function envelopeFromJson(json: JsonValue, generation: Generation): Uint8Array {
  try {
    return generation === 1
      ? toBinary(EnvelopeV1Schema, fromJson(EnvelopeV1Schema, json))
      : toBinary(EnvelopeV2Schema, fromJson(EnvelopeV2Schema, json))
  } catch (cause) {
    throw new SignalboxError({
      code: 'invalid_argument',
      system: 'cmdop',
      message: `This is no envelope of generation ${generation}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      sent: 'no',
      cause,
    })
  }
}
