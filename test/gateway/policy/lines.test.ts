/** Lines: the upstream gets exactly the checked message, also if two parsers would read the line differently. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, Refusal, type Grant, type Scope } from '../../../src/gateway/index.js'
import { cccPolicy, ccccPolicy } from '../../../src/gateway/policy/index.js'
import { createMessageFilter } from '../../../src/gateway/message-filter.js'

const grant = (...scopes: Scope[]): Grant => ({ id: 'g', scopes })
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (parts: readonly Uint8Array[]): string => parts.map((part) => new TextDecoder().decode(part)).join('')
const limits = { limits: { ...DEFAULT_LIMITS, maxMessageBytes: 1_000 } }

describe('the upstream gets exactly the checked message [gateway.judge.rewritten]', () => {
  test('a duplicate key has the same meaning for the upstream as for the gateway', () => {
    const filter = createMessageFilter(cccPolicy, grant('observe'), limits)
    expect(text(filter.push(bytes('{"cmd":"send","cmd":"ping"}\n')))).toBe('{"cmd":"ping"}\n')
    expect(() => filter.push(bytes('{"cmd":"ping","cmd":"send"}\n'))).toThrow(/not covered/)
  })

  test('another spelling of the deciding field is refused', () => {
    for (const line of [
      '{"cmd":"ping","CMD":"send"}',
      '{"cmd":"ping","Cmd":"send"}',
      '{"cmd":"ping","cm\\u0064 ":1,"cMd":"send"}',
    ]) {
      expect(() => createMessageFilter(cccPolicy, grant('observe'), limits).push(bytes(`${line}\n`))).toThrow(/lower case/)
    }
  })

  test('a name that an upstream would trim to another name is refused', () => {
    for (const op of ['shutdown ', ' shutdown', '\tshutdown', 'shutdown\u001c', '\u00a0shutdown', '\ufeffshutdown', 'shutdown\n']) {
      const filter = createMessageFilter(ccccPolicy, grant('admin'), limits)
      const line = bytes(`${JSON.stringify({ op })}\n`)
      expect(() => filter.push(line), JSON.stringify(op)).toThrow(/plain word/)
    }
    expect(() => createMessageFilter(ccccPolicy, grant('admin'), limits).push(bytes('{"op":"shutdown"}\n'))).toThrow(
      /configuration/,
    )
  })

  test('a deciding field that is not a string, and a line that is not an object, are refused', () => {
    for (const line of ['{"cmd":["ping"]}', '[]', '"ping"', '1', 'null', '{}', '{"cmd":null}', 'nonsense', '{"cmd":"ping"']) {
      const filter = createMessageFilter(cccPolicy, grant('admin'), limits)
      expect(() => [filter.push(bytes(`${line}\n`)), filter.end()], line).toThrow(Refusal)
    }
  })

  test('a line that can be parsed but not written is refused as a message, not as an internal error', () => {
    const deep = `{"cmd":"ping","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`
    const filter = createMessageFilter(cccPolicy, grant('admin'), {
      limits: { ...DEFAULT_LIMITS, maxMessageBytes: 1_000_000, maxJsonDepth: 1_000_000, maxJsonNodes: 1_000_000 },
    })
    // An engine with an iterative writer forwards the line; in both cases nothing else happens.
    try {
      expect(text(filter.push(bytes(deep)))).toBe(deep)
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid_request' })
    }
  })

  test('a second line is checked like the first one', () => {
    const filter = createMessageFilter(ccccPolicy, grant('observe'), limits)
    expect(text(filter.push(bytes('{"op":"ping"}\n{"op":"gro')))).toBe('{"op":"ping"}\n')
    expect(text(filter.push(bytes('ups"}\n')))).toBe('{"op":"groups"}\n')
    expect(() => filter.push(bytes('{"op":"events_stream"}\n{"op":"send"}\n'))).toThrow(/not covered/)
  })

  test('an endless line is refused', () => {
    const filter = createMessageFilter(ccccPolicy, grant('admin'), limits)
    expect(() => {
      for (let count = 0; count < 100; count += 1) filter.push(bytes('x'.repeat(100)))
    }).toThrow(expect.objectContaining({ code: 'too_large', hint: 'Raise limits.maxMessageBytes.' }))
  })
})

describe('a link that switches to raw bytes [gateway.judge.raw]', () => {
  test('needs admin, and no bytes may follow in the same chunk as the line that switches it', () => {
    expect(() => createMessageFilter(ccccPolicy, grant('send', 'approve'), limits).push(bytes('{"op":"term_attach"}\n'))).toThrow(
      /not covered/,
    )
    for (const more of ['{"op":"ping"}\n', 'keys']) {
      const filter = createMessageFilter(ccccPolicy, grant('admin'), limits)
      expect(() => filter.push(bytes(`{"op":"term_attach"}\n${more}`))).toThrow(/Nothing may be sent along/)
    }
    const filter = createMessageFilter(ccccPolicy, grant('admin'), limits)
    expect(text(filter.push(bytes('{"op":"term_attach"}\n')))).toBe('{"op":"term_attach"}\n')
    expect(text(filter.push(bytes('\u0003 anything')))).toBe('\u0003 anything')
  })
})
