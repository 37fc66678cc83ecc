/** What the tests of the dashboard share: the built page behind strict headers, Chromium, a gateway with a hub, axe, screenshots. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright'
import { afterAll, beforeAll, inject } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const shots = join(root, 'test/playground/shots')
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** False where there is no browser and none is required. */
export const canRun = executablePath !== undefined || process.env.SIGNALBOX_REQUIRE_ALL === '1'

/** The policy that the page must work under on any host. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The folder of the built page. `setup.ts` builds it once for all tests. */
export const builtPage = (): string => inject('dashboardFolder')

/** A page that is served, and the way to stop it. */
export interface Served extends AsyncDisposable {
  readonly url: string
}

/** Serves a folder as a static host does, with the strict policy. */
export async function serveFolder(folder: string): Promise<Served> {
  const server: Server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://host').pathname)
    const file = join(folder, path === '/' ? 'index.html' : path)
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': CSP })
    return response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** A browser for one test file. */
export const launch = (): Promise<Browser> =>
  chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox', '--disable-gpu'] })

/** What `withPage` prepares for the tests of a file. */
export interface PageTools {
  /** The folder of the built page. */
  readonly folder: string
  /** The page on a static host. */
  readonly served: Served
  readonly browser: Browser
}

/** Serves the page and starts a browser before the tests of the surrounding block, and ends both after them. */
export function withPage(): PageTools {
  const tools: { folder: string; served?: Served; browser?: Browser } = { folder: '' }
  beforeAll(async () => {
    if (!canRun) return
    tools.folder = builtPage()
    tools.served = await serveFolder(tools.folder)
    tools.browser = await launch()
  }, 180_000)
  afterAll(async () => {
    await tools.browser?.close()
    await tools.served?.[Symbol.asyncDispose]()
  })
  return tools as PageTools
}

/** A fresh page with a list of everything that it complained about. */
export async function openPage(
  browser: Browser,
  options: { readonly phone?: boolean; readonly theme?: 'dark' | 'light' } = {},
): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const context = await browser.newContext({
    viewport: options.phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  return { page, complaints }
}

/** Saves a screenshot for people. */
export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`) })
}

/** One violation of the accessibility rules, in short. */
export interface Violation {
  readonly id: string
  readonly help: string
  readonly nodes: readonly string[]
}

/** Runs axe in the page, or in a part of it. It is evaluated by the driver, so the policy of the page does not block it. */
export async function violations(page: Page, within = 'html'): Promise<readonly Violation[]> {
  await page.evaluate(readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8'))
  return page.evaluate(async (selector) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          within: string,
        ): Promise<{ violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] }>
      }
    }
    const result = await axe.run(selector)
    return result.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.slice(0, 200) ?? ''}`),
    }))
  }, within)
}
