import type { MessageInitShape } from '@bufbuild/protobuf'
import type { EnvelopeSchema } from '../../cmdop/gen/cmdop/core/v1/envelope_pb.js'

/** An envelope of `cmdop.core.v1` to write. */
export type EnvelopeInit = MessageInitShape<typeof EnvelopeSchema>
