/** The schema of an arm, by the name of the arm. */
import type { DescMessage } from '@bufbuild/protobuf'
import type { Arm } from './envelope.js'
import { EnvelopeSchema } from './gen/cmdop/core/v1/envelope_pb.js'

export function schemaOf(arm: Arm): DescMessage {
  const { message } = EnvelopeSchema.field[arm]
  if (!message) throw new Error(`${arm} is no message`)
  return message
}
