/** Laws 2 and 8: received bytes are kept in order, up to a limit; no error discards them; chunk boundaries do not matter. */
import { ndjsonDecoder } from '../../core/codec/ndjson.js'
import { KEEP_BYTES } from '../../core/inbox.js'
import { messages } from '../../core/messages.js'
import type { Link } from '../../transport.js'
import { check, checkEqual, checkRejects } from '../case.js'
import { flood, readAll, MOST_FLOOD, pairCase, pattern, reasonOf, utf8, type ContractCase } from './harness.js'

export const reading: readonly ContractCase[] = [
  pairCase('law.2.kept', 'bytes that come before the first read are kept', async ({ near, far }) => {
    await far.write(pattern(100_000))
    await far.end()
    checkEqual(await readAll(near), { bytes: 100_000, end: 'null' })
  }),

  pairCase('law.2.paused', 'a writer waits while its reader does not read, and no byte is lost', async ({ near, far }, context) => {
    const flooding = await flood(far, context.floodBytes ?? MOST_FLOOD)
    flooding.stop()
    const [received] = await Promise.all([readAll(near), flooding.pending.then(() => far.end())])
    checkEqual(received, { bytes: flooding.accepted(), end: 'null' })
  }),

  pairCase(
    'law.2.answered-and-left',
    'the answer of a peer that left before the first write can still be read',
    async ({ near, far }) => {
      await far.write(pattern(50_000))
      await far.end()
      await far.close({ graceMs: 500 })
      // The first writes may go into a buffer. One of the writes must fail, and none may discard the answer.
      let failed = false
      for (let attempt = 0; attempt < 200 && !failed; attempt += 1) {
        await near.write(utf8('a request that comes too late\n')).catch(() => {
          failed = true
        })
        await Promise.race([near.closed, new Promise<void>((resolve) => setTimeout(resolve, 5))])
      }
      const received = await readAll(near)
      checkEqual(received.bytes, 50_000)
    },
  ),

  pairCase('law.2.fault-last', 'bytes that a peer sent before it died are read before the error', async ({ near, far, kill }) => {
    await far.write(pattern(30_000))
    // One byte proves that the rest is on its way, and the rest stays unread.
    const first = await near.read()
    check(first !== null && first.byteLength > 0, 'nothing came')
    const missing = 30_000 - first.byteLength
    let later = 0
    if (missing > 0) later = (await readAll(near, missing, first.byteLength)).bytes
    checkEqual(first.byteLength + later, 30_000)
    await kill()
    const { end } = await readAll(near)
    check(end !== 'enough', 'the reading did not end')
  }),

  pairCase(
    'law.2.fault-paused',
    'an error while reading is paused does not discard received bytes',
    async ({ near, far, kill }, context) => {
      const flooding = await flood(far, context.floodBytes ?? MOST_FLOOD)
      await kill()
      const received = await readAll(near)
      check(received.bytes >= KEEP_BYTES, `only ${received.bytes} of at least ${KEEP_BYTES} kept bytes were heard`)
      flooding.stop()
    },
  ),

  pairCase('law.2.own', 'later bytes do not change a chunk that was read', async ({ near, far }) => {
    await far.write(pattern(2000))
    const first = await near.read()
    check(first !== null && first.byteLength > 0, 'nothing came')
    const missing = 2000 - first.byteLength
    if (missing > 0) await readAll(near, missing, first.byteLength)
    await far.write(pattern(2000, 77))
    await readAll(near, 2000, 77)
    checkEqual(first, pattern(first.byteLength), 'the first chunk was written over')
  }),

  pairCase('law.2.one-reader', 'a second read beside a pending one rejects and takes no bytes', async ({ near, far }) => {
    const pending = near.read()
    await checkRejects(near.read(), 'invalid_argument')
    await far.write(pattern(10))
    const chunk = await pending
    check(chunk !== null && chunk.byteLength > 0, 'the pending read got nothing')
  }),

  pairCase('law.8.small-and-giant', 'single bytes and one giant chunk give the same messages', async ({ near, far }) => {
    const sent = Array.from({ length: 40 }, (_, index) => ({ index, text: `"}{"\u2028 ${'x'.repeat(index * 7)}` }))
    const bytes = utf8(sent.map((message) => `${JSON.stringify(message)}\n`).join(''))
    const giant = utf8(`${JSON.stringify({ giant: 'y'.repeat(2_000_000) })}\n`)
    const writing = (async () => {
      for (const byte of bytes) await far.write(Uint8Array.of(byte))
      await far.write(bytes.slice())
      await far.write(giant)
      await far.end()
    })()
    // If the reading fails, its error is reported.
    writing.catch(() => {})
    const received = await allMessages(near)
    await writing
    checkEqual(received.length, 81)
    checkEqual(received.slice(0, 40), sent, 'byte by byte')
    checkEqual(received.slice(40, 80), sent, 'in one chunk')
    checkEqual((received[80] as { giant: string }).giant.length, 2_000_000)
  }),

  pairCase('law.8.split-character', 'a character that is split across chunks arrives whole', async ({ near, far }) => {
    const text = 'Grüße, 信号箱, \u{1f6e4}\u{fe0f} and the end'
    const bytes = utf8(`${JSON.stringify(text)}\n`)
    for (const byte of bytes) await far.write(Uint8Array.of(byte))
    await far.end()
    checkEqual(await allMessages(near), [text])
  }),

  pairCase('law.8.order', 'writes that are not awaited arrive in their order', async ({ near, far }) => {
    const written: Promise<void>[] = []
    let from = 0
    for (let index = 0; index < 300; index += 1) {
      const size = 1 + ((index * 37) % 3000)
      written.push(near.write(pattern(size, from)))
      from += size
    }
    const ended = near.end()
    checkEqual(await readAll(far), { bytes: from, end: 'null' })
    await Promise.all([...written, ended])
  }),

  pairCase('law.2.fault-told-late', 'a reader that starts after the peer has gone gets every byte', async ({ near, far }) => {
    await far.write(pattern(20_000))
    await far.end()
    await near.end()
    // Both halves have ended by themselves. The bytes can still be read.
    await reasonOf(near, 'the end of both halves')
    checkEqual(await readAll(near), { bytes: 20_000, end: 'null' })
  }),
]

async function allMessages(link: Link): Promise<unknown[]> {
  const out: unknown[] = []
  for await (const message of messages(link, ndjsonDecoder())) out.push(message)
  return out
}
