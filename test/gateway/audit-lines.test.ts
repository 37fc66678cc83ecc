/** Which lines the audit log has: refusals inside a link, withdrawals from any side, and observation that is counted. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Envelope_Kind as Kind, EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { encodeFrame, frameDecoder } from '../../src/core/codec/frames.js'
import type { GatewayEvent, StreamUpstream } from '../../src/gateway/index.js'
import { createTally } from '../../src/gateway/tally.js'
import { cmdopPolicy, hubPolicy } from '../../src/gateway/policy/index.js'
import { createHub, createHubClient, serveHub } from '../../src/hub/index.js'
import { createFakeClock, createScriptedSystem, memoryServer } from '../../src/testing/index.js'
import { askAdminSocket, nodeWebSocket, openAuditLog, readAuditLog, serveAdminSocket } from '../../transports/node/index.js'
import { gateway } from '../../transports/web/index.js'
import { arena, send, until, type Arena } from './attacks/harness.js'

let at: Arena | undefined
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  at = undefined
  for (const close of closing.splice(0).reverse()) await close()
})

const link = async ({ served }: Arena, token: string, upstream: string) =>
  gateway(served.url, { token, webSocket: await nodeWebSocket() })
    .stream(upstream, 'link')
    .open()
const opsOf = (events: readonly GatewayEvent[]) =>
  events.flatMap((event) => (event.type === 'op' ? [{ op: event.op, outcome: event.outcome, count: event.count }] : []))

/** A hub with one scripted agent, as an upstream. */
async function hubUpstream(): Promise<StreamUpstream> {
  const system = createScriptedSystem()
  const hub = await createHub({ sources: [system.source()] })
  const server = memoryServer()
  void (async () => {
    for await (const opened of server.accept()) void serveHub(hub, opened)
  })()
  closing.push(async () => {
    await hub.close()
    await server[Symbol.asyncDispose]()
  })
  return { kind: 'stream', system: 'hub', transport: server.transport, policy: hubPolicy }
}

describe('refusals inside a link [gateway.audit.link-refusals]', () => {
  test('a message that a CMDOP link answers with a refusal is recorded under the name of its operation', async () => {
    const server = memoryServer()
    closing.push(async () => void (await server[Symbol.asyncDispose]()))
    const cmdop: StreamUpstream = { kind: 'stream', system: 'cmdop', transport: server.transport, policy: cmdopPolicy }
    at = await arena({ upstreams: { cmdop } })
    const { token, grant } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'], name: 'phone' })
    const opened = await link(at, token, 'cmdop')
    const ask = (id: number, pin?: string) =>
      encodeFrame(
        toBinary(
          EnvelopeSchema,
          create(EnvelopeSchema, {
            id,
            kind: Kind.REQUEST,
            payload: { case: 'askReq', value: { machineId: 'm', prompt: 'secret-content', ...(pin ? { pin } : {}) } },
          }),
        ),
      )
    await opened.write(ask(1))
    const [answer] = frameDecoder().push((await opened.read()) ?? new Uint8Array())
    expect(fromBinary(EnvelopeSchema, answer ?? new Uint8Array()).payload.case).toBe('error')
    const refused = { type: 'op', upstream: 'cmdop', grant: grant.id, name: 'phone', op: 'askReq', outcome: 'scope_missing' }
    expect(at.events).toContainEqual(refused)
    expect(JSON.stringify(at.events)).not.toContain('secret-content')
    await opened.close()
  })

  test('a link that ends with a refusal is recorded with its credential and its upstream', async () => {
    at = await arena()
    const { token, grant } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'], name: 'phone' })
    const opened = await link(at, token, 'ccc')
    await opened.write(new TextEncoder().encode('{"cmd":1}\n'))
    await opened.closed
    expect(at.events).toContainEqual({
      type: 'refused',
      code: 'invalid_request',
      upstream: 'ccc',
      grant: grant.id,
      name: 'phone',
    })
  })

  test('a refused request and a refused link are recorded with the credential that was shown', async () => {
    at = await arena()
    const { token, grant } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'], name: 'phone' })
    await send(at.served, { target: '/v1/unknown/call', method: 'GET', headers: { Authorization: `Bearer ${token}` } })
    await expect(link(at, token, 'raw')).rejects.toMatchObject({ code: 'permission_denied' })
    const who = { type: 'refused', grant: grant.id, name: 'phone' }
    expect(at.events).toContainEqual({ ...who, code: 'unknown_upstream' })
    expect(at.events).toContainEqual({ ...who, code: 'scope_missing', upstream: 'raw' })
    await send(at.served, {})
    expect(at.events).toContainEqual({ type: 'refused', code: 'unauthenticated' })
  })
})

