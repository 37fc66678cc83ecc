/** The built client in Chromium, on a page of a real web port's own origin: calls, the stream and a terminal, by the page's cookie. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adminToken, RELEASES, startDaemon, startWebPort } from './cccc/daemon.js'
import { pageScript, type Asked, type Told } from './cccc/page.js'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const built = existsSync(fileURLToPath(new URL('../../dist/cccc-web.js', import.meta.url)))
const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'
const absent = required ? undefined : !executablePath ? 'no Chromium here' : !built ? 'run `npm run build` first' : undefined
if (absent !== undefined) console.log(`skipped: the pages of real web ports: ${absent}`)

// Left out: 0.4.2, because its routes are those of 0.4.3; and the Rust daemon of 0.4.35, because its web port is that of the Python daemon.
const ports = RELEASES.filter(({ name, implementation }) => name !== '0.4.2' && !(name === '0.4.35' && implementation === 'rust'))

const policyOf = (headers: Record<string, string> = {}): string => headers['content-security-policy'] ?? 'none'

describe.skipIf(absent !== undefined).each(ports)('a page of the web port of $name ($implementation)', (release) => {
  let browser: Browser
  let script: string
  beforeAll(async () => {
    script = await pageScript()
    browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    })
  }, 120_000)
  afterAll(() => browser?.close())

  test('signs in with its token and then needs only its cookie for calls, the stream and a terminal [cccc.web-page-real]', async () => {
    await using daemon = await startDaemon(release)
    await using port = await startWebPort(daemon)
    const token = await adminToken(daemon, port.url)
    const page = await browser.newPage()
    const places: string[] = []
    page.on('request', (request) => void places.push(request.url()))
    page.on('websocket', (socket) => void places.push(socket.url()))
    try {
      // On older versions the page at `/` redirects to this one after it has loaded.
      const answer = await page.goto(`${port.url}/ui/`)
      expect(answer?.status()).toBe(200)
      expect(await page.addScriptTag({ content: script }).then(() => page.evaluate('typeof visit'))).toBe('function')
      // The Rust daemon accepts this machine without a token.
      expect(await page.evaluate('stranger()')).toBe(release.implementation === 'rust' ? 'let in' : 'unauthenticated')
      const asked: Asked = { token, projectPath: daemon.projectPath }
      const told = (await page.evaluate(`visit(${JSON.stringify(asked)})`)) as Told
      expect(told).toMatchObject({ dialect: release.dialect, mode: 'sse', texts: ['one', 'zw\u00f6lf'] })
      expect(told.terminal.split('zw\u00f6lf').length).toBeGreaterThan(2)
      expect(told).toMatchObject({ closed: 'local', missing: 'not_found' })
      expect(places.some((place) => place.startsWith('ws:') && place.endsWith('/term'))).toBe(true)
      expect(places.filter((place) => place.includes(token))).toEqual([])
      console.log(`${release.name} ${release.implementation}: policy of the page: ${policyOf(await answer?.allHeaders())}`)
    } finally {
      await page.close()
    }
  })
})
