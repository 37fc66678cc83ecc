/** The built program as a process: with a running hub, with a reader that goes away, and without anything. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHubClient } from '../../src/hub/index.js'
import { nodeWebSocket } from '../../transports/node/index.js'
import { gateway } from '../../transports/web/index.js'
import { eventually } from '../eventually.js'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const dashboard = fileURLToPath(new URL('../../dist/dashboard', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'signalbox-cli-'))
const env = {
  PATH: process.env.PATH,
  HOME: folder,
  USER: 'ann',
  SIGNALBOX_HUB_SOCKET: join(folder, 'hub.sock'),
  XDG_CONFIG_HOME: join(folder, 'config'),
  XDG_STATE_HOME: join(folder, 'state'),
}

const go = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env, timeout: 50_000 }, (error, out, err) =>
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, out, err }),
    ).stdin?.end()
  })

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!existsSync(program))('the built program', () => {
  let hub: ChildProcess
  let said = ''
  beforeAll(async () => {
    hub = spawn(process.execPath, [program, 'up', '--demo', '--port', '0', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    hub.stdout?.on('data', (chunk) => {
      said += String(chunk)
    })
    await vi.waitFor(() => expect(said).toContain('\n'), { timeout: 60_000 })
  })
  afterAll(async () => {
    hub.kill('SIGKILL')
  })

  test('uses the running hub, lists agents of all five kinds, and prompts one [cli.running-hub]', async () => {
    const agents = JSON.parse((await go('ls', '--json')).out) as { source: string }[]
    expect([...new Set(agents.map(({ source }) => source))].sort()).toEqual(['acp', 'ccc', 'cccc', 'claude', 'cmdop', 'editor'])
    const { code, out } = await go('ask', 'acp/main', 'hello')
    expect({ code, out }).toEqual({ code: 0, out: 'You said: hello\n' })
    const sent = await go('send', 'acp/main', 'later', '--json')
    expect(JSON.parse(sent.out)).toMatchObject({ agent: 'acp/main', promptId: expect.any(String) })
    expect((await go('status')).code).toBe(0)
  })

  test('up prints an address whose ticket opens the hub through the gateway, once [cli.up]', async () => {
    const { gateway: web } = JSON.parse(said) as { gateway: { url: string; address: string } }
    const ticket = new URL(web.address).hash.replace('#ticket=', '')
    const client = gateway(web.url, { ticket, webSocket: await nodeWebSocket() })
    await using remote = createHubClient({ transport: client.stream('hub', 'link') })
    expect((await remote.agents()).length).toBeGreaterThan(5)
    const again = gateway(web.url, { ticket, webSocket: await nodeWebSocket() })
    await using late = createHubClient({ transport: again.stream('hub', 'link') })
    await expect(late.agents()).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test.skipIf(!existsSync(dashboard))('the printed address opens the dashboard, with all its parts [cli.up]', async () => {
    const { gateway: web } = JSON.parse(said) as { gateway: { url: string; address: string; dashboard: boolean } }
    expect(web.dashboard).toBe(true)
    const page = await (await fetch(web.address)).text()
    const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(parts.length).toBeGreaterThan(1)
    for (const path of parts) expect((await fetch(new URL(path, web.url))).status, path).toBe(200)
  })

  test('up serves the pages of a folder at the printed address [cli.up]', async () => {
    mkdirSync(join(folder, 'pages'))
    writeFileSync(join(folder, 'pages', 'index.html'), '<title>mine</title>')
    const other = { ...env, SIGNALBOX_HUB_SOCKET: join(folder, 'other.sock') }
    const child = spawn(process.execPath, [program, 'up', '--demo', '--port', '0', '--json', '--pages', join(folder, 'pages')], {
      env: other,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { gateway: web } = JSON.parse(String(line)) as { gateway: { address: string; dashboard: boolean } }
    expect(await (await fetch(web.address)).text()).toContain('mine')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('up --no-gateway opens no port [cli.up]', async () => {
    const other = { ...env, SIGNALBOX_HUB_SOCKET: join(folder, 'third.sock') }
    const child = spawn(process.execPath, [program, 'up', '--demo', '--no-gateway', '--json'], {
      env: other,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    expect(JSON.parse(String(line))).not.toHaveProperty('gateway')
    child.kill('SIGTERM')
    await once(child, 'exit')
  })

  test('completion lists the agents of the running hub [cli.completion]', async () => {
    expect((await go('complete', '--', 'ask', 'ccc/')).out).toBe('ccc/backend\nccc/docs\nccc/frontend\n')
  })

  test('a second hub on the same socket is refused, and the error names the first one [cli.running-hub]', async () => {
    const { code, err } = await go('up', '--demo', '--no-gateway')
    expect(code).not.toBe(0)
    expect(err).toContain(`A hub runs on this machine already (process ${hub?.pid}).`)
    expect(err).toContain('signalbox down')
    expect((await go('status')).code).toBe(0)
  })

  test('a reader that goes away ends a watch silently [cli.pipe]', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${program}" watch --from oldest --json | head -n 1`], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = new Promise((resolve) => child.once('close', resolve))
    let err = ''
    child.stderr.on('data', (chunk) => {
      err += String(chunk)
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
    })
    // The watch writes into the closed pipe with the next event.
    await eventually(() => expect(out).toContain('\n'))
    await go('ask', 'acp/main', 'wake up')
    const code = await closed
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toHaveProperty('kind')
  })

  test('down stops the hub, and no process stays [cli.running-hub]', async () => {
    const ended = new Promise((resolve) => hub.once('exit', resolve))
    expect(await go('down', '--json')).toMatchObject({ code: 0, out: `{"stopped":${hub?.pid}}\n` })
    await ended
    expect(await go('status')).toMatchObject({ code: 5, err: expect.stringContaining('signalbox up') })
    expect(await go('down')).toMatchObject({ code: 5 })
    expect((await go('complete', '--', 'ask', '')).out).toBe('')
  })
})