describe('changes of credentials [gateway.audit.changes]', () => {
  test('what the admin socket, code and a double use of a ticket issue and withdraw is in the log and in the page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-audit-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const audit = await openAuditLog({ path: join(folder, 'audit.log') })
    at = await arena({ onEvent: (event) => audit.write(event) })
    const { served } = at
    const { credentials } = served.gateway
    const path = join(folder, 'gateway.sock')
    const socket = await serveAdminSocket({ path, credentials, ticketUrl: served.ticketUrl, auditPath: audit.path })
    const ticketOf = (url: string): string => new URL(url).hash.replace('#ticket=', '')

    const { url } = await askAdminSocket(path, { op: 'ticket', name: 'phone' })
    const phone = await credentials.redeem(ticketOf(url))
    expect(await askAdminSocket(path, { op: 'revoke', id: 'phone' })).toEqual({ ok: true, revoked: 1 })
    await askAdminSocket(path, { op: 'ticket', name: 'unused' })
    const [unused] = credentials.tickets()
    await askAdminSocket(path, { op: 'revoke', id: unused?.id ?? '' })
    const stolen = ticketOf(await served.ticketUrl({ name: 'tablet' }))
    const tablet = await credentials.redeem(stolen)
    await expect(credentials.redeem(stolen)).rejects.toThrow()

    await audit.flush()
    const lines = (await readAuditLog(audit.path)).filter(({ event }) => event === 'credential')
    expect(lines.map(({ op, name }) => `${op} ${name}`)).toEqual([
      'ticket phone',
      'issued phone',
      'revoked phone',
      'ticket unused',
      'revoked unused',
      'ticket tablet',
      'issued tablet',
      'revoked tablet',
    ])
    expect(lines[2]?.credential).toBe(phone.grant.id)
    expect(lines[4]?.credential).toBe(unused?.id)
    expect(lines[7]?.credential).toBe(tablet.grant.id)
    const text = JSON.stringify(lines)
    for (const secret of [ticketOf(url), stolen, phone.token, tablet.token]) expect(text).not.toContain(secret)

    const { token } = await credentials.issueToken({ scopes: ['admin'] })
    const reply = await fetch(`${served.url}/v1/admin/audit`, { headers: { authorization: `Bearer ${token}` } })
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
    let seen = ''
    while (!seen.includes('revoked')) seen += new TextDecoder().decode((await reader.read()).value)
    expect(seen).toContain(`"op":"revoked"`)
    await reader.cancel()
    await socket[Symbol.asyncDispose]()
    await audit[Symbol.asyncDispose]()
  })
})

