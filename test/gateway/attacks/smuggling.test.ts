/** Clients can only name an upstream: no name, path, launch, prompt or environment changes it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ExchangeUpstream } from '../../../src/gateway/index.js'
import { claudePolicy } from '../../../src/gateway/policy/index.js'
import { catsyphonPolicy } from '../../../src/gateway/policy/catsyphon.js'
import type { Exchange, Reply } from '../../../src/transport.js'
import { claudeProcess, nodeWebSocket } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import { writeProgram } from '../processes.js'
import { withCredential } from '../../../src/gateway/with-credential.js'
import { arena, bearer, send, type Arena } from './harness.js'

const json = { 'Content-Type': 'application/json' }
let folder: string
let at: Arena
const exchanged: Exchange[] = []
let answerNext: Reply | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-smuggle-'))
  const claude = writeProgram(
    join(folder, 'claude'),
    `#!/bin/sh
[ "$1" = --version ] && { echo "2.1.329 (Claude Code)"; exit 0; }
for word in "$@"; do printf '%s\\n' "$word"; done > "${folder}/argv"
env > "${folder}/env"
pwd > "${folder}/cwd"
echo '{"type":"system"}'
cat > "${folder}/stdin"
`,
  )
  const recorder: ExchangeUpstream = {
    kind: 'exchange',
    system: 'catsyphon',
    policy: catsyphonPolicy,
    transport: withCredential(
      {
        kind: 'exchange',
        name: 'recorder',
        async exchange(request) {
          exchanged.push(request)
          const given = answerNext
          answerNext = undefined
          if (given) return given
          return {
            status: 200,
            headers: { 'content-type': 'application/json', 'set-cookie': 'a=b', location: 'http://evil' },
            body: null,
          }
        },
      },
      { authorization: 'Bearer the-server-key', 'x-collector-id': 'the-collector' },
    ),
  }
  at = await arena({
    scopes: ['admin'],
    upstreams: {
      claude: {
        kind: 'stream',
        system: 'claude',
        transport: claudeProcess({ path: claude, cwd: folder }),
        policy: claudePolicy,
        launch: { permissionMode: 'plan' },
      },
      logs: recorder,
    },
  })
})
afterAll(async () => {
  await at[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('names [gateway.attack.names]', () => {
  test.each([
    '..',
    '../ccc',
    '%2e%2e',
    '..%2fccc',
    'ccc%00',
    'ccc%2f..',
    '%00ccc',
    '@abstract',
    '/tmp/evil.sock',
    '%2ftmp%2fevil.sock',
    'CCC',
    'ccc.',
    'ccc;x',
    'constructor',
    '__proto__',
    'toString',
    '-ccc',
    'ccc ccc',
    'x'.repeat(300),
    '\u0441\u0441\u0441',
  ])('the upstream name %s reaches no upstream', async (name) => {
    const target = `/v1/${name.includes(' ') || /[^\x20-\x7e]/.test(name) ? encodeURIComponent(name) : name}/call`
    const reply = await send(at.served, {
      method: 'POST',
      target,
      headers: { ...bearer(at.served), ...json },
      body: '{"cmd":"send"}',
    })
    expect([400, 404], `${target} gave ${reply.status}`).toContain(reply.status)
    expect(at.reached).toEqual([])
  })
})

describe('HTTP upstreams [gateway.attack.proxy]', () => {
  test.each([
    '/../setup/status',
    '/%2e%2e/x',
    '/a%2fb',
    '//evil.example/x',
    '/a\\b',
    '/a%5cb',
    '/a%00',
    '/a%2500',
    '/./x',
    '/a/..',
    '/@evil',
    '/health%20',
    '/a//b',
    '/conversations/#/messages',
    '/collectors/sessions/#x',
    '/%63ollectors',
    '/collectors/builtin%2Dx',
    '/%7e',
    '/%5f',
    '/%41',
    '/%30',
  ])('the path %s is not passed on as another path', async (path) => {
    const before = exchanged.length
    const reply = await send(at.served, { target: `/v1/logs/http${path}`, headers: bearer(at.served) })
    // The upstream gets exactly the checked text.
    if (reply.status === 200) expect(exchanged.at(-1)?.path).toBe(path)
    else expect([400, 404]).toContain(reply.status)
    if (/\.\.|%[2-7]|\\|\/\/|#/i.test(path) && path !== '/health%20') expect(exchanged.length).toBe(before)
  })

  test('credentials, cookies and identities of the client do not reach the upstream, and those of the server do not reach the client', async () => {
    const headers = {
      ...bearer(at.served),
      Cookie: 'a=b',
      'X-Api-Key': 'mine',
      'X-Collector-Id': 'somebody',
      'X-Forwarded-For': '1.2.3.4',
      'X-Workspace-Id': 'w',
    }
    const reply = await send(at.served, { target: '/v1/logs/http/health?x=1', headers })
    expect(reply.status).toBe(200)
    expect(exchanged.at(-1)).toMatchObject({ method: 'GET', path: '/health?x=1' })
    expect(exchanged.at(-1)?.headers).toEqual({
      authorization: 'Bearer the-server-key',
      'x-collector-id': 'the-collector',
      'x-workspace-id': 'w',
    })
    expect(reply.head.toLowerCase()).not.toMatch(/set-cookie|location/)
    expect(reply.body).not.toContain('the-server-key')
  })

  test('an answer that cannot be passed on is discarded, and its client gets an error', async () => {
    for (const strange of [{ status: 999 }, { status: 42 }, { status: 200, headers: { 'x-request-id': 'a\nb' } }]) {
      let cancelled = false
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => {
          cancelled = true
        },
      })
      answerNext = { headers: {}, body, ...strange }
      const reply = await send(at.served, { target: '/v1/logs/http/health', headers: bearer(at.served) })
      expect(reply).toMatchObject({ status: 502, code: 'upstream_failed' })
      expect(cancelled, JSON.stringify(strange)).toBe(true)
    }
  })

  test('creating or reading a key is refused, also for an administrator', async () => {
    const before = exchanged.length
    for (const [method, path] of [
      ['POST', '/collectors'],
      ['GET', '/collectors/builtin/credentials'],
    ] as const) {
      const reply = await send(at.served, {
        method,
        target: `/v1/logs/http${path}`,
        headers: { ...bearer(at.served), ...json },
        ...(method === 'POST' ? { body: '{}' } : {}),
      })
      expect(reply).toMatchObject({ status: 403, code: 'server_only' })
    }
    expect(exchanged.length).toBe(before)
  })
})

describe('children [gateway.attack.launch]', () => {
  const open = async (launch: Record<string, unknown>) =>
    gateway(at.served.url, { token: at.served.token, webSocket: await nodeWebSocket() })
      .claude<object>()
      .open(launch)

  test.each([
    [{ cwd: '/' }],
    [{ env: { LD_PRELOAD: '/tmp/x.so' } }],
    [{ extraFlags: { '--dangerously-skip-permissions': true } }],
    [{ mcpServers: { x: { command: 'sh', args: ['-c', 'id'] } } }],
    [{ permissionMode: 'bypassPermissions' }],
  ])('%j starts no process, also for an administrator', async (launch) => {
    await rm(join(folder, 'argv'), { force: true })
    await expect(open(launch)).rejects.toMatchObject({ code: 'permission_denied', remoteCode: 'server_only' })
    await expect(readFile(join(folder, 'argv'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('values and prompts that look like flags stay values and prompts; settings of the server win; no environment is accepted', async () => {
    const link = await open({
      model: '--dangerously-skip-permissions',
      resume: '--settings=/tmp/x',
      appendSystemPrompt: '--add-dir /',
      permissionMode: 'acceptEdits',
      sessionId: undefined,
    })
    await link.write(
      new TextEncoder().encode(`${JSON.stringify({ type: 'user', message: { role: 'user', content: '--help\n-p\n$(id)' } })}\n`),
    )
    expect(new TextDecoder().decode((await link.read()) ?? undefined)).toContain('system')
    await link.end()
    while ((await link.read()) !== null);
    const argv = (await readFile(join(folder, 'argv'), 'utf8')).split('\n')
    expect(argv).not.toContain('--dangerously-skip-permissions')
    expect(argv).not.toContain('--settings=/tmp/x')
    expect(argv.join('\n')).not.toContain('acceptEdits')
    expect(argv.join('\n')).toContain('plan')
    expect(await readFile(join(folder, 'stdin'), 'utf8')).toContain('--help')
    const environment = await readFile(join(folder, 'env'), 'utf8')
    expect(environment).not.toContain(at.served.token)
    expect(environment).not.toContain('$(id)')
    expect((await readFile(join(folder, 'cwd'), 'utf8')).trim()).toBe(folder)
  })

  test('a trace adds only its two variables to the environment', async () => {
    const transport = gateway(at.served.url, { token: at.served.token, webSocket: await nodeWebSocket() }).claude<object>()
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      PATH: '/tmp',
      LD_PRELOAD: '/tmp/x.so',
      tracestate: 'a=b\nPATH=/tmp',
    }
    const link = await transport.open({}, { trace })
    await link.read()
    await link.close()
    const environment = await readFile(join(folder, 'env'), 'utf8')
    expect(environment).toMatch(/0af7651916cd43dd8448eb211c80319c/)
    expect(environment).not.toContain('LD_PRELOAD')
    expect(environment).not.toMatch(/^PATH=\/tmp$/m)
    expect(environment).not.toContain('a=b')
  })
})
