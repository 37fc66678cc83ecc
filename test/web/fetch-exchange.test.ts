import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fallback, SignalboxError } from '../../src/index.js'
import { checkRejects } from '../../src/testing/index.js'
import { fetchExchange } from '../../transports/web/index.js'
import { startPeerServer, type PeerServer } from '../peers/web/server.js'

let server: PeerServer
beforeAll(async () => {
  server = await startPeerServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})
const here = (options = {}) => fetchExchange({ baseUrl: server.httpUrl, ...options })

async function text(body: ReadableStream<Uint8Array> | null): Promise<string> {
  return await new Response(body).text()
}

test('a request arrives unchanged, and nothing is added to it [web.exchange-as-given]', async () => {
  const transport = here({ headers: { 'X-Own': 'base', 'x-both': 'base' } })
  const reply = await transport.exchange(
    { method: 'post', path: '/told?a=1', headers: { 'X-Both': 'request' }, body: '{"a":1}' },
    { trace: { traceparent: '00-trace' } },
  )
  expect(reply.status).toBe(200)
  // Header names are in lower case, whatever the server sends.
  expect(reply.headers['x-mixed-case']).toBe('Yes')
  expect(Object.keys(reply.headers).every((key) => key === key.toLowerCase())).toBe(true)
  const told = JSON.parse(await text(reply.body))
  expect(told).toMatchObject({ method: 'POST', body: '{"a":1}' })
  expect(told.headers).toMatchObject({ 'x-own': 'base', 'x-both': 'request', traceparent: '00-trace' })
  // ofetch would call any text JSON, and ask for JSON.
  expect(told.headers['content-type']).toBeUndefined()
  expect(told.headers.accept).not.toBe('application/json')
})

test('headers can be a function, which is called for each request [web.exchange-headers]', async () => {
  let count = 0
  const transport = here({
    headers: async () => {
      count += 1
      return { authorization: `Bearer token-number-${count}` }
    },
  })
  for (const expected of [1, 2]) {
    const reply = await transport.exchange({ method: 'GET', path: '/told' })
    expect(JSON.parse(await text(reply.body)).headers.authorization).toBe(`Bearer token-number-${expected}`)
  }
})

test('a status is an answer, not a failure', async () => {
  const reply = await here().exchange({ method: 'GET', path: '/nowhere' })
  expect(reply.status).toBe(404)
  expect(await text(reply.body)).toBe('there is nothing here')
})

test('bodies stream both ways at once [web.exchange-streams]', async () => {
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(encoder.encode('one '))
      await gate
      controller.enqueue(encoder.encode('two'))
      controller.close()
    },
  })
  const reply = await here().exchange({ method: 'POST', path: '/echo', body })
  const reader = reply.body?.getReader()
  // The first half of the answer arrives before the second half of the request is sent.
  const first = await reader?.read()
  expect(new TextDecoder().decode(first?.value)).toBe('one ')
  release()
  let rest = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    rest += new TextDecoder().decode(part.value)
  expect(rest).toBe('two')
})

test('a streaming body can be buffered first, within its limit [web.exchange-gather]', async () => {
  const piece = new Uint8Array(1024 * 1024)
  const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(piece) })
  const transport = here({ requestBody: 'gather' })
  const error = await checkRejects(transport.exchange({ method: 'POST', path: '/told', body: endless }), 'too_large')
  expect(error.sent).toBe('no')
  const small = new Blob(['a small ', 'body']).stream()
  const reply = await transport.exchange({ method: 'POST', path: '/told', body: small as ReadableStream<Uint8Array> })
  const told = JSON.parse(await text(reply.body))
  expect(told.body).toBe('a small body')
  const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('no more')) })
  const failure = await checkRejects(transport.exchange({ method: 'POST', path: '/told', body: broken }), 'invalid_argument')
  expect(failure).toMatchObject({ sent: 'no', cause: { message: 'no more' } })
  expect(told.headers['content-length']).toBe('12')
})

test('an abort before the reply is a typed error, whose sent says whether the request left [web.exchange-abort]', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  let fetching = (): void => {}
  const called = new Promise<void>((resolve) => {
    fetching = resolve
  })
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    fetching()
    return globalThis.fetch(url, init)
  }
  const waiting = here({ fetch }).exchange({ method: 'GET', path: '/silent' }, { signal: controller.signal })
  waiting.catch(() => {})
  await called
  controller.abort(reason)
  const error = await checkRejects(waiting, 'aborted')
  expect(error).toMatchObject({ sent: 'maybe', cause: reason, transport: 'fetch' })
  const before = await checkRejects(here().exchange({ method: 'GET', path: '/silent' }, { signal: controller.signal }), 'aborted')
  expect(before.sent).toBe('no')
})

