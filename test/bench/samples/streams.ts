/** Messages that stream in: the floor, and ours. */
import { fromBinary } from '@bufbuild/protobuf'
import { EnumValueDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { sizeDelimitedDecodeStream } from '@bufbuild/protobuf/wire'
import { decodeEnvelope } from '../../../src/cmdop/envelope.js'
import { EnvelopeSchema } from '../../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { frameDecoder } from '../../../src/core/codec/frames.js'
import { ndjsonDecoder } from '../../../src/core/codec/ndjson.js'
import { batches, messages } from '../../../src/core/messages.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { fixture as bytesOf } from '../fixtures.js'
import { timed, type Measured } from '../measure.js'

// What a unix socket hands out at once on Node.
const CHUNK = 65_536

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength; at += CHUNK) chunks.push(bytes.slice(at, at + CHUNK))
  return chunks
}

export const streamSamples = {
  /** The floor: strings that are already there, already cut. */
  parse({ fixture }) {
    const lines = new TextDecoder().decode(bytesOf(fixture)).split('\n').slice(0, -1)
    return timed(() => {
      let count = 0
      for (const line of lines) count += JSON.parse(line) === undefined ? 0 : 1
      return count
    })
  },

  linkBatches: ({ path }) =>
    timed(async () => {
      const link = await unixSocket({ path }).open()
      let count = 0
      for await (const batch of batches(link, ndjsonDecoder())) count += batch.length
      await link.close()
      return count
    }),

  linkMessages: ({ path }) =>
    timed(async () => {
      const link = await unixSocket({ path }).open()
      let count = 0
      for await (const message of messages(link, ndjsonDecoder())) count += message === undefined ? 0 : 1
      await link.close()
      return count
    }),

  /** The library's own stream decoder, on chunks in memory. */
  libraryFrames({ fixture }) {
    const chunks = chunksOf(bytesOf(fixture))
    async function* source() {
      yield* chunks
    }
    return timed(async () => {
      let count = 0
      for await (const message of sizeDelimitedDecodeStream(EnumValueDescriptorProtoSchema, source())) count += message.name ? 1 : 0
      return count
    })
  },

  ourFrames({ fixture }) {
    const chunks = chunksOf(bytesOf(fixture))
    return timed(async () => {
      const decoder = frameDecoder()
      let count = 0
      for (const chunk of chunks) {
        for (const body of decoder.push(chunk)) count += fromBinary(EnumValueDescriptorProtoSchema, body).name ? 1 : 0
        // One asynchronous step for each batch, as a reader of a link pays it.
        await undefined
      }
      return count
    })
  },

  splitterAlone({ fixture }) {
    const chunks = chunksOf(bytesOf(fixture))
    return timed(() => {
      const decoder = frameDecoder()
      let count = 0
      for (const chunk of chunks) count += decoder.push(chunk).length
      return count
    })
  },

  libraryEnvelopes({ fixture }) {
    const chunks = chunksOf(bytesOf(fixture))
    async function* source() {
      yield* chunks
    }
    return timed(async () => {
      let count = 0
      for await (const envelope of sizeDelimitedDecodeStream(EnvelopeSchema, source())) count += envelope.id ? 1 : 0
      return count
    })
  },

  ourEnvelopes({ fixture }) {
    const chunks = chunksOf(bytesOf(fixture))
    return timed(async () => {
      const decoder = frameDecoder()
      let count = 0
      for (const chunk of chunks) {
        for (const body of decoder.push(chunk)) count += decodeEnvelope(body).id ? 1 : 0
        await undefined
      }
      return count
    })
  },

  linkEnvelopes: ({ path }) =>
    timed(async () => {
      const link = await unixSocket({ path }).open()
      let count = 0
      for await (const batch of batches(link, frameDecoder())) {
        for (const body of batch) count += decodeEnvelope(body).id ? 1 : 0
      }
      await link.close()
      return count
    }),

  linkFrames: ({ path }) =>
    timed(async () => {
      const link = await unixSocket({ path }).open()
      let count = 0
      for await (const batch of batches(link, frameDecoder())) {
        for (const body of batch) count += fromBinary(EnumValueDescriptorProtoSchema, body).name ? 1 : 0
      }
      await link.close()
      return count
    }),
} satisfies Record<string, Measured>
