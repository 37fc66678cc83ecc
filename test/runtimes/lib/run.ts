/** Runs bundled suites inside each runtime and brings their reports back. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { SuiteReport } from '../suites/environment.js'
import { bundle, consumer, root } from './consumer.js'

const installed = join(root, 'test', 'runtimes', 'node_modules')

export interface Runtime {
  readonly name: string
  /** The entry of the package that binds this runtime, if it has sockets and children. */
  readonly entry?: 'node' | 'bun' | 'deno'
  /** Undefined when it is not here; then the reason is in `missing`. */
  readonly path: string | undefined
  readonly missing: string
}

function found(...candidates: string[]): string | undefined {
  return candidates.find((path) => existsSync(path))
}

const bringIt = 'run `npm ci --prefix test/runtimes --ignore-scripts`'

export const runtimes: readonly Runtime[] = [
  { name: 'node', entry: 'node', path: process.execPath, missing: '' },
  { name: 'node-newest', entry: 'node', path: found(join(installed, 'node26/bin/node')), missing: bringIt },
  { name: 'bun', entry: 'bun', path: found(join(installed, '@oven/bun-linux-x64/bin/bun')), missing: bringIt },
  { name: 'deno', entry: 'deno', path: found(join(installed, '@deno/linux-x64-glibc/deno')), missing: bringIt },
  { name: 'workerd', path: found(join(installed, '@cloudflare/workerd-linux-64/bin/workerd')), missing: bringIt },
  {
    name: 'chromium',
    path: found('/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'),
    missing: 'install the Debian package chromium',
  },
]

const MARK = 'SIGNALBOX-REPORT '

/** For the runtimes that run a file: node, bun, deno. */
export async function runFile(runtime: Runtime, suites: string, peers: string): Promise<SuiteReport[]> {
  const { name, entry, path = '' } = runtime
  const file = await bundle({ entry: suites, outfile: `suites-${name}.mjs`, mode: 'external', runtime: entry ?? 'node' })
  const flags = name === 'deno' ? ['run', '--allow-all', '--no-prompt', '--node-modules-dir=manual'] : []
  const child = spawn(path, [...flags, file], {
    cwd: consumer,
    env: { ...process.env, SIGNALBOX_RUNTIME: name, SIGNALBOX_PEERS_URL: peers, DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-8_000)
  })
  // The process must exit by itself: a leaked handle of a suite keeps it alive, and then the timer ends it.
  const timer = setTimeout(() => child.kill('SIGKILL'), 480_000)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  const line = out.split('\n').find((text) => text.startsWith(MARK))
  if (line === undefined || code !== 0)
    throw new Error(`${name} ended with ${code} and ${line ? 'a' : 'no'} report\n${out.slice(-4_000)}\n${errors}`)
  return JSON.parse(line.slice(MARK.length)) as SuiteReport[]
}

/** workerd, through miniflare. */
export async function runWorkerd(runtime: Runtime, suites: string, peers: string): Promise<SuiteReport[]> {
  const file = await bundle({
    entry: suites,
    outfile: 'suites-workerd.mjs',
    mode: 'inside',
    runtime: 'web',
    conditions: ['workerd', 'worker', 'browser', 'import'],
  })
  process.env.MINIFLARE_WORKERD_PATH = runtime.path
  const { Miniflare } = await import('miniflare')
  const worker = new Miniflare({
    modules: [{ type: 'ESModule', path: 'suites.mjs', contents: readFileSync(file, 'utf8') }],
    modulesRoot: '/',
    compatibilityDate: '2025-09-01',
  })
  try {
    const reply = await worker.dispatchFetch(`http://suites.invalid/?peers=${encodeURIComponent(peers)}`)
    if (reply.status !== 200) throw new Error(`workerd answered ${reply.status}: ${await reply.text()}`)
    return (await reply.json()) as SuiteReport[]
  } finally {
    await worker.dispose()
  }
}

/** A page in Chromium, served from a port of its own. */
export async function runChromium(runtime: Runtime, suites: string, peers: string): Promise<SuiteReport[]> {
  const file = await bundle({
    entry: suites,
    outfile: 'suites-chromium.mjs',
    mode: 'inside',
    runtime: 'web',
    conditions: ['browser', 'import'],
    // As bundlers for pages do: some packages name there the modules of Node that a page does not need.
    platform: 'browser',
  })
  const { chromium } = await import('playwright')
  const server = createServer((request, response) => {
    const script = request.url === '/suites.mjs'
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' })
    response.end(script ? readFileSync(file) : '<!doctype html><title>suites</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const browser = await chromium.launch({
    executablePath: runtime.path as string,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-sync',
    ],
  })
  try {
    const page = await browser.newPage()
    // The start of each suite, so that a run that hangs shows where.
    page.on('console', (message) => console.error(message.text()))
    await page.goto(`http://127.0.0.1:${port}/`)
    // Passed as text, because the transformer of this file would rewrite a function.
    return await page.evaluate(`import('/suites.mjs').then((suites) => suites.run(${JSON.stringify(peers)}, 'chromium'))`)
  } finally {
    await browser.close()
    await new Promise((resolve) => server.close(resolve))
  }
}
