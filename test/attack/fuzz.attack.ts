/**
 * Differential fuzzing: a message that the gateway lets pass must mean to the upstream's parser what it meant to the gateway. JSON is read as
 * JavaScript, as Go (names without regard to case, the last one wins) and as Python read it; envelopes are read by the generated parser.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFrame, frameDecoder } from '../../src/core/codec/frames.js'
import { ccccScopes } from '../../src/cccc/scopes.js'
import { CCC_SCOPES } from '../../src/ccc/scopes.js'
import { EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { CMDOP_ARMS } from '../../src/cmdop/scopes.js'
import { DEFAULT_LIMITS, type Grant, type StreamPolicy } from '../../src/gateway/index.js'
import { createMessageFilter } from '../../src/gateway/message-filter.js'
import { cccPolicy, ccccPolicy, claudePolicy, cmdopPolicy } from '../../src/gateway/policy/index.js'

const runs = process.env.SIGNALBOX_ATTACK === 'fast' ? 3_000 : 40_000
const observer: Grant = { id: 'g', scopes: ['observe'] }
const sender: Grant = { id: 'g', scopes: ['send'] }
const utf8 = new TextEncoder()

/** The bytes that pass; empty where the message is refused. */
function passed(policy: StreamPolicy, grant: Grant, bytes: Uint8Array): Uint8Array[] {
  const filter = createMessageFilter(policy, grant, { limits: DEFAULT_LIMITS })
  try {
    return [...filter.push(bytes), ...filter.end()]
  } catch {
    return []
  }
}
const linesOf = (parts: readonly Uint8Array[]): string[] =>
  parts
    .map((part) => new TextDecoder().decode(part))
    .join('')
    .split('\n')
    .filter(Boolean)

/** Every value that some parser could take for the field. */
function readings(line: string, field: string): unknown[] {
  const parsed = JSON.parse(line) as Record<string, unknown>
  const anyCase = Object.entries(parsed).filter(([key]) => key.toLowerCase() === field)
  return [parsed[field], ...anyCase.map(([, value]) => value)].map((value) =>
    typeof value === 'string' ? value.trim().toLowerCase() : value,
  )
}

/** A text with escapes, doubled and odd spellings of the field, and white space of all kinds in between. */
function lineOf(field: string, names: readonly string[]) {
  const spelled = fc.constantFrom(
    field,
    field.toUpperCase(),
    `${field[0]?.toUpperCase()}${field.slice(1)}`,
    `${field} `,
    `\\u00${field.charCodeAt(0).toString(16)}${field.slice(1)}`,
    'other',
    '__proto__',
  )
  const named = fc
    .constantFrom(...names)
    .chain((name) => fc.constantFrom(name, `${name} `, ` ${name}`, name.toUpperCase(), `${name}\\u0000`, `${name}\\n`))
  const value = fc.oneof(
    named.map((name) => `"${name}"`),
    named.map((name) => `["${name}"]`),
    fc.constantFrom('null', '1', 'true', '{}', '{"toString":"ping"}'),
  )
  const space = fc.constantFrom('', ' ', '\t', '\r')
  const pair = fc.tuple(spelled, value, space).map(([key, text, gap]) => `${gap}"${key}"${gap}:${gap}${text}${gap}`)
  return fc.array(pair, { minLength: 1, maxLength: 4 }).map((pairs) => `{${pairs.join(',')}}\n`)
}

/** The request type that the generated parser reads; undefined if it refuses the message, as a core would. */
function armOf(message: Uint8Array): string | undefined {
  try {
    return fromBinary(EnvelopeSchema, message).payload.case ?? 'none'
  } catch {
    return undefined
  }
}

