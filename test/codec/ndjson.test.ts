import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeNdjson, ndjsonDecoder, type NdjsonOptions } from '../../src/core/codec/ndjson.js'
import { bytesOf, concat, countWork, decodeAll, split } from './chunks.js'

const decode = (chunks: readonly Uint8Array[], options: NdjsonOptions<unknown> = {}) => decodeAll(ndjsonDecoder(options), chunks)

describe('ndjson', () => {
  it('gives the same messages for any split of any input [codec.ndjson.any-split]', () => {
    const json = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' })
    fc.assert(
      fc.property(
        fc.array(json, { maxLength: 12 }),
        fc.array(fc.nat(400), { maxLength: 20 }),
        fc.boolean(),
        (values, cuts, open) => {
          const whole = concat(values.map(encodeNdjson))
          const bytes = open && values.length > 0 ? whole.subarray(0, -1) : whole
          const expected = values.map((value) => JSON.parse(JSON.stringify(value)))
          for (const chunks of [[bytes], split(bytes, cuts), split(bytes, 'every byte')]) {
            expect(decode(chunks)).toEqual({ messages: expected, fault: null })
          }
        },
      ),
    )
  })

  it('gives the same messages and the same fault for any split of broken input [codec.ndjson.any-split]', () => {
    const line = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify(value)),
      fc.constantFrom('', ' ', '\r', '{', 'nonsense', '\ufeff1', '1'.repeat(50), `"${'x'.repeat(60)}"`),
    )
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.array(fc.nat(200), { maxLength: 20 }),
        fc.boolean(),
        (lines, cuts, close) => {
          const bytes = bytesOf(lines.join('\n') + (close ? '\n' : ''))
          const options = { maxLineBytes: 40 }
          const whole = decode([bytes], options)
          for (const chunks of [split(bytes, cuts), split(bytes, 'every byte')]) {
            const pieces = decode(chunks, options)
            expect(pieces.messages).toEqual(whole.messages)
            expect(pieces.fault?.code).toBe(whole.fault?.code)
          }
        },
      ),
    )
  })

  it('splits on 0x0A alone: U+2028, U+2029, U+0085 and a lone CR stay inside strings [codec.ndjson.newline-only]', () => {
    const line = '{"text":"a\u2028b\u2029c\u0085d"}\r\n'
    expect(decode([bytesOf(line + line)]).messages).toEqual(Array(2).fill({ text: 'a\u2028b\u2029c\u0085d' }))
  })

  it('reads a brace or a bracket inside a string as text [codec.ndjson.brace]', () => {
    const values = [{ text: '}{' }, { text: ']}' }, ['{"a":1}'], '{']
    expect(decode(split(concat(values.map(encodeNdjson)), 'every byte')).messages).toEqual(values)
  })

  it('keeps a character that is split across chunks [codec.ndjson.split-character]', () => {
    const bytes = encodeNdjson({ text: '€ 𐍈 é' })
    for (let at = 1; at < bytes.byteLength; at += 1) {
      expect(decode([bytes.subarray(0, at), bytes.subarray(at)]).messages).toEqual([{ text: '€ 𐍈 é' }])
    }
  })

  it('accepts a complete last line without a newline and reports a broken one [codec.ndjson.last-line]', () => {
    expect(decode([bytesOf('{"a":1}\n{"b":2}')])).toEqual({ messages: [{ a: 1 }, { b: 2 }], fault: null })
    const broken = decode([bytesOf('{"a":1}\n{"b":')])
    expect(broken.messages).toEqual([{ a: 1 }])
    expect(broken.fault).toMatchObject({ code: 'invalid_message', sent: 'yes' })
    expect(broken.fault?.message).toContain('ended inside a line')
  })

  it('skips blank lines, which some peers send as a keep-alive', () => {
    expect(decode([bytesOf('\n\n{"a":1}\n \r\n\n{"b":2}\n\n  ')])).toEqual({ messages: [{ a: 1 }, { b: 2 }], fault: null })
  })

  it('delivers the messages before a line that is not JSON, and none after it [codec.fault-order]', () => {
    const decoder = ndjsonDecoder()
    expect(decoder.push(bytesOf('1\n2\noops\n3\n'))).toEqual([1, 2])
    expect(decoder.fault?.code).toBe('invalid_message')
    expect(decoder.push(bytesOf('4\n'))).toEqual([])
    expect(decoder.end()).toEqual([])
  })

  it('lets onInvalid replace or skip a line that is not JSON, and marks a truncated line', () => {
    const seen: [string, boolean][] = []
    const onInvalid = (line: string, _cause: unknown, truncated: boolean) => {
      seen.push([line, truncated])
      return line === 'skip' ? undefined : { line }
    }
    const { messages, fault } = decode([bytesOf('1\nskip\nkeep\n2\n{"cut')], { onInvalid })
    expect(messages).toEqual([1, { line: 'keep' }, 2, { line: '{"cut' }])
    expect(fault).toBeNull()
    expect(seen).toEqual([
      ['skip', false],
      ['keep', false],
      ['{"cut', true],
    ])
  })

  it('accepts a line of exactly the limit and refuses one byte more, wherever it is split [codec.ndjson.limit]', () => {
    const fits = `"${'é'.repeat(10)}"`
    const limit = bytesOf(fits).byteLength
    const over = `"${'é'.repeat(10)} "`
    for (const chunksOf of [1, 7, 1000]) {
      const good = decode(split(bytesOf(`1\n${fits}\n${fits}`), chunksOf), { maxLineBytes: limit })
      expect(good).toEqual({ messages: [1, 'é'.repeat(10), 'é'.repeat(10)], fault: null })
      for (const end of ['\n2\n', '']) {
        const bad = decode(split(bytesOf(`1\n${fits}\n${over}${end}`), chunksOf), { maxLineBytes: limit })
        expect(bad.messages).toEqual([1, 'é'.repeat(10)])
        expect(bad.fault).toMatchObject({ code: 'too_large' })
        expect(bad.fault?.message).toContain('maxLineBytes')
      }
    }
  })

  it('refuses a line that never ends as soon as it passes the limit, and keeps no more of it [codec.ndjson.limit]', () => {
    const decoder = ndjsonDecoder({ maxLineBytes: 10_000 })
    const chunk = new Uint8Array(1024).fill(0x61)
    let pushes = 0
    while (!decoder.fault && pushes < 100) {
      decoder.push(chunk)
      pushes += 1
    }
    expect(pushes).toBe(10)
    expect(decoder.fault?.code).toBe('too_large')
  })

  it('costs linear work for a 20 MiB line in 1 KiB chunks [codec.linear]', () => {
    const MiB = 1024 * 1024
    const bytes = new Uint8Array(20 * MiB + 1).fill(0x61)
    bytes[0] = 0x22
    bytes[20 * MiB - 1] = 0x22
    bytes[20 * MiB] = 0x0a
    const decoder = ndjsonDecoder<string>()
    const messages: string[] = []
    const work = countWork(() => {
      for (const chunk of split(bytes, 1024)) messages.push(...decoder.push(chunk))
    })
    expect(messages.map((text) => text.length)).toEqual([20 * MiB - 2])
    expect(work.copied).toBeLessThan(4 * bytes.byteLength)
    expect(work.scanned).toBeLessThan(3 * bytes.byteLength)
  })

  it('writes one line per message, also for a text with line breaks', () => {
    const bytes = encodeNdjson({ text: 'a\nb\r\u2028' })
    expect([...bytes].filter((byte) => byte === 0x0a)).toHaveLength(1)
    expect(bytes.at(-1)).toBe(0x0a)
    expect(decode([bytes]).messages).toEqual([{ text: 'a\nb\r\u2028' }])
  })
})
