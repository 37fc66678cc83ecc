/** Real pages in Chromium: on a host that was rebound to this machine, on a foreign origin, and on an allowed origin. */
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPages } from '../../transports/node/index.js'
import { arena, type Arena } from './attacks/harness.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'

/** The requests that a page with full knowledge, the token included, can make to the gateway. */
const attempts = (url: string, token: string) => `(async () => {
  const say = async (work) => { try { return await work() } catch (error) { return 'failed' } }
  const body = '{"cmd":"send","session":"x","text":"from a page"}'
  const read = async (init) => { const reply = await fetch(${JSON.stringify(url)} + init.path, init); return reply.status + ' ' + (await reply.text()).slice(0, 40) }
  const auth = { authorization: 'Bearer ' + ${JSON.stringify(token)} }
  return {
    index: await say(() => read({ path: '/v1', headers: auth })),
    call: await say(() => read({ path: '/v1/ccc/call', method: 'POST', headers: { ...auth, 'content-type': 'application/json' }, body })),
    simple: await say(() => read({ path: '/v1/ccc/call', method: 'POST', headers: { 'content-type': 'text/plain' }, body })),
    opaque: await say(async () => (await fetch(${JSON.stringify(url)} + '/v1/ccc/call', { method: 'POST', mode: 'no-cors', body })).type),
    beacon: await say(async () => navigator.sendBeacon(${JSON.stringify(url)} + '/v1/ccc/call', new Blob([body], { type: 'text/plain' }))),
    image: await say(() => new Promise((resolve) => { const image = new Image(); image.onload = () => resolve('loaded'); image.onerror = () => resolve('failed'); image.src = ${JSON.stringify(url)} + '/v1' })),
    link: await say(() => new Promise((resolve) => {
      const socket = new WebSocket(${JSON.stringify(url)}.replace('http', 'ws') + '/v1/ccc/link', ['signalbox.v1'])
      socket.onopen = () => socket.send(JSON.stringify({ type: 'open', window: 65536, credential: ${JSON.stringify(token)} }))
      socket.onmessage = (event) => resolve('opened ' + JSON.parse(event.data).type)
      socket.onclose = () => resolve('closed')
    })),
  }
})()`

interface Outcome {
  readonly index: string
  readonly call: string
  readonly simple: string
  readonly opaque: unknown
  readonly beacon: unknown
  readonly image: string
  readonly link: string
}

describe.skipIf(!executablePath && !required)('pages', () => {
  let at: Arena
  let pages: Server
  let browser: Browser
  let port: number
  beforeAll(async () => {
    pages = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>A page</title>'),
    )
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    port = (pages.address() as { port: number }).port
    at = await arena({ scopes: ['send'], allowedOrigins: [`http://127.0.0.1:${port}`] })
    browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      // Both names resolve to this machine, as after an attacker changed the DNS records.
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        // So that the gateway refuses, and not a newer rule of the browser.
        '--disable-features=LocalNetworkAccessChecks',
        '--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP evil.example 127.0.0.1',
      ],
    })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await at?.[Symbol.asyncDispose]()
    pages?.close()
  })

  const visit = async (page: string, target: string): Promise<Outcome> => {
    const opened = await browser.newPage()
    try {
      await opened.goto(page)
      return (await opened.evaluate(attempts(target, at.served.token))) as Outcome
    } finally {
      await opened.close()
    }
  }

  test('[gateway.pages.rebinding] a page whose own host was rebound to the gateway reads and writes nothing, although it is same-origin to its browser', async () => {
    const origin = `http://rebound.example:${at.served.port}`
    // The gateway itself refuses to serve a page there, so the page comes from a route of the browser.
    const opened = await browser.newPage()
    await opened.route(`${origin}/page`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Evil</title>' }),
    )
    await opened.goto(`${origin}/page`)
    const outcome = (await opened.evaluate(attempts(origin, at.served.token))) as Outcome
    await opened.close()
    expect(outcome.index).toMatch(/^421 /)
    expect(outcome.call).toMatch(/^421 /)
    expect(outcome.simple).toMatch(/^421 /)
    expect([outcome.image, outcome.link]).toEqual(['failed', 'closed'])
    expect(at.reached).toEqual([])
    await at.checkHealthy()
  })

  test('[gateway.pages.evil-origin] a page of a foreign origin reads and writes nothing, even with a stolen token', async () => {
    const outcome = await visit(`http://evil.example:${port}/`, at.served.url)
    expect(outcome).toMatchObject({ index: 'failed', call: 'failed', simple: 'failed', image: 'failed', link: 'closed' })
    expect(at.reached).toEqual([])
    await at.checkHealthy()
  })

  test('[gateway.pages.allowed] a page of an allowed origin can do everything that its credential covers', async () => {
    const outcome = await visit(`http://127.0.0.1:${port}/`, at.served.url)
    expect(outcome.index).toMatch(/^200 /)
    expect(outcome.call).toMatch(/^200 /)
    expect(outcome.link).toBe('opened open')
    // Content types without a preflight are refused, also from allowed origins.
    expect(outcome.simple).toBe('failed')
    expect(at.reached).toHaveLength(1)
  })

  test('[gateway.page-token] the ticket is redeemed once, and after that no entry of the page holds it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-page-token-'))
    const contents = `import { gateway, pageToken } from './index.js'
      const token = await pageToken()
      document.title = token ? (await gateway(location.origin, { token }).session()).scopes.join() : 'no token'`
    const resolveDir = fileURLToPath(new URL('../../transports/web/', import.meta.url))
    await build({
      stdin: { contents, resolveDir, loader: 'ts' },
      bundle: true,
      format: 'esm',
      outfile: join(folder, 'page.js'),
      logLevel: 'silent',
    })
    await writeFile(
      join(folder, 'index.html'),
      '<!doctype html><title>Waiting</title><script type="module" src="/page.js"></script>',
    )
    await using served = (await arena({ scopes: ['send'], pages: await loadPages(folder) })) as Arena
    const opened = await browser.newPage()
    const address = await served.served.ticketUrl()
    await opened.goto(address)
    await expect.poll(() => opened.title()).toBe('send')
    const traces =
      (await opened.evaluate(`JSON.stringify([location.href, document.referrer, history.state, performance.getEntries().map((entry) => entry.name),
      'navigation' in globalThis ? navigation.entries().map((entry) => entry.url) : []])`)) as string
    expect(traces).not.toContain('ticket')
    // The session is kept for the tab: another load needs no ticket.
    await opened.reload()
    await expect.poll(() => opened.title()).toBe('send')
    await opened.close()
    await rm(folder, { recursive: true, force: true })
  })
})
