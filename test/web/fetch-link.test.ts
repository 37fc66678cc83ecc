import { afterAll, beforeAll, expect, test } from 'vitest'
import { ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { messages } from '../../src/core/messages.js'
import { checkRejects } from '../../src/testing/index.js'
import { requestLinks } from '../../transports/web/fetch-link.js'
import { fetchExchange, fetchLink } from '../../transports/web/index.js'
import { startPeerServer, type PeerServer } from '../peers/web/server.js'

let server: PeerServer
beforeAll(async () => {
  server = await startPeerServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})
const to = (path: string, options = {}) => fetchLink({ url: server.httpUrl + path, ...options })
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the POST is sent with the first complete message, and the answer is streamed [web.fetch-link-line]', async () => {
  const link = await to('/echo').open()
  await link.write(utf8('{"a":'))
  await link.write(utf8('1}\n'))
  const heard: unknown[] = []
  for await (const message of messages(link, ndjsonDecoder())) heard.push(message)
  expect(heard).toEqual([{ a: 1 }])
  expect(await link.closed).toEqual({ kind: 'eof' })
})

test('for a protocol without lines the POST is sent at end() [web.fetch-link-end]', async () => {
  const link = await to('/told', { sendAfter: 'end', headers: { authorization: 'Bearer a-token-for-tests' } }).open()
  await link.write(utf8('one\n'))
  await link.write(utf8('two\n'))
  await link.end()
  const told = (await messages(link, ndjsonDecoder()).next()).value
  expect(told).toMatchObject({ method: 'POST', body: 'one\ntwo\n', headers: { authorization: 'Bearer a-token-for-tests' } })
})

test('one link carries one request [web.fetch-link-one]', async () => {
  const link = await to('/stall').open()
  await link.write(utf8('{}\n'))
  const error = await checkRejects(link.write(utf8('{}\n')), 'closed')
  expect(error.sent).toBe('no')
  await link.close()
})

test('close ends a pending read and the request under it', async () => {
  const link = await to('/stall').open()
  await link.write(utf8('{}\n'))
  expect(await link.read()).not.toBeNull()
  const pending = link.read()
  expect(await link.close()).toEqual({ kind: 'local' })
  expect(await pending).toBeNull()
  expect(await link.read()).toBeNull()
})

test('close before anything was sent sends nothing', async () => {
  let asked = 0
  const link = await to('/echo', {
    fetch: async () => {
      asked += 1
      return new Response()
    },
  }).open()
  const pending = link.read()
  await link.write(utf8('{"half":'))
  await link.close()
  expect(await pending).toBeNull()
  expect(asked).toBe(0)
  await checkRejects(link.write(utf8('x')), 'closed')
})

test('a refusal gives its code, its message, what to change, and when to retry [web.fetch-link-refused]', async () => {
  const link = await to('/refused').open()
  await link.write(utf8('{}\n'))
  const error = await checkRejects(link.read(), 'rate_limited')
  expect(error).toMatchObject({ status: 429, remoteCode: 'too_many', sent: 'no', retryAfterMs: 2000 })
  expect(error.message).toBe('Too many at once. Raise limits.maxCalls.')
  expect(await link.closed).toMatchObject({ kind: 'error' })
})

test('a request beyond its limit is refused before it is sent', async () => {
  const link = await to('/echo', { maxRequestBytes: 1000 }).open()
  await link.write(new Uint8Array(900))
  const error = await checkRejects(link.write(new Uint8Array(200)), 'too_large')
  expect(error.sent).toBe('no')
  await link.close()
})

test('bytes before a broken connection are read, and then the fault', async () => {
  const link = await to('/broken').open()
  await link.write(utf8('{}\n'))
  expect(new TextDecoder().decode((await link.read()) ?? undefined)).toBe('only this much')
  await checkRejects(link.read(), 'closed')
})

test('close ends the open of a diverted request, and does not wait for an open that never completes [web.fetch-link-divert]', async () => {
  let opening: AbortSignal | undefined
  const transport = requestLinks({
    exchange: fetchExchange({ baseUrl: server.httpUrl }),
    path: '/echo',
    peer: 'x',
    divert(_request, options) {
      opening = options?.signal
      return new Promise(() => {})
    },
  })
  const link = await transport.open()
  void link.write(utf8('{}\n')).catch(() => {})
  const pending = link.read()
  const closed = link.close()
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, 'late'))
  expect(await Promise.race([closed, late])).toEqual({ kind: 'local' })
  expect(await Promise.race([pending, late])).toBeNull()
  expect(opening?.aborted).toBe(true)
})

test('an abort of the open also ends the open of a diverted request [web.fetch-link-divert]', async () => {
  const controller = new AbortController()
  const transport = requestLinks({
    exchange: fetchExchange({ baseUrl: server.httpUrl }),
    path: '/echo',
    peer: 'x',
    divert: (_request, options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
      }),
  })
  const link = await transport.open(undefined, { signal: controller.signal })
  const reason = new Error('enough')
  const written = link.write(utf8('{}\n'))
  controller.abort(reason)
  await expect(written).rejects.toBe(reason)
  expect(await link.closed).toEqual({ kind: 'error', error: reason })
})