describe('observation [gateway.audit.observation]', () => {
  const withHub = async (clock = createFakeClock()): Promise<Arena> => {
    at = await arena({ clock, upstreams: { hub: await hubUpstream() } })
    return at
  }

  test('is one line at its first use, and one in ten minutes with the number of uses', async () => {
    const clock = createFakeClock()
    const world = await withHub(clock)
    const { token } = await world.served.gateway.credentials.issueToken({ scopes: ['observe'], name: 'desk' })
    const opened = await link(world, token, 'hub')
    const call = async (id: number): Promise<void> => {
      await opened.write(new TextEncoder().encode(`{"id":${id},"method":"agents"}\n`))
      await opened.read()
    }
    for (let id = 1; id <= 50; id += 1) await call(id)
    expect(opsOf(world.events)).toEqual([{ op: 'agents', outcome: 'passed', count: undefined }])
    await clock.advance(600_000)
    await call(51)
    expect(opsOf(world.events).at(-1)).toEqual({ op: 'agents', outcome: 'passed', count: 50 })
    await call(52)
    await call(53)
    expect(opsOf(world.events)).toHaveLength(2)
    // A shutdown loses no count.
    await opened.close()
    await world.served.close()
    expect(opsOf(world.events).at(-1)).toEqual({ op: 'agents', outcome: 'passed', count: 2 })
  })

  test('what sends, what is refused and what another credential does has a line each time', async () => {
    const world = await withHub()
    const { credentials } = world.served.gateway
    const { token } = await credentials.issueToken({ scopes: ['send'], name: 'desk' })
    const other = await credentials.issueToken({ scopes: ['observe'], name: 'other' })
    const first = await link(world, token, 'hub')
    const second = await link(world, other.token, 'hub')
    const utf8 = new TextEncoder()
    for (const opened of [first, first, second]) {
      await opened.write(utf8.encode('{"id":1,"method":"agents"}\n'))
      await opened.read()
    }
    for (let id = 2; id <= 3; id += 1) {
      await first.write(utf8.encode(`{"id":${id},"method":"cancel","params":{"promptId":"none"}}\n`))
      await first.read()
      await second.write(utf8.encode(`{"id":${id},"method":"prompt","params":{"agent":"a","text":"t","promptId":"p${id}"}}\n`))
      await second.read()
    }
    const named = world.events.flatMap((event) => (event.type === 'op' ? [`${event.name} ${event.op} ${event.outcome}`] : []))
    expect(named).toEqual([
      'desk agents passed',
      'other agents passed',
      'desk cancel passed',
      'other prompt scope_missing',
      'desk cancel passed',
      'other prompt scope_missing',
    ])
    await first.close()
    await second.close()
  })

  test('a page that watches a hub adds no line for the events that it gets', async () => {
    const world = await withHub()
    const { token } = await world.served.gateway.credentials.issueToken({ scopes: ['send'], name: 'desk' })
    const client = gateway(world.served.url, { token, webSocket: await nodeWebSocket() })
    const hub = createHubClient({ transport: client.stream('hub', 'link') })
    const [agent] = await hub.agents()
    let seen = 0
    const watching = (async () => {
      for await (const _event of hub.watch()) seen += 1
    })().catch(() => {})
    for (let count = 0; count < 5; count += 1) await hub.prompt(agent?.id ?? '', `text ${count}`).accepted()
    await until(() => seen > 10, 'events')
    const ops = opsOf(world.events).map(({ op }) => op)
    expect(ops.filter((op) => op === 'more').length).toBeLessThanOrEqual(1)
    expect(ops.filter((op) => op === 'watch')).toHaveLength(1)
    expect(ops.filter((op) => op === 'prompt')).toHaveLength(5)
    await hub.close()
    await watching
  })

  test('a call is one line in the log, without its begin and its end', async () => {
    at = await arena()
    await at.checkHealthy()
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['admin'] })
    const reply = await fetch(`${at.served.url}/v1/admin/audit`, { headers: { authorization: `Bearer ${token}` } })
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
    let seen = ''
    while (!seen.includes('"op":"audit"')) seen += new TextDecoder().decode((await reader.read()).value)
    expect(seen).toContain('"op":"ping"')
    expect(seen).not.toContain('"event":"opened"')
    expect(seen).not.toContain('"event":"closed"')
    await reader.cancel()
  })
})

