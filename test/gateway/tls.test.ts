/** The gateway with TLS, under a certificate that the test makes itself. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { serveGateway } from '../../transports/node/index.js'
import { gateway, type FetchFunction, type WebSocketConstructor } from '../../transports/web/index.js'
import { arena, hungUp, raw, requestText, type Arena } from './attacks/harness.js'

const openssl = ['/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl'].find((path) => existsSync(path))
const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'

describe.skipIf(!openssl && !required)('TLS [gateway.tls]', () => {
  let folder: string
  let tls: { key: string; cert: string }
  let at: Arena | undefined
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:gateway.example'
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2']
    execFileSync(openssl ?? 'openssl', ['req', '-x509', ...made, '-subj', '/CN=localhost', '-addext', names], { stdio: 'ignore' })
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  afterEach(async () => {
    await at?.[Symbol.asyncDispose]()
    at = undefined
  })

  /** A fetch and a WebSocket that trust this one certificate. */
  const trusting = (): { fetch: FetchFunction; webSocket: WebSocketConstructor } => ({
    fetch: (url, { method = 'GET', headers, body }) =>
      new Promise((resolve, reject) => {
        const sent = request(url, { method, headers: Object.fromEntries(new Headers(headers)), ca: tls.cert }, (reply) => {
          const parts: Buffer[] = []
          reply.on('data', (part: Buffer) => parts.push(part))
          reply.on('end', () =>
            resolve(new Response(Buffer.concat(parts), { status: reply.statusCode ?? 0, headers: reply.headers as HeadersInit })),
          )
        })
        sent.on('error', reject)
        sent.end(body as Uint8Array | undefined)
      }),
    webSocket: class extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols, { ca: tls.cert, perMessageDeflate: false })
      }
    } as unknown as WebSocketConstructor,
  })

  test('connections that never finish their handshake are bounded, and end with the gateway', async () => {
    at = await arena({ tls, limits: { maxConnections: 4, headersTimeoutMs: 600_000, drainTimeoutMs: 200 } })
    const { port } = at.served
    const sockets = Array.from({ length: 10 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    const closed = sockets.map((socket) => hungUp(socket))
    await Promise.all(closed.slice(0, 6))
    expect(sockets.slice(6).map(({ destroyed }) => destroyed)).toEqual([false, false, false, false])
    // The owner can still connect.
    expect((await trusting().fetch(`${at.served.url}/v1/status`, {})).status).toBeGreaterThanOrEqual(200)
    await at.served.close()
    await Promise.all(closed)
  })

  test('calls and links go through; the address is https', async () => {
    at = await arena({ tls })
    const { url, token } = at.served
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const client = gateway(url, { token, ...trusting() })
    expect((await client.session()).scopes).toEqual(['observe'])
    for (const via of ['call', 'link'] as const) {
      expect(await createCcc({ transport: client.ccc('ccc', via) }).ping()).toMatchObject({ version: 'here' })
    }
    expect((await at.served.ticketUrl()).startsWith(`${url}/#ticket=`)).toBe(true)
  })

  test('a client that does not trust the certificate fails with sent: no', async () => {
    at = await arena({ tls })
    const { url, token } = at.served
    await expect(gateway(url, { token }).session()).rejects.toMatchObject({
      code: 'unreachable',
      sent: 'no',
      remoteCode: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    const webSocket = WebSocket as unknown as WebSocketConstructor
    await expect(gateway(url, { token, webSocket }).ccc('ccc', 'link').open()).rejects.toMatchObject({
      code: 'unreachable',
      sent: 'no',
    })
    expect(at.reached).toEqual([])
  })

  test('plain HTTP on the same port gets no answer, and a connection that never starts its handshake is closed', async () => {
    at = await arena({ tls, limits: { headersTimeoutMs: 2_000 } })
    const reply = await raw(at.served.port, requestText(at.served, { headers: { Authorization: `Bearer ${at.served.token}` } }))
    expect(reply.status === 0 || reply.status === 400).toBe(true)
    expect(reply.body).not.toContain('upstreams')
    const silent = connect(at.served.port, '127.0.0.1').on('error', () => {})
    await hungUp(silent)
    const client = gateway(at.served.url, { token: at.served.token, ...trusting() })
    expect((await client.session()).upstreams).toHaveLength(2)
  })

  test('a machine is identified by its certificate, without a token; a browser, an unknown certificate and another key are refused [gateway.mutual-tls]', async () => {
    const certificate = (name: string): { key: string; cert: string; fingerprint: string } => {
      const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
      const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2']
      execFileSync(openssl ?? 'openssl', ['req', '-x509', ...made, '-subj', `/CN=${name}`], { stdio: 'ignore' })
      const fingerprint = execFileSync(openssl ?? 'openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'], {
        encoding: 'utf8',
      })
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), fingerprint: fingerprint.trim() }
    }
    const known = certificate('known')
    const stranger = certificate('stranger')
    const clients = [{ name: 'robot', fingerprint: known.fingerprint, scopes: ['send' as const] }]
    at = await arena({ tls: { ...tls, clients } })
    const { url, port, gateway: served } = at.served
    const ask = (as: { key: string; cert: string } | undefined, headers: Record<string, string> = {}) =>
      new Promise<string>((resolve, reject) => {
        const sent = request(`${url}/v1`, { ...(as ?? {}), ca: tls.cert, agent: false, headers }, (reply) => {
          let text = `${reply.statusCode} `
          reply.on('data', (part: Buffer) => {
            text += part.toString()
          })
          reply.on('end', () => resolve(text))
        })
        sent.on('error', reject)
        sent.end()
      })
    expect(await ask(known)).toMatch(/^200 .*"scopes":\["send"\]/)
    expect(await ask(stranger)).toMatch(/^401/)
    expect(await ask(undefined)).toMatch(/^401/)
    expect(await ask(known, { origin: url })).toMatch(/^401/)
    expect(await ask(known, { 'sec-fetch-site': 'none' })).toMatch(/^401/)
    expect(served.credentials.list()).toContainEqual(expect.objectContaining({ name: 'robot', scopes: ['send'] }))
    // A link too, whose first frame then carries no credential.
    const socket = new WebSocket(`wss://127.0.0.1:${port}/v1/ccc/link`, ['signalbox.v1'], {
      ca: tls.cert,
      key: known.key,
      cert: known.cert,
    })
    const first = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))))
    socket.once('open', () => socket.send('{"type":"open","window":65536}'))
    expect(JSON.parse(await first)).toMatchObject({ type: 'open' })
    socket.close()
    await at[Symbol.asyncDispose]()
    at = await arena({ tls: { ...tls, clients, requireClientCertificate: true } })
    const { url: strict, token } = at.served
    const withToken = (as: { key: string; cert: string } | undefined) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(
          `${strict}/v1`,
          { ...(as ?? {}), ca: tls.cert, agent: false, headers: { authorization: `Bearer ${token}` } },
          (reply) => {
            reply.resume()
            resolve(reply.statusCode ?? 0)
          },
        )
        sent.on('error', reject)
        sent.end()
      })
    expect(await withToken(known)).toBe(200)
    expect(await withToken(undefined)).toBe(401)
    await expect(
      serveGateway({ upstreams: {}, tls: { ...tls, clients: [{ name: 'x', fingerprint: 'AA:BB' }] } }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('beyond loopback both TLS and the flag are needed, and the list of hosts still applies', async () => {
    const beyond = { host: '0.0.0.0', upstreams: {} }
    for (const half of [{}, { tls }, { dangerouslyListenBeyondLoopback: true }]) {
      await expect(serveGateway({ ...beyond, ...half })).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    at = await arena({ tls, host: '0.0.0.0', dangerouslyListenBeyondLoopback: true, allowedHosts: ['gateway.example'] })
    const { fetch } = trusting()
    const headers = { authorization: `Bearer ${at.served.token}` }
    const ask = (host: string) => fetch(`https://127.0.0.1:${at?.served.port}/v1`, { headers: { ...headers, host } })
    expect((await ask('gateway.example')).status).toBe(200)
    expect((await ask(`127.0.0.1:${at.served.port}`)).status).toBe(421)
  })
})
