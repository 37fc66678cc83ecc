/** Every method of the published SDKs, the configuration they read, and the tables that a gateway needs. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEnvelope, encodeEnvelope, Kind } from '../../src/cmdop/envelope.js'
import { Envelope_Kind, EnvelopeSchema } from '../../src/cmdop/gen/cmdop/core/v1/envelope_pb.js'
import { hotEvent } from '../../src/cmdop/hot-event.js'
import { createCmdop, fromEnv } from '../../src/cmdop/index.js'
import { CMDOP_ARMS, CMDOP_ROUTES } from '../../src/cmdop/scopes.js'
import { resolveConfig } from '../../src/cmdop/config.js'
import { frameDecoder } from '../../src/core/codec/frames.js'
import { createCmdopCoreSimulator } from '../../src/testing/index.js'

/** Python's names in camelCase, which are Node's. */
const PUBLISHED: Readonly<Record<string, readonly string[]>> = {
  machines: [
    'list',
    'get',
    'update',
    'disable',
    'info',
    'spend',
    'ask',
    'messages',
    'clearMessages',
    'activeSession',
    'iter',
    'pages',
  ],
  fleets: ['list', 'get', 'create', 'update', 'disable', 'iter', 'pages'],
  'fleets.members': ['list', 'add', 'setRole', 'remove', 'iter', 'pages'],
  'fleets.machines': ['list', 'attach', 'detach', 'iter', 'pages'],
  tunnels: ['open', 'close', 'list', 'get', 'sessions', 'iter', 'pages'],
  schedules: ['list', 'get', 'create', 'update', 'delete', 'trigger', 'runs', 'iter', 'pages', 'iterRuns', 'pagesRuns'],
  keys: ['list', 'issue', 'revoke', 'iter', 'pages'],
  skills: [
    'list',
    'get',
    'my',
    'install',
    'star',
    'versions',
    'reviews',
    'create',
    'update',
    'delete',
    'publish',
    'publishStatus',
    'categories',
    'tags',
    'iter',
    'pages',
  ],
}

describe('the surface', () => {
  it('has every method of both published SDKs [cmdop.parity]', () => {
    const client = createCmdop({ transport: createCmdopCoreSimulator().transport })
    const missing = Object.entries(PUBLISHED).flatMap(([path, methods]) => {
      const namespace = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], client)
      return methods
        .filter((method) => typeof (namespace as Record<string, unknown>)[method] !== 'function')
        .map((m) => `${path}.${m}`)
    })
    expect(missing).toEqual([])
    const plain = (names: readonly string[]) => names.filter((name) => !/^(iter|pages)/.test(name)).length
    expect(Object.values(PUBLISHED).reduce((sum, names) => sum + plain(names), 0)).toBe(51)
  })

  it('classifies every request type and every path for a gateway [cmdop.scopes]', () => {
    const arms = EnvelopeSchema.oneofs[0]?.fields.map(({ localName }) => localName) ?? []
    expect(arms.length).toBe(93)
    expect(Object.keys(CMDOP_ARMS).sort()).toEqual([...arms].sort())
    expect(CMDOP_ROUTES.every(({ method, path, scope }) => /^[A-Z]+$/.test(method) && path.startsWith('/api') && scope)).toBe(true)
    expect(new Set(CMDOP_ROUTES.map(({ method, path }) => `${method} ${path}`)).size).toBe(CMDOP_ROUTES.length)
    expect([CMDOP_ARMS.askReq, CMDOP_ARMS.pinAnswer, CMDOP_ARMS.issueKeyReq]).toEqual(['send', 'approve', 'server-only'])
  })

  it('is generated from the schema beside it [cmdop.generated]', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cmdop-gen-'))
    const files = (root: string): string[] =>
      readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
        (name) => name.endsWith('.ts') && statSync(join(root, name)).isFile(),
      )
    try {
      const script = fileURLToPath(new URL('../../src/cmdop/proto/generate.mjs', import.meta.url))
      execFileSync(process.execPath, [script, folder], { stdio: 'pipe' })
      const checkedIn = fileURLToPath(new URL('../../src/cmdop/gen', import.meta.url))
      expect(files(folder).sort()).toEqual(files(checkedIn).sort())
      for (const name of files(checkedIn)) {
        expect(readFileSync(join(checkedIn, name), 'utf8'), relative(checkedIn, name)).toBe(
          readFileSync(join(folder, name), 'utf8'),
        )
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 180_000)
})

