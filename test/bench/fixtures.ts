/** The bytes that are measured, the same on every run: made from a seed. */
import { create, toBinary } from '@bufbuild/protobuf'
import { EnumValueDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { encodeEnvelope, Kind } from '../../src/cmdop/envelope.js'
import { encodeFrame } from '../../src/core/codec/frames.js'
import { createSeededRandom } from '../../src/testing/clock.js'

const WORDS = [
  'signal',
  'lever',
  'frame',
  'track',
  'points',
  'block',
  'line',
  'clear',
  'danger',
  'caution',
  'the',
  'is',
  'not',
  'on',
]
const FOREIGN_WORDS = [...WORDS, 'caf\u00e9', 'na\u00efve', 'M\u00e4rz', '\u4fe1\u53f7', '\u2026']

type LineSize = 300 | 20_000

/** Bytes of a fixture; a quick run takes a twentieth. */
const SHARE = process.env.SIGNALBOX_BENCH_QUICK ? 1 / 20 : 1

const FIXTURES: Readonly<Record<string, () => Uint8Array>> = {
  'lines-300': () => repeated(lines(300, 2000, WORDS), 100_000_000 * SHARE),
  'lines-20000': () => repeated(lines(20_000, 200, WORDS), 100_000_000 * SHARE),
  'lines-foreign': () => repeated(lines(300, 2000, FOREIGN_WORDS), 100_000_000 * SHARE),
  frames: () => repeated(frames(10_000), 26_000_000 * SHARE),
  envelopes: () => repeated(envelopes(10_000), 26_000_000 * SHARE),
}

export function fixture(name: string): Uint8Array {
  const make = FIXTURES[name]
  if (!make) throw new Error(`There is no fixture ${name}`)
  return make()
}

/** NDJSON as agents write it: an envelope, and blocks of a few small fields around text with line breaks and quotes in it. */
function lines(size: LineSize, count: number, words: readonly string[]): Uint8Array {
  const random = createSeededRandom(size)
  const pick = (from: number): number => Math.floor(random() * from)
  const text = (length: number): string => {
    let made = ''
    while (made.length < length) made += `${words[pick(words.length)]}${pick(12) === 0 ? '\n' : pick(20) === 0 ? '"' : ' '}`
    return made
  }
  const block = (): object => ({
    type: 'text',
    index: pick(40),
    at: 1_767_225_600 + pick(1e6),
    final: pick(2) === 1,
    text: text(60 + pick(60)),
  })
  const made = Array.from({ length: count }, (_, index) => {
    // Sizes vary by a tenth, so that lines do not fall on the same place of every chunk.
    const wanted = size * (0.95 + random() / 10)
    const message = { type: 'event', id: `e-${index}`, group: `g-${pick(20)}`, content: [block()] }
    for (let length = JSON.stringify(message).length; length + 75 < wanted; ) {
      const next = block()
      message.content.push(next)
      length += JSON.stringify(next).length + 1
    }
    return JSON.stringify(message)
  })
  return new TextEncoder().encode(`${made.join('\n')}\n`)
}

/** About 26 bytes each. */
function frames(count: number): Uint8Array {
  const random = createSeededRandom(count)
  const parts = Array.from({ length: count }, () => {
    const name = `${WORDS[Math.floor(random() * 6)]}_${Math.floor(random() * 1e12)}`
    return encodeFrame(
      toBinary(
        EnumValueDescriptorProtoSchema,
        create(EnumValueDescriptorProtoSchema, { name, number: Math.floor(random() * 1e6) }),
      ),
    )
  })
  return Buffer.concat(parts)
}

/** What a CMDOP core says most: words of an ask, two bytes of frame and about 50 of envelope each. */
function envelopes(count: number): Uint8Array {
  const random = createSeededRandom(count)
  const parts = Array.from({ length: count }, () => {
    const delta = `${WORDS[Math.floor(random() * WORDS.length)]} ${WORDS[Math.floor(random() * WORDS.length)]}`
    const event = { eventType: 1, payloadJson: JSON.stringify({ delta }) }
    const payload = { case: 'askFrame', value: { frame: { case: 'event', value: event } } } as const
    return encodeEnvelope(1 + Math.floor(random() * 1000), Kind.EVENT, payload)
  })
  return Buffer.concat(parts)
}

/** Whole messages only: the block again and again until there are enough bytes. */
function repeated(block: Uint8Array, bytes: number): Uint8Array {
  const times = Math.ceil(bytes / block.byteLength)
  const whole = new Uint8Array(times * block.byteLength)
  for (let at = 0; at < times; at += 1) whole.set(block, at * block.byteLength)
  return whole
}
