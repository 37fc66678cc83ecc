/** The client over a core 2.0: the suite in memory, and what only a simulated core can show. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConnectionError, createCmdop, UnsupportedError, type CmdopOptions } from '../../src/cmdop/index.js'
import { cmdopRest } from '../../src/cmdop/rest.js'
import { Envelope_Kind as Kind } from '../../src/cmdop/gen/cmdop/core/v2/contract_pb.js'
import { createCmdopCoreSimulator, createCmdopRelaySimulator, relayExchange } from '../../src/testing/index.js'
import { cmdopCore } from '../../transports/node/index.js'
import { cmdopV2Cases, type CmdopV2Context } from '../conformance/cmdop-v2.js'
import { registerCases } from '../register-cases.js'
import { failure, M1, until } from './set-up.js'

const inMemory = (splitWrites: boolean) => async (run: (context: CmdopV2Context) => Promise<void>) => {
  const relay = createCmdopRelaySimulator({ generation: 2 })
  const core = createCmdopCoreSimulator({ version: '2.0.0', relay, token: 't-right', splitWrites })
  await run({ relay, options: { transport: core.transport, generation: 2 } })
  await core[Symbol.asyncDispose]()
}

describe('core 2.0.0 in memory', () => registerCases(cmdopV2Cases, inMemory(false)))
describe('core 2.0.0 that writes byte by byte', () => registerCases(cmdopV2Cases, inMemory(true)))

function setUpV2() {
  const simulator = createCmdopCoreSimulator({ version: '2.0.0' })
  return { simulator, client: createCmdop({ transport: simulator.transport, generation: 2, closeGraceMs: 50 }) }
}

describe('a core 2.0', () => {
  it('that dies fails open calls, is replaced, and no call is repeated [cmdop.v2.death]', async () => {
    const { simulator, client } = setUpV2()
    await client.system.bootstrap()
    simulator.relay.failNext('GET', 'silent')
    const call = failure(client.machines.roster())
    const ask = failure(client.machines.ask(M1, '[[say a]][[hang]]').collect())
    await until(() => simulator.ledger.length === 3)
    await simulator.crash()
    expect(await call).toBeInstanceOf(ConnectionError)
    expect(await call).toMatchObject({ sent: 'maybe', retryable: true })
    expect(await ask).toBeInstanceOf(ConnectionError)
    expect((await client.machines.roster()).sequence).toBe(7)
    expect([simulator.starts, simulator.ledger.length]).toEqual([2, 4])
    await client.close()
  })

  it('that answers a call with another kind fails only this call [cmdop.v2.stray]', async () => {
    const { simulator, client } = setUpV2()
    await client.system.bootstrap()
    simulator.relay.failNext('GET', 'silent')
    const call = failure(client.machines.roster())
    await until(() => simulator.ledger.length === 2)
    await simulator.sayV2({ id: 99n, kind: Kind.RESPONSE })
    await simulator.sayV2({ id: 2n, kind: Kind.RESPONSE, payload: { case: 'systemBootstrapResp', value: {} } })
    expect(await call).toMatchObject({ code: 'protocol', sent: 'yes' })
    expect((await client.machines.roster()).sequence).toBe(7)
    expect(simulator.starts).toBe(1)
    await client.close()
  })

  it('whose bytes are not envelopes is replaced [cmdop.v2.stray]', async () => {
    const { simulator, client } = setUpV2()
    await client.system.bootstrap()
    simulator.relay.failNext('GET', 'silent')
    const call = failure(client.machines.roster())
    await until(() => simulator.ledger.length === 2)
    await simulator.noise(new TextEncoder().encode('\u0012a log line on stdout'))
    expect(await call).toMatchObject({ code: 'protocol', sent: 'maybe' })
    expect((await client.machines.roster()).sequence).toBe(7)
    await client.close()
  })

  it('asks no questions, so answers are refused as unsupported or as not asked [cmdop.v2.lacks]', async () => {
    const { client } = setUpV2()
    const stream = client.machines.ask(M1, '[[say a]][[hang]]')
    for await (const _frame of stream) {
      expect(await failure(stream.pin('c', '1'))).toMatchObject({ code: 'invalid_argument', sent: 'no' })
      break
    }
    await client.close()
  })
})

describe('options and methods of 2.0', () => {
  it.each([
    ['a core 1.x', () => createCmdop({ transport: createCmdopCoreSimulator().transport, closeGraceMs: 50 })],
    ['REST', () => createCmdop({ transport: cmdopRest(relayExchange(createCmdopRelaySimulator())) })],
  ])('are unsupported over %s, and nothing is sent [cmdop.v2.only]', async (_what, make) => {
    const client = make()
    const calls = [
      () => client.system.bootstrap(),
      () => client.machines.roster(),
      () => client.machines.messages(M1, { session: '2' }),
      () => client.machines.ask(M1, 'x', { model: 'm' }).collect(),
      () => client.machines.ask(M1, '', { attachmentIds: ['a'] }).collect(),
    ]
    for (const call of calls) {
      const error = await failure(call())
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error).toMatchObject({ code: 'unsupported', sent: 'no' })
    }
    await client.close()
  })
})

describe('the environment of a core 2.0', () => {
  /** A program that says that it is a core 2.0.0, writes its CMDOP variables to a file, and leaves. */
  const PROGRAM = `
    import { writeFileSync } from 'node:fs'
    if (process.argv.includes('--version')) console.log('2.0.0')
    else writeFileSync(process.argv[2], JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('CMDOP_')))))
  `
  const variablesOf = async (options: Partial<CmdopOptions>, env: Readonly<Record<string, string>> = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'cmdop-v2-'))
    const [program, out] = [join(folder, 'core.mjs'), join(folder, 'out.json')]
    await writeFile(program, PROGRAM)
    const transport = cmdopCore({ binaryPath: process.execPath, args: [program, out], env })
    const client = createCmdop({ transport, closeGraceMs: 50, ...options })
    const error = await failure(client.system.bootstrap())
    await client.close()
    const text = await readFile(out, 'utf8').catch(() => '{}')
    await rm(folder, { recursive: true })
    return { error, variables: JSON.parse(text) as Record<string, string> }
  }

  it('has an address only if one was given, because with one the core does not look for the local relay [cmdop.v2.environment]', async () => {
    expect((await variablesOf({})).variables).toEqual({ CMDOP_TIMEOUT_MS: '30000' })
    const local = { baseUrl: 'http://127.0.0.1:8000/', token: 't' }
    expect((await variablesOf(local)).variables).toEqual({
      CMDOP_TIMEOUT_MS: '30000',
      CMDOP_BASE_URL: 'http://127.0.0.1:8000',
      CMDOP_TOKEN: 't',
    })
  })

  it('names a remote relay only with a token: without one the client refuses the call [cmdop.v2.environment]', async () => {
    const { error } = await variablesOf({}, { CMDOP_BASE_URL: 'https://relay.example' })
    expect(error).toMatchObject({ name: 'AuthError', code: 'unauthenticated', sent: 'no' })
  })

  it('belongs to a core of the requested generation, or the start is refused [cmdop.v2.generation]', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cmdop-v2-'))
    const program = join(folder, 'core.mjs')
    await writeFile(program, PROGRAM)
    const transport = cmdopCore({ binaryPath: process.execPath, args: [program, '/dev/null'], env: {}, generation: 1 })
    const client = createCmdop({ transport, token: 't', closeGraceMs: 50 })
    expect(await failure(client.machines.list())).toMatchObject({ code: 'incompatible', sent: 'no' })
    await client.close()
    await writeFile(program, 'console.log("3.1.4")')
    const newer = createCmdop({
      transport: cmdopCore({ binaryPath: process.execPath, args: [program], env: {} }),
      closeGraceMs: 50,
    })
    expect(await failure(newer.machines.list())).toMatchObject({ code: 'incompatible', sent: 'no' })
    await newer.close()
    await rm(folder, { recursive: true })
  })
})
