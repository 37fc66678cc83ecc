import { expect, inject, test } from 'vitest'
import { checkRejects } from '../../src/testing/index.js'
import { fetchExchange, fetchLink, webSocketLink } from '../../transports/web/index.js'

const here = fetchExchange({ baseUrl: inject('httpUrl') })
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const sockets = webSocketLink<Record<string, string>>({ url: inject('webSocketUrl') })

async function accepted(pair: string): Promise<number> {
  const link = await sockets.open({ peer: 'accepted', pair })
  let text = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) text += new TextDecoder().decode(chunk)
  await link.close()
  return Number(text)
}

/** The number of bytes that the server could send, when it no longer grows. */
async function stoodStill(pair: string): Promise<number> {
  let last = -1
  let now = await accepted(pair)
  while (now !== last) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    last = now
    now = await accepted(pair)
  }
  return now
}

test('a page that does not read pauses the sender, and the sender continues when the page reads again [web.browser-credit]', async () => {
  const pair = crypto.randomUUID()
  const link = await sockets.open({ peer: 'flood', pair })
  const first = await stoodStill(pair)
  // No more than the window, although this page read no message: credit stops the server, not a buffer.
  expect(first).toBeGreaterThan(0)
  expect(first).toBeLessThanOrEqual(256 * 1024)
  let read = 0
  while (read < 1_000_000) read += (await link.read())?.byteLength ?? 0
  const second = await stoodStill(pair)
  expect(second).toBeGreaterThanOrEqual(read)
  expect(second - read).toBeLessThanOrEqual(256 * 1024)
  await link.close()
})

test('an exchange in a page has headers, body and status, and sends no cookie [web.exchange-as-given]', async () => {
  const reply = await here.exchange({
    method: 'POST',
    path: '/told',
    headers: { 'x-own': 'yes' },
    body: '{"a":1}',
    keepalive: true,
  })
  const told = JSON.parse(await new Response(reply.body).text())
  expect(told).toMatchObject({ method: 'POST', body: '{"a":1}', headers: { 'x-own': 'yes' } })
  expect(told.headers.cookie).toBeUndefined()
  expect(reply.headers['x-mixed-case']).toBe('Yes')
})

test('an abort ends the body of a reply in a page [web.exchange-abort-body]', async () => {
  const controller = new AbortController()
  const reply = await here.exchange({ method: 'GET', path: '/stall' }, { signal: controller.signal })
  const reader = reply.body?.getReader()
  await reader?.read()
  const pending = reader?.read() as Promise<unknown>
  controller.abort()
  expect((await checkRejects(pending, 'aborted')).sent).toBe('yes')
})

test('a redirect is refused in a page too, although a page does not learn its target [web.exchange-redirect]', async () => {
  await checkRejects(here.exchange({ method: 'POST', path: '/redirect', body: 'x' }), 'protocol')
})

test('a failed request in a page always has sent: maybe [web.exchange-sent]', async () => {
  const nowhere = fetchExchange({ baseUrl: 'http://127.0.0.1:9' })
  expect((await checkRejects(nowhere.exchange({ method: 'POST', path: '/', body: 'x' }), 'unreachable')).sent).toBe('maybe')
})

test('a streaming request body is buffered if HTTP/1.1 cannot carry it [web.exchange-gather]', async () => {
  const body = (): ReadableStream<Uint8Array> => new Blob(['in ', 'parts']).stream()
  const error = await checkRejects(here.exchange({ method: 'POST', path: '/told', body: body() }), 'unreachable')
  expect(error.message).toContain("requestBody: 'gather'")
  const gathering = fetchExchange({ baseUrl: inject('httpUrl'), requestBody: 'gather' })
  const reply = await gathering.exchange({ method: 'POST', path: '/told', body: body() })
  expect(JSON.parse(await new Response(reply.body).text()).body).toBe('in parts')
})

test('in a page, a fetch link sends a line and reads the answer [web.fetch-link-line]', async () => {
  const link = await fetchLink({ url: `${inject('httpUrl')}/echo` }).open()
  await link.write(utf8('{"a":1}\n'))
  let heard = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) heard += new TextDecoder().decode(chunk)
  expect(heard).toBe('{"a":1}\n')
})

test('a wrong credential is refused with its reason in a page [web.credential]', async () => {
  const transport = webSocketLink({ url: inject('webSocketUrl'), credential: 'a-wrong-one' })
  const error = await checkRejects(transport.open(), 'unauthenticated')
  expect(error.message).toBe('The credential is wrong. Use the right one.')
})
