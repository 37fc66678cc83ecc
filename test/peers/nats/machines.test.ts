/**
 * Machines that dial out: each has an account of its own on the server, opens no port, and is reached through the gateway of another
 * machine. The configuration is that of docs/many-machines.md.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHubClient, type Hub, type HubEvent } from '../../../src/hub/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import { runtimes } from '../../runtimes/lib/run.js'
import { makeCertificate, makeUser, type Certificate } from './keys.js'
import { buildPrograms, createMachine, shows, type Machine, type Up } from './machine.js'
import { startServer, type NatsServer } from './server.js'

/** What a page does: it finds the agent, prompts it, and answers its question. */
const PAGE = `
import { createHubClient } from '../../src/hub/index.js'
import { gateway } from '../web/index.js'
const ticket = location.hash.replace('#ticket=', '')
const hub = createHubClient({ transport: gateway(location.origin, { ticket }).stream('hub', 'link'), by: 'page' })
globalThis.report = (async () => {
  const agents = (await hub.agents()).map(({ id }) => id).sort()
  const text = await hub.prompt('laptop:acp/main', 'hello from a page').text()
  const turn = hub.prompt('laptop:acp/main', 'may I')
  const events = []
  for await (const event of turn) {
    events.push(event.kind)
    if (event.kind === 'ask') await hub.answer(event.ask.id, { option: 'no' })
  }
  return { agents, text, events, answer: await turn.text() }
})()
`

