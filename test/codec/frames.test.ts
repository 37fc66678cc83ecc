import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { sizeDelimitedDecodeStream, sizeDelimitedEncode } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, frameDecoder, type FrameOptions } from '../../src/core/codec/frames.js'
import { concat, countWork, decodeAll, split } from './chunks.js'

const decode = (chunks: readonly Uint8Array[], options: FrameOptions = {}) => decodeAll(frameDecoder(options), chunks)
const plain = (bodies: readonly Uint8Array[]) => bodies.map((body) => [...body])

describe('size-delimited frames', () => {
  it('gives the same bodies for any split of any input [codec.frames.any-split]', () => {
    const body = fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ minLength: 120, maxLength: 300 }))
    fc.assert(
      fc.property(fc.array(body, { maxLength: 10 }), fc.array(fc.nat(800), { maxLength: 20 }), (bodies, cuts) => {
        const bytes = concat(bodies.map(encodeFrame))
        for (const chunks of [[bytes], split(bytes, cuts), split(bytes, 'every byte')]) {
          const { messages, fault } = decode(chunks)
          expect(fault).toBeNull()
          expect(plain(messages)).toEqual(plain(bodies))
        }
      }),
    )
  })

  it('gives the same bodies and the same fault for any split of noise [codec.frames.any-split]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 12 }), (bytes, cuts) => {
        const whole = decode([bytes], { maxFrameBytes: 40 })
        for (const chunks of [split(bytes, cuts), split(bytes, 'every byte')]) {
          const pieces = decode(chunks, { maxFrameBytes: 40 })
          expect(plain(pieces.messages)).toEqual(plain(whole.messages))
          expect(pieces.fault?.message).toBe(whole.fault?.message)
        }
      }),
    )
  })

  it('writes and reads what the protobuf library reads and writes', async () => {
    const sent: FileDescriptorProto[] = ['', 'a', 'é'.repeat(100), 'x'.repeat(20_000)].map((name) =>
      create(FileDescriptorProtoSchema, { name }),
    )
    const theirs = concat(sent.map((message) => sizeDelimitedEncode(FileDescriptorProtoSchema, message)))
    const ours = concat(sent.map((message) => encodeFrame(toBinary(FileDescriptorProtoSchema, message))))
    expect(ours).toEqual(theirs)
    expect(decode(split(theirs, 7)).messages.map((body) => fromBinary(FileDescriptorProtoSchema, body).name)).toEqual(
      sent.map(({ name }) => name),
    )
    const read: string[] = []
    async function* chunks() {
      yield* split(ours, 1000)
    }
    for await (const message of sizeDelimitedDecodeStream(FileDescriptorProtoSchema, chunks())) read.push(message.name)
    expect(read).toEqual(sent.map(({ name }) => name))
  })

  it('yields an empty body and reads a length that is padded [codec.frames.padded]', () => {
    expect(plain(decode([Uint8Array.of(0, 1, 7, 0)]).messages)).toEqual([[], [7], []])
    const padded = Uint8Array.of(0x84, 0x80, 0x00, 1, 2, 3, 4, 1, 9)
    for (const chunks of [[padded], split(padded, 'every byte')])
      expect(plain(decode(chunks).messages)).toEqual([[1, 2, 3, 4], [9]])
    const longest = Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 5)
    expect(plain(decode([longest]).messages)).toEqual([[5]])
  })

  it('refuses a length above the limit before it keeps a byte, even one that wraps at 32 or 64 bits [codec.frames.limit]', () => {
    const lengths = [
      [0x81, 0x01],
      [0x80, 0x80, 0x80, 0x80, 0x10],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
    ]
    for (const length of lengths) {
      const bytes = Uint8Array.of(1, 42, ...length, 1, 1)
      for (const chunks of [[bytes], split(bytes, 'every byte')]) {
        const { messages, fault } = decode(chunks, { maxFrameBytes: 128 })
        expect(plain(messages)).toEqual([[42]])
        expect(fault).toMatchObject({ code: 'too_large', sent: 'yes' })
        expect(fault?.message).toContain('maxFrameBytes')
      }
    }
  })

  it('keeps a limit below 128 too, and accepts a frame of exactly the limit [codec.frames.limit]', () => {
    const exact = encodeFrame(new Uint8Array(10))
    expect(decode([exact], { maxFrameBytes: 10 })).toMatchObject({ fault: null })
    expect(decode([encodeFrame(new Uint8Array(11))], { maxFrameBytes: 10 }).fault?.code).toBe('too_large')
  })

  it('refuses a length that never ends [codec.frames.limit]', () => {
    const { fault } = decode([new Uint8Array(11).fill(0x80)])
    expect(fault?.code).toBe('invalid_message')
  })

  it('delivers the frames before a fault, and none after it [codec.fault-order]', () => {
    const decoder = frameDecoder({ maxFrameBytes: 10 })
    expect(plain(decoder.push(Uint8Array.of(1, 1, 1, 2, 99, 1, 3)))).toEqual([[1], [2]])
    expect(decoder.fault?.code).toBe('too_large')
    expect(decoder.push(Uint8Array.of(1, 4))).toEqual([])
    expect(decoder.end()).toEqual([])
    expect(decoder.fault?.code).toBe('too_large')
  })

  it('reports an end inside a length or a body [codec.frames.cut]', () => {
    expect(decode([Uint8Array.of(1, 5, 0x80)])).toMatchObject({ messages: [Uint8Array.of(5)], fault: { code: 'invalid_message' } })
    const { messages, fault } = decode([Uint8Array.of(1, 5, 4, 1, 2)])
    expect(plain(messages)).toEqual([[5]])
    expect(fault?.message).toContain('2 of 4 bytes')
  })

  it('gives a body that is whole in one chunk as a view of it, and other bodies a new buffer', () => {
    const chunk = concat([encodeFrame(Uint8Array.of(1, 2)), encodeFrame(Uint8Array.of(3, 4))])
    const decoder = frameDecoder()
    const [first] = decoder.push(chunk.subarray(0, 5))
    const [second] = decoder.push(chunk.slice(5))
    expect(first?.buffer).toBe(chunk.buffer)
    expect(second?.buffer).not.toBe(chunk.buffer)
    decoder.push(concat([Uint8Array.of(8), new Uint8Array(3)]))
    decoder.push(new Uint8Array(5))
    expect([...(second ?? [])]).toEqual([3, 4])
  })

  it('costs linear work for a 20 MiB frame in 1 KiB chunks [codec.linear]', () => {
    const frame = encodeFrame(new Uint8Array(20 * 1024 * 1024).fill(7))
    const decoder = frameDecoder()
    const sizes: number[] = []
    const work = countWork(() => {
      for (const chunk of split(frame, 1024)) sizes.push(...decoder.push(chunk).map((body) => body.byteLength))
    })
    expect(sizes).toEqual([20 * 1024 * 1024])
    expect(work.copied).toBeLessThan(4 * frame.byteLength)
  })
})
