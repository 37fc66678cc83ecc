/** Codecs between bytes and messages, for programs with their own protocol over a link. */
export type { Decoder } from './codec.js'
export { encodeNdjson, MAX_LINE_BYTES, ndjsonDecoder, type NdjsonOptions } from './ndjson.js'
export { encodeFrame, frameDecoder, MAX_FRAME_BYTES, type FrameOptions } from './frames.js'
export { MAX_EVENT_BYTES, sseDecoder, type SseDecoder, type SseMessage, type SseOptions } from './sse.js'
export { batches, createReader, messages, type MessageReader } from '../messages.js'