describe('configuration', () => {
  it('prefers an explicit option, then the environment, then the default, and "" means unset [cmdop.config]', () => {
    const env = fromEnv({
      CMDOP_TOKEN: 't',
      CMDOP_API_KEY: 'k',
      CMDOP_BASE_URL: 'http://relay//',
      CMDOP_FLEET_ID: 'f',
      CMDOP_TIMEOUT_MS: '5',
      HOME: '/h',
    })
    expect(env).toEqual({ token: 't', apiKey: 'k', baseUrl: 'http://relay//', fleetId: 'f', timeoutMs: 5 })
    expect(resolveConfig({ token: 'mine', fleetId: '', timeoutMs: 7 }, env)).toEqual({
      token: 'mine',
      apiKey: 'k',
      fleetId: 'f',
      timeoutMs: 7,
      baseUrl: 'http://relay',
      baseUrlGiven: true,
      apiBaseUrl: 'https://api.cmdop.com',
    })
    expect(fromEnv({ CMDOP_TOKEN: '', CMDOP_API_KEY: 'k' })).toEqual({ token: 'k', apiKey: 'k' })
    expect(resolveConfig({})).toEqual({
      baseUrl: 'https://cloud.cmdop.com',
      baseUrlGiven: false,
      apiBaseUrl: 'https://api.cmdop.com',
      timeoutMs: 30_000,
    })
    for (const CMDOP_TIMEOUT_MS of ['abc', '-1', '0', 'NaN'])
      expect(() => fromEnv({ CMDOP_TIMEOUT_MS })).toThrow(/CMDOP_TIMEOUT_MS/)
  })

  it('refuses credentials for a link to a core that has its own [cmdop.config.link]', () => {
    const { transport } = createCmdopCoreSimulator()
    expect(() => createCmdop({ transport, token: 'secret-token' })).toThrow(/token cannot be used/)
    expect(() => createCmdop({ transport, token: 'secret-token' })).not.toThrow(/secret-token/)
  })
})

describe('the hand-written decoder', () => {
  const general = (body: Uint8Array) => fromBinary(EnvelopeSchema, body)

  it('gives the result of the general decoder, or passes the body to it [cmdop.codec.hot]', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constant('\ufeffx'),
      fc.constant('é'.repeat(200)),
    )
    const event = fc.record({ id: fc.nat(0xffff_ffff), eventType: fc.oneof(fc.nat(300), fc.integer()), payloadJson: text })
    fc.assert(
      fc.property(event, ({ id, eventType, payloadJson }) => {
        const value = { eventType, payloadJson }
        const frame = encodeEnvelope(id, Kind.EVENT, { case: 'askFrame', value: { frame: { case: 'event', value } } })
        const [body = new Uint8Array(0)] = frameDecoder().push(frame)
        const hot = hotEvent(body)
        if (hot) expect(toBinary(EnvelopeSchema, hot)).toEqual(body)
        expect(decodeEnvelope(body)).toMatchObject({ id, kind: Envelope_Kind.EVENT, payload: general(body).payload })
      }),
      { numRuns: 500 },
    )
  })

  it('passes every other body on, also truncated bodies and random bytes [cmdop.codec.hot]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (body) => {
        const hot = hotEvent(body)
        if (hot) expect(general(body)).toMatchObject({ id: hot.id, payload: hot.payload })
      }),
    )
    const value = { eventType: 1, payloadJson: '{"delta":"é"}' }
    const frame = encodeEnvelope(7, Kind.EVENT, { case: 'askFrame', value: { frame: { case: 'event', value } } })
    const body = frame.subarray(1)
    for (let end = 0; end < body.byteLength; end += 1) expect(hotEvent(body.subarray(0, end))).toBeNull()
    const broken = body.slice()
    broken[broken.byteLength - 3] = 0xff
    expect(() => decodeEnvelope(broken)).toThrow(/no envelope/)
  })
})

describe('the decoder of envelopes', () => {
  it('reads the same bytes as the library, and fails with a typed error for all others [cmdop.codec.strict]', () => {
    // Random bytes, and valid envelopes with a few changed bytes.
    const frame = encodeEnvelope(9, Kind.RESPONSE, { case: 'machineList', value: { items: [{ id: 'i', isJarvis: true }] } })
    const turned = fc
      .array(fc.tuple(fc.nat(frame.byteLength - 2), fc.nat(255)), { minLength: 1, maxLength: 3 })
      .map((turns) => turns.reduce((body, [at, byte]) => body.fill(byte, at, at + 1), frame.slice(1)))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 40 }), turned), (body) => {
        let envelope: ReturnType<typeof decodeEnvelope>
        try {
          envelope = decodeEnvelope(body)
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_message', system: 'cmdop' })
          return
        }
        expect(envelope).toEqual(fromBinary(EnvelopeSchema, body))
        expect(envelope.kind).not.toBe(Kind.UNSPECIFIED)
      }),
      { numRuns: 500 },
    )
  })
})
