/** The lines of a connection: the same for any chunks, bounded, with the bytes after them kept. */
import { expect, test } from 'vitest'
import { linesOf, parseLine, withBytesFirst } from '../../src/cccc/lines.js'
import { memoryPair } from '../../src/testing/index.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A link that gives these chunks and then ends. */
function chunks(...given: readonly Uint8Array[]) {
  const left = [...given]
  return { read: async () => left.shift() ?? null }
}

async function all(link: ReturnType<typeof chunks>, maxLineBytes = 1_000): Promise<unknown[]> {
  const lines = linesOf(link, maxLineBytes)
  const out: unknown[] = []
  for (let line = await lines.next(); line; line = await lines.next()) out.push(parseLine(line))
  return out
}

const TEXT = '{"a":"zwölf \u{1F6E4}\u2028"}\n\n{"b":[1]}\r\nno json\n{"last":true}'
const WHOLE = [{ a: 'zwölf \u{1F6E4}\u2028' }, undefined, { b: [1] }, undefined, { last: true }]

test('any split of the same bytes gives the same lines, also a last line without a newline [cccc.pieces]', async () => {
  const whole = bytes(TEXT)
  expect(await all(chunks(whole))).toEqual(WHOLE)
  expect(await all(chunks(...[...whole].map((byte) => new Uint8Array([byte]))))).toEqual(WHOLE)
  for (let first = 0; first <= whole.length; first += 1) {
    for (let second = first; second <= whole.length; second += 3) {
      const split = chunks(whole.slice(0, first), whole.slice(first, second), whole.slice(second))
      expect(await all(split), `split at ${first} and ${second}`).toEqual(WHOLE)
    }
  }
})

test('a line above the limit fails after the earlier lines were delivered [cccc.answer-limit]', async () => {
  const lines = linesOf(chunks(bytes(`{"a":1}\n${'x'.repeat(60)}`), bytes('x'.repeat(60))), 100)
  expect(parseLine((await lines.next()) ?? bytes(''))).toEqual({ a: 1 })
  await expect(lines.next()).rejects.toMatchObject({ code: 'too_large', sent: 'yes' })
})

test('bytes after the answer are read first when the connection becomes a terminal [cccc.terminal]', async () => {
  const [ours, theirs] = memoryPair()
  await theirs.write(bytes('{"ok":true}\nscreen'))
  const lines = linesOf(ours, 1_000)
  expect(parseLine((await lines.next()) ?? bytes(''))).toEqual({ ok: true })
  const link = withBytesFirst(ours, lines.rest())
  await theirs.write(bytes(' more'))
  expect(new TextDecoder().decode((await link.read()) ?? undefined)).toBe('screen')
  expect(new TextDecoder().decode((await link.read()) ?? undefined)).toBe(' more')
  await link.close()
})
