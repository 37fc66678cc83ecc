import { expect, test } from 'vitest'
import { readText } from '../../src/core/read-text.js'
import { SignalboxError } from '../../src/index.js'

function body(chunks: readonly Uint8Array[], options: { fails?: unknown; onCancel?: () => void } = {}): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[at]
      at += 1
      if (chunk) controller.enqueue(chunk)
      else if (options.fails !== undefined) controller.error(options.fails)
      else controller.close()
    },
    cancel: () => options.onCancel?.(),
  })
}

test('a split character arrives whole; a missing body gives an empty text [core.read-text]', async () => {
  const bytes = new TextEncoder().encode('a\u00e4\u4fe1')
  expect(await readText(body([...bytes].map((byte) => new Uint8Array([byte]))), 100, {})).toBe('a\u00e4\u4fe1')
  expect(await readText(null, 100, {})).toBe('')
})

test('a body above its limit is refused at once and cancelled [core.read-text]', async () => {
  let cancelled = false
  const endless = body(
    Array.from({ length: 1000 }, () => new Uint8Array(10)),
    { onCancel: () => (cancelled = true) },
  )
  await expect(readText(endless, 55, { op: 'list' })).rejects.toMatchObject({ code: 'too_large', op: 'list', sent: 'yes' })
  expect(cancelled).toBe(true)
})

test('a connection that breaks in the middle gives sent: maybe; a SignalboxError is not wrapped [core.read-text]', async () => {
  const fallen = readText(body([new Uint8Array(3)], { fails: new TypeError('terminated') }), 100, { system: 'catsyphon' })
  await expect(fallen).rejects.toMatchObject({ code: 'closed', sent: 'maybe', system: 'catsyphon', cause: expect.any(TypeError) })
  const own = new SignalboxError({ code: 'aborted', message: 'The caller left.', sent: 'maybe' })
  await expect(readText(body([], { fails: own }), 100, {})).rejects.toBe(own)
})
