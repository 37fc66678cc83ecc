/** A real page in Chromium that is left while events wait: `flushOnHide` sends them before the page is gone. */
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCatsyphonSimulator } from '../../src/testing/index.js'
import { serveRequest } from './http-server.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs in the page. The events wait for an hour, so only leaving the page sends them. */
const PAGE = `
import { createCatsyphon } from './src/catsyphon/index.js'
import { catsyphonPage, flushOnHide } from './transports/web/index.js'
const [collectorId, apiKey, workspaceId] = location.hash.slice(1).split(',')
const page = await catsyphonPage({ serverUrl: '/api', workspaceId })
const client = await createCatsyphon({ ...page, collectorId, apiKey, flushIntervalMs: 3_600_000, batchSize: 50 })
flushOnHide(client)
await client.detectGeneration()
const session = client.session('left')
await session.start({ agentType: 'page' })
for (let count = 0; count < 10; count += 1) await session.message({ role: 'user', content: 'm' + count })
document.title = 'durable'
`

describe.skipIf(!executablePath && !required)('in Chromium', () => {
  const simulator = createCatsyphonSimulator()
  let server: Server
  let browser: Browser
  let url: string

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: PAGE, resolveDir: root, loader: 'ts' },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
    })
    const script = outputFiles[0]?.text ?? ''
    server = createServer((request, response) => {
      if (request.url?.startsWith('/api/')) {
        request.url = request.url.slice('/api'.length)
        void serveRequest(simulator, request, response)
        return
      }
      const isScript = request.url === '/page.js'
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
      response.end(isScript ? script : '<!doctype html><title>page</title><script type="module" src="/page.js"></script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox', '--disable-gpu'] })
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  test('[catsyphon.leave-page] navigation to another page sends the queued events', { timeout: 180_000 }, async () => {
    const collector = simulator.register()
    const page = await browser.newPage()
    await page.goto(`${url}/#${collector.id},${collector.key},${simulator.workspaceId}`)
    await page.waitForFunction(() => document.title === 'durable')
    expect(simulator.ledger.rows('left')).toEqual([])
    await page.goto('data:text/html,another page')
    await expect.poll(() => simulator.ledger.rows('left').length, { timeout: 30_000 }).toBe(10)
    expect(simulator.ledger.doubles('left')).toBe(0)
    await page.close()
  })
})
