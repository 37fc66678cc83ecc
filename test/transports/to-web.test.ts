import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { toWeb } from '../../src/core/to-web.js'
import { SignalboxError } from '../../src/index.js'
import { memoryPair } from '../../src/testing/index.js'
import { listenUnix, unixSocket } from '../../transports/node/index.js'
import { socketPair } from './socket-pair.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = async (readable: ReadableStream<Uint8Array>): Promise<string> => new Response(readable).text()

test('[web.both-ways] both directions of a link work as streams and end independently', async () => {
  const [near, far] = memoryPair()
  const web = toWeb(near)
  const writer = web.writable.getWriter()
  await writer.write(bytes('ask'))
  await writer.close()
  expect(new TextDecoder().decode((await far.read()) ?? undefined)).toBe('ask')
  expect(await far.read()).toBeNull()
  await far.write(bytes('answer'))
  await far.end()
  expect(await textOf(web.readable)).toBe('answer')
  expect((await near.closed).kind).toBe('eof')
})

test('[web.nothing-lost] an answer is read whole after the peer has left, even if a write fails', async () => {
  await using pair = await socketPair({ listenUnix, unixSocket })
  await pair.far.write(new Uint8Array(100_000))
  await pair.far.close()
  const web = toWeb(pair.near)
  const writer = web.writable.getWriter()
  writer.closed.catch(() => {})
  for (let failed = false; !failed; ) await writer.write(bytes('too late')).catch(() => (failed = true))
  expect((await new Response(web.readable).arrayBuffer()).byteLength).toBe(100_000)
})

test('[web.backpressure] nothing is read ahead, and a full link pauses the writer', async () => {
  const [near, far] = memoryPair({ windowBytes: 1000 })
  const web = toWeb(near)
  const writer = web.writable.getWriter()
  void writer.write(new Uint8Array(1000))
  let second = false
  void writer.write(new Uint8Array(1000)).then(() => {
    second = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(second).toBe(false)
  expect(writer.desiredSize).toBeLessThanOrEqual(0)
  await far.read()
  await far.read()
  await expect.poll(() => second).toBe(true)
  await Promise.all([near.close(), far.close()])
})

test('[web.cancel] cancelling the readable closes the link and fails the writable', async () => {
  const [near, far] = memoryPair()
  const web = toWeb(near)
  const writer = web.writable.getWriter()
  await web.readable.cancel('enough')
  await expect(writer.closed).rejects.toSatisfy((error: unknown) => SignalboxError.is(error, 'closed'))
  expect((await near.closed).kind).toBe('local')
  expect(await far.read()).toBeNull()
})

test('[web.no-bridge] no source file uses the stream bridge of a runtime', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  // Written in two parts, so that the search does not find this file.
  const forbidden = new RegExp(['Duplex|Readable|Writable', String.raw`\.(?:to|from)Web\b`].join(')').replace(/^/, '(?:'))
  const found = ['src', 'transports', 'test', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|mjs)$/.test(file) && !file.includes('node_modules'))
      .filter((file) => forbidden.test(readFileSync(join(root, folder, file), 'utf8')))
      .map((file) => `${folder}/${file}`),
  )
  expect(found).toEqual([])
})
