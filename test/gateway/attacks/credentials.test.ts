/** Tickets, tokens and scopes that are stolen, expired, reused, guessed or exceeded; and that must not appear in other output. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCredentials, createGateway, Refusal } from '../../../src/gateway/index.js'
import { tap } from '../../../src/index.js'
import { createFakeClock, createRecorder } from '../../../src/testing/index.js'
import { gateway, webSocketLink } from '../../../transports/web/index.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { arena, bearer, frame, hungUp, openFrame, send, until, upgraded, type Arena } from './harness.js'

let at: Arena
beforeAll(async () => {
  at = await arena({ scopes: ['observe', 'send'] })
})
afterAll(() => at[Symbol.asyncDispose]())

const json = { 'Content-Type': 'application/json' }
const redeem = (ticket: string) =>
  send(at.served, { method: 'POST', target: '/v1/ticket', headers: json, body: JSON.stringify({ ticket }) })
const ticketOf = async (): Promise<string> => (await at.served.ticketUrl()).split('#ticket=')[1] as string
const tokenIn = (body: string): string => (JSON.parse(body) as { token: string }).token

describe('tickets [gateway.attack.ticket]', () => {
  test('a reused ticket is refused and ends the session of its first use, because one of the two users stole it', async () => {
    const ticket = await ticketOf()
    const first = await redeem(ticket)
    expect(first.status).toBe(200)
    const headers = { Authorization: `Bearer ${tokenIn(first.body)}` }
    expect((await send(at.served, { headers })).status).toBe(200)
    const second = await redeem(ticket)
    expect(second).toMatchObject({ status: 401, code: 'ticket_spent' })
    expect(second.body).not.toContain('sbx_')
    expect((await send(at.served, { headers })).status).toBe(401)
  })

  test('when two clients redeem one ticket at the same time, neither keeps a session', async () => {
    const ticket = await ticketOf()
    const replies = await Promise.all([redeem(ticket), redeem(ticket)])
    for (const { status, body } of replies) {
      if (status !== 200) continue
      expect((await send(at.served, { headers: { Authorization: `Bearer ${tokenIn(body)}` } })).status).toBe(401)
    }
    expect(replies.filter(({ status }) => status === 401).length).toBeGreaterThan(0)
  })

  test('a ticket is not accepted as a token, a token not as a ticket, and other values are refused', async () => {
    expect((await send(at.served, { headers: { Authorization: `Bearer ${await ticketOf()}` } })).status).toBe(401)
    expect((await redeem(at.served.token)).status).toBe(401)
    for (const body of ['{}', '{"ticket":null}', '{"ticket":["x"]}', `{"ticket":"${'x'.repeat(600)}"}`]) {
      expect((await send(at.served, { method: 'POST', target: '/v1/ticket', headers: json, body })).status).toBe(401)
    }
    const large = await send(at.served, {
      method: 'POST',
      target: '/v1/ticket',
      headers: json,
      body: `{"ticket":"${'x'.repeat(9_000)}"}`,
    })
    expect(large.status).toBe(413)
  })

  test('an expired ticket and an expired session are refused, and calls and links of the session end', async () => {
    const clock = createFakeClock()
    const credentials = createCredentials({ clock, ticketTtlMs: 60_000, sessionTtlMs: 1_000 })
    const late = await credentials.issueTicket()
    await clock.advance(60_001)
    await expect(credentials.redeem(late)).rejects.toMatchObject({ code: 'ticket_spent' })
    const { token } = await credentials.redeem(await credentials.issueTicket())
    await expect(credentials.verify(token)).resolves.toMatchObject({ scopes: ['observe'] })
    await clock.advance(1_001)
    await expect(credentials.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a clock that is set back gives no ticket and no session a longer life', async () => {
    const time = createFakeClock()
    let set = 0
    const clock = { ...time, now: () => time.now() + set }
    const credentials = createCredentials({ clock, ticketTtlMs: 60_000, sessionTtlMs: 100_000 })
    const ticket = await credentials.issueTicket()
    const { token } = await credentials.redeem(await credentials.issueTicket())
    set = -3_600_000
    await time.advance(60_001)
    await expect(credentials.redeem(ticket)).rejects.toMatchObject({ code: 'ticket_spent' })
    await expect(credentials.verify(token)).resolves.toMatchObject({ scopes: ['observe'] })
    await time.advance(40_000)
    await expect(credentials.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    // A sleeping machine measures no time, and its clock is correct after it wakes up.
    const other = await credentials.issueTicket()
    set = 3_600_000
    await expect(credentials.redeem(other)).rejects.toMatchObject({ code: 'ticket_spent' })
  })

  test('any number of tickets leaves the token of the owner valid', async () => {
    const credentials = createCredentials({ maxCredentials: 10 })
    const { token } = await credentials.issueToken({ scopes: ['admin'] })
    for (let count = 0; count < 50; count += 1) await credentials.redeem(await credentials.issueTicket())
    await expect(credentials.verify(token)).resolves.toMatchObject({ scopes: ['admin'] })
  })
})

describe('scopes [gateway.attack.escalation]', () => {
  test('a credential has exactly its granted scopes, whatever the request says about scopes', async () => {
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
    const headers = { Authorization: `Bearer ${token}`, ...json, 'X-Scopes': 'admin' }
    const body = '{"cmd":"send","session":"x","text":"y","scopes":["admin"]}'
    const reply = await send(at.served, { method: 'POST', target: '/v1/ccc/call?scope=admin', headers, body })
    expect(reply).toMatchObject({ status: 403, code: 'scope_missing' })
    expect(reply.body).toContain('send')
    const ticket = await at.served.gateway.credentials.issueTicket({ scopes: ['observe'] })
    const redeemed = await send(at.served, {
      method: 'POST',
      target: '/v1/ticket',
      headers: json,
      body: JSON.stringify({ ticket, scopes: ['admin'] }),
    })
    expect(JSON.parse(redeemed.body)).toMatchObject({ scopes: ['observe'] })
    expect(at.reached).toEqual([])
  })

  test('a credential without a scope is refused for calls and links', async () => {
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: [] })
    const before = at.upstreamOpenings()
    const client = gateway(at.served.url, { token, webSocket: await nodeWebSocket() })
    for (const via of ['call', 'link'] as const) {
      const link = client.ccc('ccc', via).open()
      const refused = link.then(async (opened) => {
        await opened.write(new TextEncoder().encode('{"cmd":"ping"}\n'))
        await opened.read()
      })
      await expect(refused, via).rejects.toMatchObject({ code: 'permission_denied', remoteCode: 'scope_missing' })
    }
    expect(at.upstreamOpenings()).toBe(before)
  })

  test('on a link, a message beyond the scopes ends the link with the reason; earlier messages passed', async () => {
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['observe'] })
    const link = await webSocketLink({
      url: `${at.served.url}/v1/ccc/link`,
      credential: token,
      webSocket: await nodeWebSocket(),
    }).open()
    await link.write(new TextEncoder().encode('{"cmd":"answer","session":"x"}\n'))
    const reason = await link.closed
    expect(reason).toMatchObject({ kind: 'error', error: { code: 'permission_denied', remoteCode: 'scope_missing' } })
    expect(at.reached).toEqual([])
  })

  test('a session that is evicted for newer sessions ends like a withdrawn session', async () => {
    const credentials = createCredentials({ maxCredentials: 1 })
    let told = 0
    const { token, grant } = await credentials.redeem(await credentials.issueTicket())
    credentials.onRevoked(grant.id, () => {
      told += 1
    })
    await credentials.redeem(await credentials.issueTicket())
    await expect(credentials.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(told).toBe(1)
  })

  test('an upstream that was not granted gives the same answer as one that does not exist', async () => {
    const { token } = await at.served.gateway.credentials.issueToken({ scopes: ['admin'], upstreams: ['raw'] })
    const headers = { Authorization: `Bearer ${token}`, ...json }
    const known = await send(at.served, { method: 'POST', target: '/v1/ccc/call', headers, body: '{"cmd":"ping"}' })
    const unknown = await send(at.served, { method: 'POST', target: '/v1/nothing/call', headers, body: '{"cmd":"ping"}' })
    expect(known).toMatchObject({ status: 404, code: 'unknown_upstream' })
    expect(known.body).toBe(unknown.body)
    const index = JSON.parse((await send(at.served, { headers })).body) as { upstreams: { name: string }[] }
    expect(index.upstreams.map(({ name }) => name)).toEqual(['raw'])
  })

  test('withdrawing a credential ends its calls and links', async () => {
    const { credentials } = at.served.gateway
    const { token, grant } = await credentials.issueToken({ scopes: ['admin'] })
    const link = await webSocketLink({
      url: `${at.served.url}/v1/raw/link`,
      credential: token,
      webSocket: await nodeWebSocket(),
    }).open()
    expect(at.served.gateway.inUse.links).toBeGreaterThan(0)
    credentials.revoke(grant.id)
    expect(await link.closed).toMatchObject({ kind: 'error', error: { code: 'unauthenticated' } })
    await until(() => at.upstreamLinks() === 0, 'the upstream is closed')
    expect(at.served.gateway.inUse.links).toBe(0)
  })
})

describe('the first frame of a link [gateway.attack.first-frame]', () => {
  test.each([
    ['nothing', undefined],
    ['bytes', frame(2, Buffer.from('hello'))],
    ['no credential', frame(1, Buffer.from('{"type":"open","window":1000}'))],
    ['a wrong credential', frame(1, Buffer.from('{"type":"open","window":1000,"credential":"sbx_token_wrong_wrong_wrong"}'))],
    ['credit first', frame(1, Buffer.from('{"type":"credit","bytes":1000}'))],
    ['no JSON', frame(1, Buffer.from('open'))],
  ])('%s: the link is closed and the upstream never opened', async (_what, bytes) => {
    const openings = at.upstreamOpenings()
    const socket = await upgraded(at.served)
    if (bytes) socket.write(bytes)
    await hungUp(socket)
    expect(at.upstreamOpenings()).toBe(openings)
    await at.checkHealthy()
  })

  test('a second open, with another credential, ends the link', async () => {
    const socket = await upgraded(at.served)
    socket.write(openFrame(at.served))
    socket.write(openFrame(at.served))
    await hungUp(socket)
    await until(() => at.upstreamLinks() === 0, 'the upstream is closed')
  })
})

describe('guessing [gateway.attack.timing]', () => {
  test('credentials are looked up by digest: no code compares a guess with the right value', async () => {
    const seen: string[] = []
    const original = crypto.subtle.digest.bind(crypto.subtle)
    const spied: typeof crypto.subtle.digest = (algorithm, data) => {
      seen.push(new TextDecoder().decode(data as Uint8Array))
      return original(algorithm, data)
    }
    crypto.subtle.digest = spied
    try {
      const credentials = createCredentials()
      const { token } = await credentials.issueToken()
      const near = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      await expect(credentials.verify(near)).rejects.toBeInstanceOf(Refusal)
      await credentials.verify(token)
      // Both took the same path: hashed whole, then looked up.
      expect(seen).toEqual([token, near, token])
      expect(JSON.stringify([...Object.values(credentials)])).not.toContain(token)
    } finally {
      crypto.subtle.digest = original
    }
  })

  test('each credential has 256 random bits, and no two are equal', async () => {
    const credentials = createCredentials()
    const made = await Promise.all(Array.from({ length: 200 }, () => credentials.issueTicket()))
    expect(new Set(made).size).toBe(200)
    for (const ticket of made) expect(ticket).toMatch(/^sbx_ticket_[\w-]{43}$/)
  })
})

describe('a canary [gateway.attack.canary]', () => {
  test('no credential appears in events, refusals, errors, close reasons, URLs or upstream requests', async () => {
    const records: unknown[] = []
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      const original = console[method]
      console[method] = (...parts: unknown[]) => {
        records.push(parts)
        original.apply(console, parts)
      }
    }
    const webSocket = await nodeWebSocket()
    const urls: string[] = []
    const watched = class extends webSocket {
      constructor(url: string, protocols?: string | string[]) {
        urls.push(url, String(protocols))
        super(url, protocols)
      }
    }
    const secret = at.served.token
    const ticket = await ticketOf()
    const key = 'sk-ant-api03-canary-canary-canary-canary'
    const attempts: unknown[] = []
    const note = async (work: Promise<unknown>): Promise<void> => {
      try {
        attempts.push(await work)
      } catch (error) {
        attempts.push(error, String(error), JSON.stringify(error), (error as Error).stack, (error as Error).cause)
      }
    }
    const fetchNoting = (url: string, init: RequestInit): Promise<Response> => {
      urls.push(url)
      return fetch(url, init)
    }
    const wrongToken = `${secret.slice(0, -4)}AAAA`
    for (const options of [{ token: secret }, { ticket }, { ticket }, { token: wrongToken }]) {
      const client = gateway(at.served.url, { ...options, webSocket: watched, fetch: fetchNoting })
      await note(client.session())
      await note(client.stream<unknown>('nothing').open(undefined))
      await note(client.stream<unknown>('ccc').open({ env: { ANTHROPIC_API_KEY: key } }))
      await note(client.exchange('ccc').exchange({ method: 'GET', path: '/x' }))
    }
    for (const target of [`/v1/${secret}/call`, `/v1/ccc/call?token=${secret}`, `/v1/ccc/${ticket}`]) {
      await note(send(at.served, { method: 'POST', target, headers: { ...bearer(at.served), ...json }, body: `{"cmd":"${key}"}` }))
    }
    // Recordings are checked in, also the recording of a link that carried its own credential.
    const recorder = createRecorder()
    const recorded = await tap(gateway(at.served.url, { token: secret, webSocket: watched }).ccc('ccc', 'link'), recorder).open()
    const said = { cmd: 'ping', token: secret, note: `Bearer ${secret}, x-api-key: ${key}, ${ticket} and ${wrongToken}` }
    await recorded.write(new TextEncoder().encode(`${JSON.stringify(said)}\n`))
    await recorded.read()
    await recorded.close()
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-canary-'))
    const file = join(folder, 'recording.ndjson')
    writeFileSync(file, recorder.lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const recording = readFileSync(file, 'utf8')
    rmSync(folder, { recursive: true })
    expect(recording).toContain('ping')
    const socket = await upgraded(at.served)
    socket.write(frame(1, Buffer.from(JSON.stringify({ type: 'open', window: 1_000, credential: wrongToken, launch: key }))))
    // The secret is in the path of the address, where it must not be logged.
    for (const name of [secret, ticket]) {
      const lost = await upgraded(at.served, name)
      lost.write(openFrame(at.served))
      await hungUp(lost)
    }
    let down = ''
    socket.on('data', (chunk: Buffer) => {
      down += chunk.toString('latin1')
    })
    await hungUp(socket)
    const everything = JSON.stringify([records, at.events, attempts, urls, at.reached, down, recording])
    for (const canary of [secret, ticket, wrongToken, key]) expect(everything).not.toContain(canary)
    expect(at.events.some(({ type }) => type === 'refused')).toBe(true)
    expect(attempts.length).toBeGreaterThan(15)
  })

  test('the address for a browser carries the ticket in its fragment, which no server sees', async () => {
    const url = new URL(await at.served.ticketUrl())
    expect(url.search).toBe('')
    expect(url.hash).toMatch(/^#ticket=sbx_ticket_/)
    expect(() => createGateway({ upstreams: { '../x': {} as never }, allowedHosts: ['x:1'] })).toThrow(/upstream name/)
  })
})
