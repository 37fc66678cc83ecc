/** The surface: every op, every method of the published clients, and what is generated from the record. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createCccc, loadOps } from '../../src/cccc/index.js'
import { createCcccSimulator } from '../../src/testing/index.js'
import { PYTHON_METHODS, TYPESCRIPT_METHODS } from './published.js'

interface Recorded {
  readonly op: string
  readonly sdk_method: string | null
  readonly ts_sdk_method: string | null
  readonly streaming: string | null
  readonly safe_to_probe_with_empty_args: boolean
}
const root = new URL('../../', import.meta.url)
const recorded = JSON.parse(readFileSync(new URL('test/fixtures/cccc/ops.json', root), 'utf8')) as Recorded[]

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

describe('the op table', () => {
  test('equals the output of the generator for the record [cccc.generated]', async () => {
    const { generate } = (await import(new URL('scripts/cccc-ops.mjs', root).href)) as { generate(): Record<string, string> }
    for (const [path, text] of Object.entries(generate())) {
      const file = fileURLToPath(new URL(path, root))
      expect(existsSync(file) && readFileSync(file, 'utf8') === text, `${path}: run node scripts/cccc-ops.mjs`).toBe(true)
    }
  })

  test('holds every recorded op, and marks ops that take over the connection or must not be probed [cccc.table]', () => {
    const table = loadOps()
    expect([...table.keys()].sort()).toEqual(recorded.map(({ op }) => op).sort())
    for (const { op, streaming, safe_to_probe_with_empty_args: safe } of recorded) {
      const info = table.get(op)
      expect(info?.takesOver, op).toBe(streaming !== null)
      expect(info?.unsafeToProbe || info?.takesOver, op).toBe(!safe || streaming !== null)
      if (info?.reads) expect(info.idempotent, op).toBe(true)
    }
  })

  test('gives every op a method of its own under a name of its own [cccc.names]', async () => {
    const simulator = createCcccSimulator()
    await using client = createCccc({ transport: simulator.transport })
    const names = [...loadOps().values()].map(({ namespace, method }) => `${namespace}.${method}`)
    expect(new Set(names).size).toBe(names.length)
    for (const { op, namespace, method } of loadOps().values()) {
      const spaces = client as unknown as Record<string, Record<string, unknown>>
      expect(typeof spaces[namespace]?.[method], `${namespace}.${method}`).toBe('function')
      expect(typeof (client.ops as Record<string, unknown>)[camelCase(op)], op).toBe('function')
    }
    await simulator[Symbol.asyncDispose]()
  })
})

describe('the published clients', () => {
  test('every method of the published clients exists, under its name in camelCase [cccc.parity]', async () => {
    const simulator = createCcccSimulator()
    await using client = createCccc({ transport: simulator.transport })
    // These methods are not ops. The client has members with the same names.
    const own: Record<string, unknown> = { call: client.call, callRaw: client.callRaw, assertCompatible: client.assertCompatible }
    const missing = [...PYTHON_METHODS.map(camelCase), ...TYPESCRIPT_METHODS].filter(
      (name) => typeof (own[name] ?? (client.ops as Record<string, unknown>)[name]) !== 'function',
    )
    expect(missing).toEqual([])
    await simulator[Symbol.asyncDispose]()
  })

  test('the lists equal those of the record [cccc.parity-lists]', () => {
    const ops = (key: 'sdk_method' | 'ts_sdk_method'): string[] => recorded.flatMap((op) => op[key] ?? [])
    expect(PYTHON_METHODS.filter((name) => !['call', 'call_raw', 'assert_compatible'].includes(name)).sort()).toEqual(
      ops('sdk_method').sort(),
    )
    expect(TYPESCRIPT_METHODS.filter((name) => !['call', 'callRaw', 'assertCompatible'].includes(name)).sort()).toEqual(
      ops('ts_sdk_method').sort(),
    )
  })

  const SENT: readonly [string, (client: ReturnType<typeof createCccc>) => Promise<unknown>, string, Record<string, unknown>][] = [
    [
      'send with its duties',
      (client) => client.messages.send({ groupId: 'g', text: 't', priority: 'attention', replyRequired: true }),
      'send',
      { priority: 'attention', reply_required: true, by: 'user' },
    ],
    [
      'an actor that turns custom',
      (client) => client.actors.update({ groupId: 'g', actorId: 'a', patch: {}, profileAction: 'convert_to_custom' }),
      'actor_update',
      { profile_action: 'convert_to_custom', patch: {} },
    ],
    [
      'a profile with its revision and defaults',
      (client) =>
        client.profiles.upsert({
          profile: { name: 'p', capabilityDefaults: { autoloadCapabilities: ['x'], sessionTtlSeconds: 5 } },
          expectedRevision: 3,
        }),
      'actor_profile_upsert',
      {
        expected_revision: 3,
        profile: { name: 'p', capability_defaults: { autoload_capabilities: ['x'], session_ttl_seconds: 5 } },
      },
    ],
    [
      'secrets, verbatim',
      (client) => client.profiles.secretUpdate({ profileId: 'ap', set: { camelCase_Key: 'v' }, unset: ['B'] }),
      'actor_profile_secret_update',
      { profile_id: 'ap', set: { camelCase_Key: 'v' }, unset: ['B'] },
    ],
    [
      'a capability',
      (client) => client.capabilities.enable({ groupId: 'g', capabilityId: 'c', scope: 'session', ttlSeconds: 5, actorId: 'a' }),
      'capability_enable',
      { capability_id: 'c', scope: 'session', ttl_seconds: 5, actor_id: 'a' },
    ],
    [
      'a space',
      (client) => client.space.bind({ groupId: 'g', lane: 'work', action: 'bind', remoteSpaceId: 'r' }),
      'group_space_bind',
      { lane: 'work', action: 'bind', remote_space_id: 'r' },
    ],
  ]
  test.each(SENT)('%s is sent as they send it, in one request [cccc.payloads]', async (_, run, op, expected) => {
    const simulator = createCcccSimulator()
    await using client = createCccc({ transport: simulator.transport })
    await client.describe()
    const before = simulator.ledger.requests.length
    await run(client).catch(() => {})
    const sent = simulator.ledger.requests.slice(before)
    expect(sent.map((request) => request.op)).toEqual([op])
    expect(sent[0]?.args).toMatchObject(expected)
    await simulator[Symbol.asyncDispose]()
  })
})

describe('the compatibility check', () => {
  test('never calls an op that has an effect with empty arguments; it probes a related op, or reports that the answer is unknown [cccc.unsafe-probes]', async () => {
    const simulator = createCcccSimulator({ dialect: 'C' })
    await using client = createCccc({ transport: simulator.transport })
    const unsafe = [...loadOps().values()].filter(({ unsafeToProbe }) => unsafeToProbe).map(({ op }) => op)
    expect(unsafe.length).toBeGreaterThan(20)
    for (const op of unsafe) await client.assertCompatible({ ops: [op] }).catch(() => {})
    expect(simulator.ledger.requests.filter(({ op }) => unsafe.includes(op))).toEqual([])
    await simulator[Symbol.asyncDispose]()
  })

  test('an unreachable daemon is no proof of support [cccc.probe-unreachable]', async () => {
    const simulator = createCcccSimulator()
    await using client = createCccc({ transport: simulator.transport })
    simulator.faults.loseAnswers.groups = 1
    await expect(client.assertCompatible({ ops: ['groups'] })).rejects.toMatchObject({ sent: 'maybe' })
    await simulator[Symbol.asyncDispose]()
  })
})