describe('floods of the log [gateway.audit.floods]', () => {
  test('equal refusals are counted above a hundred in ten minutes, so a flood pushes no other line out', async () => {
    const clock = createFakeClock()
    at = await arena({ clock })
    const { served, events } = at
    const attack = (): void => {
      const wire = { method: 'GET', hosts: ['evil.example'], target: '/', httpVersion: '1.1' }
      expect(() => served.gateway.admitPage(wire)).toThrow()
    }
    for (let count = 0; count < 5_000; count += 1) attack()
    const refused = () => events.filter(({ type }) => type === 'refused')
    expect(refused()).toHaveLength(100)
    // Another event is not held up by them.
    await served.gateway.credentials.issueTicket({ name: 'phone' })
    expect(events.at(-1)).toMatchObject({ type: 'credential', change: 'ticket', name: 'phone' })
    await clock.advance(600_000)
    await served.gateway.credentials.issueTicket()
    expect(refused().at(-1)).toEqual({ type: 'refused', code: 'host_not_allowed', count: 4_900 })
  })

  test('the number of kinds that are counted is bounded, and no count is lost', async () => {
    const told: GatewayEvent[] = []
    const tally = createTally(createFakeClock(), (event) => void told.push(event))
    const event = (grant: string): GatewayEvent => ({ type: 'refused', code: 'too_many', grant })
    for (let round = 0; round < 2; round += 1) for (let id = 0; id < 10_000; id += 1) tally.addObservation(event(`${id % 5_000}`))
    tally.flush()
    expect(told.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(20_000)
  })
})

describe('the lines of one credential [gateway.audit.budget]', () => {
  const op = (grant: string, name: string, outcome: 'passed' | 'scope_missing' = 'passed'): GatewayEvent => ({
    type: 'op',
    upstream: 'ccc',
    grant,
    name: grant,
    op: name,
    outcome,
  })
  const countOf = (events: readonly GatewayEvent[]): number => events.reduce((sum, { count = 1 }) => sum + count, 0)
  const worldOf = () => {
    const clock = createFakeClock()
    const told: GatewayEvent[] = []
    return { clock, told, tally: createTally(clock, (event) => void told.push(event)) }
  }

  test('a credential that causes very many different lines has 300 in ten minutes, and two lines with the number of the others', async () => {
    const { clock, told, tally } = worldOf()
    for (let round = 0; round < 150; round += 1) for (let name = 0; name < 200; name += 1) tally.add(op('page', `op ${name}`))
    for (let name = 0; name < 50; name += 1) tally.add(op('page', `op ${name}`, 'scope_missing'))
    // The first event without a line of its own is visible at once, for each outcome.
    const folded = { type: 'folded', grant: 'page', name: 'page' }
    expect(told.slice(300)).toEqual([
      { ...folded, outcome: 'passed' },
      { ...folded, outcome: 'refused' },
    ])
    await clock.advance(600_000)
    tally.add(op('other', 'ping'))
    tally.flush()
    expect(countOf(told)).toBe(150 * 200 + 50 + 1)
    const lines = told.filter((event) => 'grant' in event && event.grant === 'page')
    // Two windows have passed. The second has the counts of equal events.
    expect(lines.length).toBeLessThanOrEqual(2 * (300 + 4))
  })

  test('a credential that has used up its lines takes none from another credential, and has new ones after ten minutes', async () => {
    const { clock, told, tally } = worldOf()
    for (let name = 0; name < 400; name += 1) tally.add(op('page', `op ${name}`))
    tally.add(op('other', 'send'))
    expect(told.at(-1)).toEqual(op('other', 'send'))
    await clock.advance(600_000)
    tally.add(op('page', 'send'))
    expect(told.at(-1)).toEqual(op('page', 'send'))
    expect(countOf(told)).toBe(402)
  })

  test('what needs admin, and what changes credentials, has its line although the credential has used up the others', () => {
    const { told, tally } = worldOf()
    const admin = { type: 'admin', grant: 'page', name: 'page', op: 'revoke' } as const
    for (let name = 0; name < 400; name += 1) {
      tally.add(op('page', `op ${name}`))
      tally.add({ type: 'refused', code: `code ${name}`, grant: 'page', name: 'page' })
    }
    const before = told.length
    const kept: GatewayEvent[] = [
      { ...admin, outcome: 'passed' },
      { type: 'credential', grant: 'phone', name: 'phone', change: 'revoked' },
    ]
    for (const event of kept) tally.add(event)
    tally.addAdministration(op('page', 'group_delete'))
    expect(told.slice(before)).toEqual([...kept, op('page', 'group_delete')])
    // A refused attempt is no administration.
    tally.add({ ...admin, outcome: 'scope_missing' })
    expect(told).toHaveLength(before + 3)
    // Operations that need admin have a limit too.
    for (let name = 0; name < 400; name += 1) tally.addAdministration(op('page', `admin ${name}`))
    expect(told.filter((event) => event.type === 'op' && event.op.startsWith('admin'))).toHaveLength(299)
  })

  test('requests without a valid credential share one budget, and a page that withdraws a credential then still has its lines', async () => {
    at = await arena({ clock: createFakeClock() })
    const { served, events } = at
    const { credentials } = served.gateway
    const { token } = await credentials.issueToken({ scopes: ['admin'], name: 'owner' })
    const { grant: phone } = await credentials.issueToken({ scopes: ['observe'], ttlMs: 60_000, name: 'phone' })
    const host = `127.0.0.1:${served.port}`
    const plain = { method: 'GET', hosts: [host], target: '/', httpVersion: '1.1' }
    const wires = [
      { ...plain, hosts: ['evil.example'] },
      { ...plain, hosts: [host, host] },
      { ...plain, httpVersion: '1.0' },
      { ...plain, target: `http://${host}/` },
      { ...plain, origin: 'https://evil.example' },
      { ...plain, secFetchSite: 'cross-site' },
    ]
    for (let round = 0; round < 200; round += 1) for (const wire of wires) expect(() => served.gateway.admitPage(wire)).toThrow()
    const anonymous = events.filter((event) => event.type === 'refused' || event.type === 'folded')
    expect(anonymous).toHaveLength(301)
    expect(anonymous.at(-1)).toEqual({ type: 'folded', outcome: 'refused' })
    const reply = await fetch(`${served.url}/v1/admin/revoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: phone.id }),
    })
    expect(reply.status).toBe(200)
    expect(events.slice(-2)).toMatchObject([
      { type: 'credential', change: 'revoked', name: 'phone' },
      { type: 'admin', op: 'revoke', outcome: 'passed', name: 'owner' },
    ])
    // A shutdown loses no count.
    await served.close()
    expect(countOf(events.filter((event) => event.type === 'refused' || event.type === 'folded'))).toBe(1_200)
  })

  test('through HTTP, an operation that needs admin has its line although the same credential has used up its others', async () => {
    at = await arena({ clock: createFakeClock() })
    const { served, events } = at
    const { token, grant } = await served.gateway.credentials.issueToken({ scopes: ['admin'], name: 'page' })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    for (const path of ['/v1/unknown/call', '/v1/ccc/call', '/v1/ccc/http/x', '/v1/ccc/link']) {
      for (let round = 0; round < 100; round += 1) await (await fetch(`${served.url}${path}`, { headers })).text()
    }
    expect(events.at(-1)).toEqual({ type: 'folded', grant: grant.id, name: 'page', outcome: 'refused' })
    const body = JSON.stringify({ cmd: 'continue', session: 'x' })
    await (await fetch(`${served.url}/v1/ccc/call`, { method: 'POST', headers, body })).text()
    expect(events).toContainEqual({ type: 'op', upstream: 'ccc', grant: grant.id, name: 'page', op: 'continue', outcome: 'passed' })
  })
})