describe('machines with accounts of their own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sbn-out-'))
  const at = (name: string): string => join(folder, name)
  let certificate: Certificate
  let server: NatsServer
  let url: string
  let laptop: Machine
  let office: Machine
  let desk: Machine
  let away: Up
  let near: Up
  let other: Up
  let hub: Hub

  beforeAll(async () => {
    certificate = makeCertificate(folder)
    const programs = buildPrograms(folder)
    const [mine, officeAtLaptop] = [makeUser(at('laptop.seed')), makeUser(at('office-at-laptop.seed'))]
    const [desks, officeAtDesk] = [makeUser(at('desk.seed')), makeUser(at('office-at-desk.seed'))]
    server = await startServer({
      config: `
        tls { cert_file: "${certificate.cert}", key_file: "${certificate.key}" }
        accounts {
          laptop { jetstream: enabled, users: [ { nkey: ${mine} }, { nkey: ${officeAtLaptop} } ] }
          desk { jetstream: enabled, users: [ { nkey: ${desks} }, { nkey: ${officeAtDesk} } ] }
          office { jetstream: enabled, users: [ { nkey: ${makeUser(at('office.seed'))} } ] }
        }`,
    })
    url = `tls://${server.url}`
    laptop = createMachine(folder, 'laptop', programs)
    desk = createMachine(folder, 'desk', programs)
    office = createMachine(folder, 'office', { program: programs.program })
    const join = (name: string): string[] => [
      '--nats',
      url,
      '--nats-ca',
      certificate.cert,
      '--nats-creds',
      at(`${name}.seed`),
      '--name',
      name,
    ]
    away = await laptop.up('--no-gateway', ...join('laptop'))
    other = await desk.up('--no-gateway', ...join('desk'))
    mkdirSync(at('pages'))
    writeFileSync(at('pages/index.html'), '<!doctype html><title>page</title><script type="module" src="/page.js"></script>')
    await build({
      stdin: { contents: PAGE, resolveDir: new URL('../../../transports/node', import.meta.url).pathname, loader: 'ts' },
      outfile: at('pages/page.js'),
      bundle: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    })
    const machines = ['laptop', 'desk'].map((name) => `${name}=${at(`office-at-${name}.seed`)}`).join(',')
    near = await office.up('--port', '0', '--pages', at('pages'), '--machines', machines, ...join('office'))
    hub = createHubClient({
      transport: gateway(near.said.gateway?.url ?? '', { ticket: await ticket(), webSocket: nodeWebSocket() }).stream(
        'hub',
        'link',
      ),
      by: 'ann',
    })
  })
  afterAll(async () => {
    await hub?.close()
    for (const up of [near, other, away]) await up?.[Symbol.asyncDispose]()
    await server?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })
  /** A new ticket for the gateway of the office. */
  const ticket = async (): Promise<string> => {
    const { port } = new URL(near.said.gateway?.url ?? '')
    const { out } = await office.go('gateway', 'ticket', '--port', port)
    return new URL(out.trim()).hash.replace('#ticket=', '')
  }
  const stolen = (seed: string): Promise<NatsConnection> =>
    connect({ servers: server.url, tls: { caFile: certificate.cert }, authenticator: nkeyAuthenticator(readFileSync(at(seed))) })
  const journalOf = async (connection: NatsConnection): Promise<string> => {
    await using store = natsStore({ connection })
    const log = await store.log('hub')
    let text = ''
    for (let next = 0; ; ) {
      const page = await log.read(next)
      for (const { bytes } of page.entries) text += `${new TextDecoder().decode(bytes)}\n`
      if (page.entries.length === 0) return text
      next = page.next
    }
  }

  test('the machines listen on no port [hub.shared.dial-out]', () => {
    expect(listeningPorts(near.pid).length).toBe(1)
    expect(listeningPorts(away.pid)).toEqual([])
    expect(listeningPorts(other.pid)).toEqual([])
  })

  test('a prompt through the gateway of another machine is answered, and every event is followed [hub.shared.dial-out]', async () => {
    await shows(office, { 'laptop:acp/main': 'idle', 'desk:acp/main': 'idle' })
    expect((await hub.agents()).map(({ id }) => id).sort()).toEqual(['desk:acp/main', 'laptop:acp/main'])
    const watch = hub.watch({ agents: ['laptop:acp/main'] })
    const seen: HubEvent[] = []
    const watching = (async () => {
      for await (const event of watch) {
        seen.push(event)
        if (event.kind === 'end') break
      }
    })()
    const turn = hub.prompt('laptop:acp/main', 'hello')
    expect(await turn.text()).toBe('You said: hello')
    await watching
    const kinds = seen.filter((event) => event.turn === turn.promptId).map(({ kind }) => kind)
    expect(kinds[0]).toBe('turn')
    expect(kinds.at(-1)).toBe('end')
    expect(kinds).toContain('message')
    // The laptop itself has the same turn, under its own name of the agent.
    const own = await laptop.go('watch', 'laptop.acp/main', '--from', 'oldest', '--json', '--timeout', '1s')
    expect(own.out).toContain(turn.promptId)
  })

  test('a question of the agent is answered through the gateway; the error of a second answer names who was first [hub.shared.dial-out]', async () => {
    const turn = hub.prompt('laptop:acp/main', 'may I')
    const ask = await vi.waitFor(
      async () => (await hub.asks()).find(({ agent }) => agent === 'laptop:acp/main') ?? expect.fail('no ask yet'),
      {
        timeout: 20_000,
      },
    )
    await hub.answer(ask.id, { option: 'yes' }, { by: 'ann' })
    expect(await turn.text()).toBe('chosen: yes')
    await expect(hub.answer(ask.id, { option: 'no' }, { by: 'bea' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('a turn of the agent is cancelled through the gateway [hub.shared.dial-out]', async () => {
    const turn = hub.prompt('laptop:acp/main', 'slow 600')
    await vi.waitFor(() => expect(laptop.ticks()).toContain('3 '), { timeout: 20_000 })
    await turn.cancel()
    expect(await turn.end()).toMatchObject({ outcome: 'cancelled' })
    const ticks = laptop.ticks()
    expect(await hub.prompt('laptop:acp/main', 'after').text()).toBe('You said: after')
    expect(laptop.ticks()).toBe(ticks)
  })

  const chromium = runtimes.find(({ name }) => name === 'chromium')?.path
  test.skipIf(chromium === undefined && process.env.SIGNALBOX_REQUIRE_ALL !== '1')(
    'a page in Chromium reaches the agent through the gateway [hub.shared.dial-out]',
    async () => {
      const { chromium: browsers } = await import('playwright')
      const browser = await browsers.launch({ executablePath: chromium as string, args: ['--no-sandbox', '--disable-gpu'] })
      try {
        const page = await browser.newPage()
        await page.goto(`${near.said.gateway?.url}/#ticket=${await ticket()}`)
        const report = await page.evaluate(
          `(async () => { while (!globalThis.report) await new Promise((r) => setTimeout(r, 50)); return report })()`,
        )
        expect(report).toMatchObject({
          agents: ['desk:acp/main', 'laptop:acp/main'],
          text: 'You said: hello from a page',
          events: expect.arrayContaining(['turn', 'ask', 'ask_resolved', 'end']),
          answer: 'chosen: no',
        })
      } finally {
        await browser.close()
      }
    },
  )

  test('a stolen key of one machine reads and changes nothing of another one [hub.shared.stolen]', async () => {
    await using thief = await stolen('laptop.seed')
    await using deskAccount = await stolen('office-at-desk.seed')
    const heard: string[] = []
    thief.subscribe('>', { callback: (_error, message) => void heard.push(`${message.subject} ${message.string()}`) })
    thief.subscribe('$SYS.>', { callback: (_error, message) => void heard.push(`${message.subject} ${message.string()}`) })
    await thief.flush()
    expect(await hub.prompt('desk:acp/main', 'the password of the desk').text()).toBe('You said: the password of the desk')
    const before = await journalOf(deskAccount)
    expect(before).toContain('the password of the desk')

    // Everything that the key may read is of its own account.
    expect(await journalOf(thief)).not.toContain('of the desk')
    const { streams } = (await thief.request('$JS.API.STREAM.LIST')).json<{ streams: { config: { name: string } }[] }>()
    expect(streams.map(({ config }) => config.name)).toEqual(['signalbox'])
    // Streams that copy from elsewhere find only what the account has.
    const copies = [
      { name: 'copy', sources: [{ name: 'signalbox' }] },
      { name: 'foreign', sources: [{ name: 'signalbox', external: { api: '$JS.desk.API', deliver: 'deliver.desk' } }] },
      { name: 'mirror', mirror: { name: 'signalbox', external: { api: '$JS.desk.API', deliver: 'deliver.mirror' } } },
    ]
    for (const config of copies) await thief.request(`$JS.API.STREAM.CREATE.${config.name}`, JSON.stringify(config))
    // Forged entries, also as the reply of the server to a request of the thief.
    const forged = JSON.stringify({
      v: 1,
      kind: 'notice',
      level: 'info',
      text: 'forged',
      agent: 'desk.acp/main',
      epoch: 'e',
      at: 'now',
      origin: 'live',
    })
    thief.publish('signalbox.store.log.hub', forged)
    thief.publish('signalbox.store.log.other', forged, { reply: 'signalbox.store.log.hub' })
    thief.publish('$JS.API.DIRECT.GET.signalbox', JSON.stringify({ last_by_subj: 'signalbox.store.log.other' }), {
      reply: 'signalbox.store.log.hub',
    })
    await thief.request('$JS.API.STREAM.PURGE.signalbox', JSON.stringify({ filter: 'signalbox.store.log.other' }))
    expect(await hub.prompt('desk:acp/main', 'still here').text()).toBe('You said: still here')

    const after = await journalOf(deskAccount)
    expect(after.startsWith(before)).toBe(true)
    expect(after).not.toContain('forged')
    expect(heard.join('\n')).not.toContain('of the desk')
    expect(heard.filter((line) => line.startsWith('$SYS'))).toEqual([])
    for (const { name } of copies) await thief.request(`$JS.API.STREAM.DELETE.${name}`)
  })

  test('a machine that is gone is offline at the other one, and comes back [hub.shared.dial-out]', async () => {
    expect(await other.stop()).toBe(0)
    await shows(office, { 'laptop:acp/main': 'idle', 'desk:acp/main': 'offline' })
    // Another hub says why, once it is certain that no other one reaches the agent.
    const reason = async () => (await hub.agents()).find(({ id }) => id === 'desk:acp/main')?.facts.offlineReason
    await vi.waitFor(async () => expect(await reason()).toMatch(/The hub desk, which reaches the agent, is gone/), {
      timeout: 60_000,
    })
    expect(await hub.prompt('desk:acp/main', 'anybody?').end()).toMatchObject({
      outcome: 'failed',
      sent: 'no',
      error: { code: 'unavailable' },
    })
    other = await desk.up(
      '--no-gateway',
      '--nats',
      url,
      '--nats-ca',
      certificate.cert,
      '--nats-creds',
      at('desk.seed'),
      '--name',
      'desk',
    )
    await shows(office, { 'laptop:acp/main': 'idle', 'desk:acp/main': 'idle' })
    expect(await hub.prompt('desk:acp/main', 'hello again').text()).toBe('You said: hello again')
  })
})

/** The TCP ports on which a process listens. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? '']
      } catch {
        // It was closed meanwhile.
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8')
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
        return state === '0A' && sockets.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : []
      }),
  )
}
