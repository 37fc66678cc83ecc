/** DNS rebinding and other requests that pretend to have an allowed host name. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGateway, guard } from '../../../src/gateway/index.js'
import { loadPages } from '../../../transports/node/index.js'
import { arena, bearer, raw, requestText, send, UPGRADE, type Arena } from './harness.js'

let at: Arena
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-pages-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Page</title>')
  at = await arena({ pages: await loadPages(folder) })
})
afterAll(async () => {
  await at[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'SEARCH']
const TARGETS = ['/', '/index.html', '/nowhere', '/v1', '/v1/ticket', '/v1/ccc/call', '/v1/ccc/link', '/v1/ccc/http/x', '/v1/../x']

describe('a host that is not in the list [gateway.attack.rebinding]', () => {
  test('is refused on every method and every path, static pages and unknown ones included', async () => {
    for (const method of METHODS) {
      for (const target of TARGETS) {
        const reply = await send(at.served, {
          method,
          target,
          hosts: [`rebound.example:${at.served.port}`],
          headers: { ...bearer(at.served), 'Content-Type': 'application/json' },
          ...(method === 'GET' || method === 'HEAD' ? {} : { body: '{"cmd":"send"}' }),
        })
        expect(reply.status, `${method} ${target}`).toBe(421)
        if (method !== 'HEAD') expect(reply.code).toBe('host_not_allowed')
      }
    }
    expect(at.reached).toEqual([])
    await at.checkHealthy()
  })

  test('is refused for an upgrade', async () => {
    const reply = await send(at.served, { target: '/v1/ccc/link', hosts: ['rebound.example'], headers: UPGRADE })
    expect(reply).toMatchObject({ status: 421, code: 'host_not_allowed' })
  })
})

describe('spellings of the host [gateway.attack.host-vectors]', () => {
  test('only exact spellings are accepted', async () => {
    const { port } = at.served
    const good = [`127.0.0.1:${port}`, `localhost:${port}`]
    for (const host of good) {
      expect((await send(at.served, { hosts: [host], headers: bearer(at.served) })).status, host).toBe(200)
    }
    const bad = [
      `localhost.:${port}`,
      `LOCALHOST:${port}`,
      `Localhost:${port}`,
      `127.0.0.1:${port + 1}`,
      '127.0.0.1',
      'localhost',
      `user@127.0.0.1:${port}`,
      `127.0.0.1:${port}@evil.example`,
      `2130706433:${port}`,
      `0x7f000001:${port}`,
      `0177.0.0.1:${port}`,
      `127.1:${port}`,
      `[::ffff:127.0.0.1]:${port}`,
      `[::1]:${port}`,
      `0.0.0.0:${port}`,
      `127.0.0.1:0${port}`,
      `127.0.0.1:${port}/`,
      `127.0.0.1:${port}.evil.example`,
      `localhost.evil.example:${port}`,
      `evil.example`,
      '',
    ]
    for (const host of bad) {
      const reply = await send(at.served, { hosts: [host], headers: bearer(at.served) })
      expect([400, 421], `${host} gave ${reply.status}`).toContain(reply.status)
    }
  })

  test('a missing Host and two Hosts, even equal ones, are refused', async () => {
    const { host } = new URL(at.served.url)
    expect(await send(at.served, { hosts: [] })).toMatchObject({ status: 400, code: 'host_ambiguous' })
    for (const hosts of [
      [host, host],
      [host, 'evil.example'],
      ['evil.example', host],
    ]) {
      expect((await send(at.served, { hosts, headers: bearer(at.served) })).status).toBe(400)
    }
  })

  test('a Host after any number of other headers is checked', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`X-${at}`, '1']))
    const headers = { ...bearer(at.served), ...many }
    expect((await send(at.served, { headers })).status).toBe(200)
    const origin = await send(at.served, { headers: { ...headers, Origin: 'https://evil.example' } })
    expect(origin).toMatchObject({ status: 403, code: 'origin_not_allowed' })
    const text = requestText(at.served, { headers }).replace('\r\n\r\n', '\r\nHost: evil.example\r\n\r\n')
    expect(await raw(at.served.port, text)).toMatchObject({ status: 400, code: 'host_ambiguous' })
  })

  test('each refusal has a header that marks it as a refusal of the gateway', async () => {
    const hosts = ['rebound.example']
    for (const parts of [
      { target: '/v1', hosts },
      { target: '/', hosts },
      { target: '/v1/ccc/link', hosts, headers: UPGRADE },
    ]) {
      expect((await send(at.served, parts)).head.toLowerCase()).toContain('signalbox-refusal: host_not_allowed')
    }
  })

  test('a request target with its own host is refused', async () => {
    const { host } = new URL(at.served.url)
    for (const target of [`http://${host}/v1`, `http://evil.example/v1`, `//evil.example/v1`, '*', 'v1']) {
      const reply = await send(at.served, { target, headers: bearer(at.served) })
      expect(reply.status, target).toBe(400)
    }
    const tunnel = await send(at.served, { method: 'CONNECT', target: host })
    expect(tunnel.status === 0 || tunnel.status >= 400).toBe(true)
  })

  test('HTTP/1.0, which needs no Host, and wrong line ends are refused', async () => {
    expect(await send(at.served, { version: '1.0', headers: bearer(at.served) })).toMatchObject({
      status: 400,
      code: 'http_version',
    })
    const text = requestText(at.served, { headers: bearer(at.served) })
    const bare = await raw(at.served.port, text.replaceAll('\r\n', '\n'))
    expect(bare.status === 400 || bare.status === 0).toBe(true)
    for (const smuggled of [
      'Transfer-Encoding: chunked\r\nContent-Length: 3',
      'Content-Length: 3\r\nContent-Length: 4',
      'Host : x',
    ]) {
      const reply = await raw(at.served.port, text.replace('\r\n\r\n', `\r\n${smuggled}\r\n\r\n`))
      expect(reply.status, smuggled).toBe(400)
    }
    await at.checkHealthy()
  })

  test('for any text, the accepted values are exactly the list', () => {
    const allowedHosts = ['127.0.0.1:8700', 'localhost:8700', '[::1]:8700']
    const mutated = fc
      .tuple(fc.constantFrom(...allowedHosts), fc.nat(20), fc.string({ maxLength: 3 }), fc.nat(2))
      .map(([host, index, text, cut]) => host.slice(0, index) + text + host.slice(index + cut))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webAuthority(), fc.constantFrom(...allowedHosts), mutated), (host) => {
        let accepted = true
        try {
          guard({ allowedHosts, allowedOrigins: [] }, { method: 'GET', hosts: [host], target: '/v1', httpVersion: '1.1' }, 'api')
        } catch {
          accepted = false
        }
        expect(accepted).toBe(allowedHosts.includes(host))
      }),
      { numRuns: 5_000 },
    )
  })

  test('a list that cannot match, or that matches too much, is refused when the gateway is created', () => {
    for (const host of ['*', '*.example.org', 'http://localhost:1', 'localhost:1/', 'LOCALHOST:1', '']) {
      expect(() => createGateway({ upstreams: {}, allowedHosts: [host] })).toThrow(/allowedHosts/)
    }
    for (const origin of ['*', 'null', 'https://example.org/', 'https://*.example.org', 'example.org', 'HTTPS://example.org']) {
      expect(() => createGateway({ upstreams: {}, allowedHosts: ['localhost:1'], allowedOrigins: [origin] })).toThrow(
        /allowedOrigins/,
      )
    }
  })
})