describe('differential fuzzing [gateway.attack.differential]', () => {
  test.each([
    ['CCC', cccPolicy, 'cmd', CCC_SCOPES],
    ['CCCC', ccccPolicy, 'op', ccccScopes()],
  ] as const)('%s: no line that passes for observe is another command to any parser', (_system, policy, field, scopes) => {
    const table: Readonly<Record<string, string>> = scopes
    let count = 0
    fc.assert(
      fc.property(lineOf(field, Object.keys(table)), (line) => {
        for (const out of linesOf(passed(policy, observer, utf8.encode(line)))) {
          count += 1
          for (const name of readings(out, field)) expect(table[String(name)], out).toBe('observe')
        }
      }),
      { numRuns: runs },
    )
    expect(count).toBeGreaterThan(0)
  })

  test('from any bytes, only lines of known observe commands pass for observe', () => {
    const mutated = fc
      .tuple(
        fc.constantFrom('{"cmd":"ping"}\n', '{"cmd":"history","session":"x"}\n', '{"cmd":"send","session":"x","text":"y"}\n'),
        fc.uint8Array({ maxLength: 6 }),
        fc.nat(),
      )
      .map(([line, noise, at]) => {
        const bytes = [...utf8.encode(line)]
        bytes.splice(at % bytes.length, noise.length, ...noise)
        return Uint8Array.from(bytes)
      })
    fc.assert(
      fc.property(mutated, (bytes) => {
        for (const line of linesOf(passed(cccPolicy, observer, bytes))) {
          for (const name of readings(line, 'cmd'))
            expect(CCC_SCOPES[String(name) as keyof typeof CCC_SCOPES], line).toBe('observe')
        }
      }),
      { numRuns: runs },
    )
  })

  test('Claude: no prompt that passes for send begins with a command, in any block', () => {
    const invisible = fc.array(
      fc.constantFrom(' ', '\n', '\t', '\u200b', '\ufeff', '\u2060', '\u00ad', '\u3000', '\u180e', '\u{e0001}', '\u0300'),
      { maxLength: 4 },
    )
    const start = fc.constantFrom('/', '!', '#', '\uff0f', '\uff01', '\uff03', 'a', '-', '@', '')
    const text = fc
      .tuple(invisible, start, fc.string({ maxLength: 8 }))
      .map(([before, first, rest]) => before.join('') + first + rest)
    const content = fc.oneof(
      text,
      fc.array(
        text.map((words) => ({ type: 'text', text: words })),
        { maxLength: 3 },
      ),
    )
    const commands = /^[/!#]/
    let count = 0
    fc.assert(
      fc.property(content, (said) => {
        const line = utf8.encode(`${JSON.stringify({ type: 'user', message: { role: 'user', content: said } })}\n`)
        for (const out of linesOf(passed(claudePolicy, sender, line))) {
          count += 1
          const { content: got } = (JSON.parse(out) as { message: { content: string | { text: string }[] } }).message
          const texts = typeof got === 'string' ? [got] : got.map((block) => block.text)
          // Trimmed as JavaScript, and as a terminal that shows no invisible character would.
          for (const each of texts) {
            expect(each.trim().normalize('NFKC')).not.toMatch(commands)
            expect(each.replace(/[\s\p{Cf}\p{Cc}]/gu, '').normalize('NFKC')).not.toMatch(commands)
          }
        }
      }),
      { numRuns: runs },
    )
    expect(count).toBeGreaterThan(0)
  })

  test('CMDOP: an accepted envelope has the request type that the generated parser reads', () => {
    const arms = EnvelopeSchema.fields.filter((field) => field.oneof?.localName === 'payload')
    const base = fc.tuple(fc.constantFrom(...arms), fc.constantFrom(1, 7), fc.nat(1000)).map(([field, kind, id]) => {
      const payload = { case: field.localName, value: {} }
      return toBinary(EnvelopeSchema, create(EnvelopeSchema, { id, kind, payload } as never))
    })
    const mutated = fc
      .tuple(base, base, fc.uint8Array({ maxLength: 5 }), fc.nat(), fc.nat(3))
      .map(([one, other, noise, at, how]) => {
        const bytes = [...one]
        if (how === 1) bytes.push(...other)
        if (how === 2) bytes.splice(at % (bytes.length + 1), noise.length, ...noise)
        if (how === 3) bytes.splice(at % (bytes.length + 1), 0, ...other, ...noise)
        return Uint8Array.from(bytes)
      })
    let count = 0
    fc.assert(
      fc.property(mutated, (bytes) => {
        for (const part of passed(cmdopPolicy, observer, encodeFrame(bytes))) {
          for (const message of frameDecoder().push(part)) {
            const arm = armOf(message)
            if (arm === undefined) continue
            count += 1
            expect(CMDOP_ARMS[arm as keyof typeof CMDOP_ARMS]).toBe('observe')
          }
        }
      }),
      { numRuns: runs },
    )
    expect(count).toBeGreaterThan(0)
  })
})