test('an abort during the header function sends nothing [web.exchange-abort]', async () => {
  let asked = 0
  const controller = new AbortController()
  const transport = here({
    headers: () => Promise.resolve({}).finally(() => controller.abort()),
    fetch: async () => {
      asked += 1
      return new Response('')
    },
  })
  const error = await checkRejects(transport.exchange({ method: 'POST', path: '/' }, { signal: controller.signal }), 'aborted')
  expect(error.sent).not.toBe('yes')
  expect(asked).toBe(0)
})

test('the signal covers the body to its last byte [web.exchange-abort-body]', async () => {
  const controller = new AbortController()
  const reply = await here().exchange({ method: 'GET', path: '/stall' }, { signal: controller.signal })
  const reader = reply.body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('{"first":true}\n')
  const pending = reader?.read() as Promise<unknown>
  controller.abort('no longer wanted')
  const error = await checkRejects(pending, 'aborted')
  expect(error).toMatchObject({ sent: 'yes', cause: 'no longer wanted' })
})

test('the signal covers the body also if the runtime ignores it', async () => {
  const forgetful = async (): Promise<Response> => new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(3)) }))
  const controller = new AbortController()
  const transport = here({ fetch: forgetful })
  const reply = await transport.exchange({ method: 'GET', path: '/' }, { signal: controller.signal })
  const reader = reply.body?.getReader()
  await reader?.read()
  const pending = reader?.read() as Promise<unknown>
  controller.abort()
  await checkRejects(pending, 'aborted')
})

test('a reply that breaks off is a typed error', async () => {
  const reply = await here().exchange({ method: 'GET', path: '/broken' })
  const error = await checkRejects(text(reply.body), 'closed')
  expect(error.sent).toBe('yes')
})

test('redirects are followed for GET, and refused for everything else [web.exchange-redirect]', async () => {
  const followed = await here().exchange({ method: 'GET', path: '/redirect' })
  expect(followed).toMatchObject({ status: 200, redirected: true, url: `${server.httpUrl}/told` })
  await followed.body?.cancel()
  const error = await checkRejects(here().exchange({ method: 'POST', path: '/redirect', body: 'x' }), 'protocol')
  expect(error).toMatchObject({ status: 307, sent: 'yes', retryable: false })
  expect(error.message).toContain('/told')
  // A header that the runtime would send to the target of the redirect.
  await checkRejects(here({ headers: { 'x-api-key': 'a-secret-key' } }).exchange({ method: 'GET', path: '/redirect' }), 'protocol')
  const always = await here({ redirects: 'always' }).exchange({ method: 'POST', path: '/redirect', body: 'x' })
  expect(JSON.parse(await text(always.body)).body).toBe('x')
})

test('a request that was provably not sent fails with sent: no, any other with sent: maybe [web.exchange-sent]', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => closed.once('listening', resolve))
  const { port } = closed.address() as { port: number }
  await new Promise((resolve) => closed.close(resolve))
  const refused = await checkRejects(
    fetchExchange({ baseUrl: `http://127.0.0.1:${port}` }).exchange({ method: 'POST', path: '/', body: 'x' }),
    'unreachable',
  )
  expect(refused).toMatchObject({ sent: 'no', remoteCode: 'ECONNREFUSED' })

  const hangsUp = createServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1')
  await new Promise((resolve) => hangsUp.once('listening', resolve))
  const cut = await checkRejects(
    fetchExchange({ baseUrl: `http://127.0.0.1:${(hangsUp.address() as { port: number }).port}` }).exchange({
      method: 'POST',
      path: '/',
      body: 'x',
    }),
    'unreachable',
  )
  expect(cut.sent).toBe('maybe')
  await new Promise((resolve) => hangsUp.close(resolve))
})

test('no credential gets into a URL, and none into an error [web.no-secret-urls]', async () => {
  expect(() => fetchExchange({ baseUrl: 'http://user:pass-word@localhost/' })).toThrow(/user name or a password/)
  for (const path of ['/x?token=abcdefgh', '/x?api_key=abcdefgh', '/x?Access-Token=abcdefgh']) {
    const error = await checkRejects(here().exchange({ method: 'GET', path }), 'invalid_argument')
    expect(error.message).not.toContain('abcdefgh')
  }
  const reply = await here().exchange({ method: 'GET', path: '/told?page_token=3&next_token=x' })
  await reply.body?.cancel()
  const bad = await checkRejects(
    here({ headers: { authorization: 'Bearer very-secret\n-token' } }).exchange({ method: 'GET', path: '/told' }),
    'invalid_argument',
  )
  expect(JSON.stringify(bad) + String(bad.stack) + String(bad.cause)).not.toContain('very-secret')
})

