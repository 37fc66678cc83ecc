import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sseDecoder, type SseMessage, type SseOptions } from '../../src/core/codec/sse.js'
import { bytesOf, concat, countWork, decodeAll, split } from './chunks.js'

const decode = (text: string, options: SseOptions = {}) => decodeAll(sseDecoder(options), [bytesOf(text)])
const event = (data: string, rest: Partial<SseMessage> = {}) => ({ type: 'event', event: 'message', data, id: '', ...rest })

describe('server-sent events', () => {
  it('gives the same messages for any split of any input [codec.sse.any-split]', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        '\n\n',
        ':',
        ': ',
        'data',
        'data: ',
        'data:',
        'event: ',
        'id: ',
        'retry: ',
        '\ufeff',
        ' ',
        '\0',
      ),
      fc.constantFrom('7', 'é', '€ 𐍈', '\u2028', 'x'.repeat(30)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(200), { maxLength: 20 }), (parts, cuts) => {
        const bytes = bytesOf(parts.join(''))
        const results = [[bytes], split(bytes, cuts), split(bytes, 'every byte')].map((chunks) => {
          const decoder = sseDecoder({ maxEventBytes: 100 })
          const { messages, fault } = decodeAll(decoder, chunks)
          return { messages, code: fault?.code, id: decoder.lastEventId, retryMs: decoder.retryMs }
        })
        expect(results[1]).toEqual(results[0])
        expect(results[2]).toEqual(results[0])
      }),
      { numRuns: 300 },
    )
  })

  it('ends a line at LF, CR and CRLF, also at a split CRLF [codec.sse.line-ends]', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const bytes = bytesOf(['data: a', 'data: b', '', 'data: c', '', ''].join(end))
      for (const chunks of [[bytes], split(bytes, 'every byte')]) {
        expect(decodeAll(sseDecoder(), chunks).messages).toEqual([event('a\nb'), event('c')])
      }
    }
    expect(decode('data: a\r\n\rdata: b\n\r').messages).toEqual([event('a'), event('b')])
  })

  it('delivers an event at its CR, without waiting for an LF that may never come [codec.sse.line-ends]', () => {
    const decoder = sseDecoder()
    expect(decoder.push(bytesOf('data: a\r\r'))).toEqual([event('a')])
    expect(decoder.push(bytesOf('\ndata: b\n\n'))).toEqual([event('b')])
  })

  it('drops one BOM at the very start and keeps any other', () => {
    expect(decode('\ufeffdata: a\n\ndata: \ufeffb\n\n\ufeffdata: c\n\n').messages).toEqual([event('a'), event('\ufeffb')])
    const bytes = concat([bytesOf('\ufeff'), bytesOf('data: a\n\n')])
    expect(decodeAll(sseDecoder(), split(bytes, 'every byte')).messages).toEqual([event('a')])
  })

  it('reads fields as the standard says', () => {
    expect(decode('data\n\n').messages).toEqual([event('')])
    expect(decode('data\ndata\n\n').messages).toEqual([event('\n')])
    expect(decode('data:a\ndata: b\ndata:  c\n\n').messages).toEqual([event('a\nb\n c')])
    expect(decode('data: a: b\nother: x\ndatax: y\n data: z\n\n').messages).toEqual([event('a: b')])
    expect(decode('event: add\ndata: 1\n\ndata: 2\n\n').messages).toEqual([event('1', { event: 'add' }), event('2')])
    expect(decode('event: add\n\ndata: 2\n\n').messages).toEqual([event('2')])
  })

  it('moves the last id with its event and not before, so that an incomplete event is requested again [codec.sse.cut]', () => {
    const decoder = sseDecoder({ lastEventId: '41' })
    expect(decoder.push(bytesOf('id: 42\ndata: a\n\nid: 43\ndata: lo'))).toEqual([event('a', { id: '42' })])
    expect(decoder.end()).toEqual([])
    expect(decoder.lastEventId).toBe('42')
  })

  it('keeps the last id until the next, changes it also without data, and ignores an id with a NUL [codec.sse.last-id]', () => {
    const decoder = sseDecoder({ lastEventId: 'start' })
    expect(decoder.lastEventId).toBe('start')
    const text = 'data: a\n\nid: 1\ndata: b\n\ndata: c\n\nid: 2\n\nid: x\0y\ndata: d\n\nid\ndata: e\n\nid: 9\n\n'
    expect(decoder.push(bytesOf(text)).map((message) => message.type === 'event' && message.id)).toEqual([
      'start',
      '1',
      '1',
      '2',
      '',
    ])
    expect(decoder.lastEventId).toBe('9')
  })

  it('takes a retry of digits only', () => {
    const decoder = sseDecoder()
    decoder.push(bytesOf('retry: 10s\nretry: -1\nretry: \nretry\n\n'))
    expect(decoder.retryMs).toBeUndefined()
    decoder.push(bytesOf('retry: 1500\n'))
    expect(decoder.retryMs).toBe(1500)
  })

  it('reports a comment at once, even inside an event, because it counts as activity [codec.sse.comment]', () => {
    expect(decode(':\n: keep-alive\ndata: a\n:x\ndata: b\n\n').messages).toEqual([
      { type: 'comment', text: '' },
      { type: 'comment', text: 'keep-alive' },
      { type: 'comment', text: 'x' },
      event('a\nb'),
    ])
  })

  it('does not deliver an event that is incomplete at the end [codec.sse.cut]', () => {
    expect(decode('data: a\n\ndata: b\n')).toEqual({ messages: [event('a')], fault: null })
    expect(decode('data: a\n\ndata: b')).toEqual({ messages: [event('a')], fault: null })
  })

  it('bounds an event, in one line or in many, and delivers what came before [codec.sse.limit]', () => {
    const decoded = ['data: 0123456789\n\n', 'data: 0\ndata: 1\n\n', 'data: 0123456789'].map((over) =>
      decode(`data: a\n\n${over}`, { maxEventBytes: 12 }),
    )
    for (const { messages, fault } of decoded) {
      expect(messages).toEqual([event('a')])
      expect(fault).toMatchObject({ code: 'too_large' })
      expect(fault?.message).toContain('maxEventBytes')
    }
    expect(decode('data: 012345\n\ndata: 678901\n\n', { maxEventBytes: 12 }).fault).toBeNull()
  })

  it('does not count comments towards the size of the event [codec.sse.limit]', () => {
    const decoder = sseDecoder({ maxEventBytes: 20 })
    decoder.push(bytesOf('data: a\n'))
    for (let beat = 0; beat < 100; beat += 1) decoder.push(bytesOf(': alive\n'))
    expect(decoder.push(bytesOf('\n'))).toEqual([event('a')])
    expect(decoder.fault).toBeNull()
  })

  it('costs linear work for a 20 MiB event in 1 KiB chunks, and for many short lines in one chunk [codec.linear]', () => {
    const MiB = 1024 * 1024
    const long = bytesOf(`data: ${'x'.repeat(20 * MiB)}\n\n`)
    const decoder = sseDecoder()
    const messages: SseMessage[] = []
    const one = countWork(() => {
      for (const chunk of split(long, 1024)) messages.push(...decoder.push(chunk))
    })
    expect(messages).toHaveLength(1)
    expect(one.copied).toBeLessThan(4 * long.byteLength)
    expect(one.scanned).toBeLessThan(3 * long.byteLength)
    const short = bytesOf('data: x\n\n'.repeat(50_000))
    const many = countWork(() => expect(sseDecoder().push(short)).toHaveLength(50_000))
    expect(many.scanned).toBeLessThan(3 * short.byteLength)
  })
})
