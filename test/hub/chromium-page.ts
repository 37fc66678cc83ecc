/** A page in Chromium that plays the script of the hub through a gateway on this machine. */
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import type { Hub } from '../../src/hub/index.js'
import type { ScriptFacts } from '../conformance/hub-script.js'
import { serveHubGateway } from './over-gateway.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** False where there is no browser and none is required. */
export const hasChromium = executablePath !== undefined || process.env.SIGNALBOX_REQUIRE_ALL === '1'

/** An open page. */
export interface ChromiumPage extends AsyncDisposable {
  /** Plays the script in the page. Rejects with the step that failed. */
  play(hub: Hub, facts: ScriptFacts): Promise<void>
}

/** Bundles the script, serves it from an origin of its own, and opens it. */
export async function openChromiumPage(): Promise<ChromiumPage> {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL('./page-script.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  })
  const script = bundled.outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    const isScript = request.url === '/script.mjs'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : '<!doctype html><title>hub</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
  })
  const page = await browser.newPage()
  await page.goto(origin)
  return {
    async play(hub, facts) {
      await using served = await serveHubGateway(hub, [origin])
      const given = [served.url, served.token, facts].map((one) => JSON.stringify(one)).join(', ')
      // As text: a function would be rewritten by the compiler of this file.
      await page.evaluate(`import('/script.mjs').then(({ play }) => play(${given}))`)
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      })
    },
  }
}