test('a path can neither leave its base nor name another host [web.exchange-base]', async () => {
  const seen: string[] = []
  const fetch = async (url: string): Promise<Response> => {
    seen.push(url)
    return new Response('ok')
  }
  const transport = fetchExchange({ baseUrl: 'http://localhost:1/api/v1/', fetch })
  for (const path of [
    '/../admin',
    '/x/../../admin',
    '/%2e%2e/admin',
    '/fleets/f/machines/..',
    '/x/%2E?y',
    '/x/./y',
    'told',
    '\\\\evil.example/',
    '',
  ]) {
    await checkRejects(transport.exchange({ method: 'GET', path }), 'invalid_argument')
  }
  for (const path of ['/x', '/x...?y=/../', '//evil.example/x', '/@evil.example', '/%2F..'])
    await transport.exchange({ method: 'GET', path })
  expect(seen.map((url) => new URL(url).origin)).toEqual(Array(5).fill('http://localhost:1'))
  expect(seen[0]).toBe('http://localhost:1/api/v1/x')
})

test('a body that is cancelled closes the connection, and nothing is left [web.exchange-cancel]', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
  const reply = await here().exchange({ method: 'GET', path: '/stall' })
  await reply.body?.cancel()
  await expect
    .poll(() => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length, { timeout: 30_000 })
    .toBeLessThanOrEqual(before)
})

test('every error is a SignalboxError', async () => {
  const broken = here({ fetch: () => Promise.reject(new TypeError('Failed to fetch')) })
  const error = await checkRejects(broken.exchange({ method: 'GET', path: '/' }), 'unreachable')
  expect(SignalboxError.is(error)).toBe(true)
  expect(error.sent).toBe('maybe')
})

/** A fetch that fails as Node's does. */
const failing = (cause: object) => async () => {
  throw Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), cause) })
}

test('a broken connection and a failed connect give different errors, although the runtime gives both the same name [web.exchange-sent]', async () => {
  const sentWith = async (cause: object) => {
    const transport = here({ fetch: failing(cause) })
    const error = await checkRejects(transport.exchange({ method: 'POST', path: '/told' }), 'unreachable')
    return error.sent
  }
  for (const code of ['EHOSTUNREACH', 'ENETUNREACH']) {
    expect([code, await sentWith({ code, syscall: 'connect' })]).toEqual([code, 'no'])
    expect([code, await sentWith({ code, syscall: 'read' })]).toEqual([code, 'maybe'])
    expect([code, await sentWith({ code, syscall: 'write' })]).toEqual([code, 'maybe'])
  }
  expect(await sentWith({ code: 'ECONNREFUSED', syscall: 'connect' })).toBe('no')
  expect(await sentWith({ code: 'ECONNREFUSED' })).toBe('no')
})

test('after a followed redirect, a refused connection to the next host gives sent: maybe, because the first host may have acted [web.exchange-sent]', async () => {
  let acted = 0
  const nobody = createServer()
  await new Promise<void>((resolve) => void nobody.listen(0, '127.0.0.1', resolve))
  const { port } = nobody.address() as { port: number }
  await new Promise((resolve) => nobody.close(resolve))
  const first = createHttpServer((request, response) => {
    request.resume().on('end', () => {
      acted += 1
      response.writeHead(303, { location: `http://127.0.0.1:${port}/done` }).end()
    })
  })
  await new Promise<void>((resolve) => void first.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(first.address() as { port: number }).port}`
  try {
    const transport = fetchExchange({ baseUrl, redirects: 'always' })
    const error = await checkRejects(transport.exchange({ method: 'POST', path: '/act', body: '{}' }), 'unreachable')
    expect([acted, error.sent]).toEqual([1, 'maybe'])
  } finally {
    first.closeAllConnections()
    await new Promise((resolve) => first.close(resolve))
  }
})

test('a body that this runtime cannot stream stays unread for the next transport [web.exchange-gather]', async () => {
  const whole = new TextEncoder().encode('the whole body')
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(whole)
      controller.close()
    },
  })
  const { Request: real } = globalThis
  // Like a runtime without streams as bodies: the option is not read.
  vi.stubGlobal(
    'Request',
    class extends real {
      constructor(url: string, { body: _stream, ...init }: RequestInit) {
        super(url, { ...init, body: 'text' })
      }
    },
  )
  try {
    const transport = fallback([here(), here({ requestBody: 'gather' })])
    const reply = await transport.exchange({ method: 'POST', path: '/told', body })
    expect(JSON.parse(await text(reply.body)).body).toBe('the whole body')
  } finally {
    vi.unstubAllGlobals()
  }
})
