/** The portable half inside workerd: a worker that is a gateway for an HTTP upstream, its credential added there. */
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const workerd = join(root, 'test/runtimes/node_modules/@cloudflare/workerd-linux-64/bin/workerd')
const required = process.env.SIGNALBOX_REQUIRE_ALL === '1'

const WORKER = `
import { createGateway, createCredentials } from './src/gateway/index.js'
import { catsyphonPolicy } from './src/gateway/policy/index.js'
import { fetchExchange } from './transports/web/index.js'
let gateway
async function start(env) {
  const credentials = createCredentials()
  await credentials.addToken(env.TOKEN, { scopes: ['observe'] })
  const inner = fetchExchange({ baseUrl: env.UPSTREAM })
  const transport = { ...inner, exchange: (request, options) => inner.exchange({ ...request, headers: { ...request.headers, authorization: 'Bearer ' + env.KEY } }, options) }
  return createGateway({ credentials, allowedHosts: ['edge.example'], upstreams: { logs: { kind: 'exchange', system: 'catsyphon', transport, policy: catsyphonPolicy } } })
}
export default {
  async fetch(request, env) {
    gateway ??= await start(env)
    // An edge platform routes by the URL and sets the Host header itself.
    return gateway.handle(request, { hosts: [new URL(request.url).host] })
  },
}`

test.skipIf(!existsSync(workerd) && !required)(
  '[gateway.edge] a worker is a gateway for HTTP upstreams',
  { timeout: 180_000 },
  async () => {
    const seen: (string | undefined)[] = []
    const upstream = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"healthy","database":"healthy"}')
    })
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as { port: number }
    mkdirSync(join(root, '.cache'), { recursive: true })
    const built = buildSync({
      stdin: { contents: WORKER, resolveDir: root, loader: 'js' },
      bundle: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['workerd', 'import'],
      target: 'es2022',
      write: false,
    })
    const script = built.outputFiles[0]?.text ?? ''
    // The bundle contains no module of Node.
    expect(script).not.toMatch(/from ["']node:/)
    if (existsSync(workerd)) process.env.MINIFLARE_WORKERD_PATH = workerd
    const { Miniflare } = await import('miniflare')
    const token = 'sbx_token_for_the_edge_0123456789'
    const worker = new Miniflare({
      modules: [{ type: 'ESModule', path: 'worker.mjs', contents: script }],
      modulesRoot: '/',
      compatibilityDate: '2025-09-01',
      bindings: { TOKEN: token, KEY: 'the-key', UPSTREAM: `http://127.0.0.1:${port}` },
    })
    try {
      const ask = (path: string, headers: Record<string, string> = {}, host = 'edge.example') =>
        worker.dispatchFetch(`http://${host}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } })
      const index = await ask('/v1')
      expect(await index.json()).toMatchObject({ scopes: ['observe'], upstreams: [{ name: 'logs', kind: 'exchange' }] })
      const health = await ask('/v1/logs/http/health')
      expect(await health.json()).toMatchObject({ status: 'healthy' })
      expect(seen).toEqual(['GET /health Bearer the-key'])
      expect((await ask('/v1', {}, 'evil.example')).status).toBe(421)
      expect((await ask('/v1', { authorization: 'Bearer sbx_token_wrong_wrong_wrong' })).status).toBe(401)
      expect((await ask('/v1', { origin: 'https://evil.example' })).status).toBe(403)
      expect((await ask('/v1/logs/http/setup/status')).status).toBe(403)
      expect(seen).toHaveLength(1)
    } finally {
      await worker.dispose()
      upstream.close()
    }
  },
)
