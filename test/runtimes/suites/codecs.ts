/** The codecs over each runtime's own text decoder and typed arrays: any cut gives what one piece gives. */
import { encodeFrame, encodeNdjson, frameDecoder, ndjsonDecoder, sseDecoder, type Decoder } from '../../../src/core/codec/index.js'
import { checkEqual, createSeededRandom, runCases, type Case } from '../../../src/testing/index.js'
import { concat } from '../../codec/chunks.js'
import type { Suite } from './environment.js'

const TEXT = 'caf\u00e9 \u2028 \ufeff \ud800\udf48 "}{" \\ \n'

/** Feeds the bytes in pieces: of one byte, of seeded sizes, and whole. */
function checkAnyCut<Message>(bytes: Uint8Array, make: () => Decoder<Message>, expected: readonly Message[]): void {
  const random = createSeededRandom(bytes.byteLength)
  for (const longest of [1, 3, 17, 1000, bytes.byteLength]) {
    const decoder = make()
    const got: Message[] = []
    for (let at = 0; at < bytes.byteLength; ) {
      const size = longest === bytes.byteLength ? longest : 1 + Math.floor(random() * longest)
      got.push(...decoder.push(bytes.slice(at, at + size)))
      at += size
    }
    got.push(...decoder.end())
    checkEqual(got, expected, `pieces of up to ${longest} bytes`)
    checkEqual(decoder.fault, null)
  }
}

const cases: readonly Case<undefined>[] = [
  {
    id: 'codec.ndjson.any-split',
    title: 'lines of JSON are read, split at any byte',
    async run() {
      const values = Array.from({ length: 50 }, (_, id) => ({ id, text: TEXT.repeat(id) }))
      checkAnyCut(concat(values.map(encodeNdjson)), () => ndjsonDecoder(), values)
    },
  },
  {
    id: 'codec.frames.any-split',
    title: 'size-delimited frames are read, split at any byte',
    async run() {
      const bodies = Array.from({ length: 50 }, (_, size) => new Uint8Array(size * 7).fill(size))
      checkAnyCut(concat(bodies.map(encodeFrame)), () => frameDecoder(), bodies)
    },
  },
  {
    id: 'codec.sse.any-split',
    title: 'server-sent events are read, split at any byte',
    async run() {
      const text = ['\ufeffid: 1', 'data: caf\u00e9', 'data: \u2028', '', ': alive', 'event: add', 'data: \ufeffx', '', ''].join(
        '\r\n',
      )
      checkAnyCut(new TextEncoder().encode(text), () => sseDecoder(), [
        { type: 'event', event: 'message', data: 'caf\u00e9\n\u2028', id: '1' },
        { type: 'comment', text: 'alive' },
        { type: 'event', event: 'add', data: '\ufeffx', id: '1' },
      ])
    },
  },
]

export const codecSuite: Suite = { name: 'codecs', run: () => runCases(cases, undefined) }
