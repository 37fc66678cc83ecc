/** What a caller sees of a gateway that refuses one of its calls on the link of a core. */
import { describe, expect, it } from 'vitest'
import { createCmdop, PermissionError } from '../../src/cmdop/index.js'
import { createCredentials, createGateway, type Scope } from '../../src/gateway/index.js'
import { cmdopPolicy, cmdopV2Policy } from '../../src/gateway/policy/index.js'
import type { StreamTransport } from '../../src/index.js'
import { createCmdopCoreSimulator, memoryPair, simulatedId, type CmdopCoreSimulatorOptions } from '../../src/testing/index.js'
import { failure, M1 } from './set-up.js'

const TOKEN = 'sbx_token_for_one_test_0123456789'

async function throughGateway(scopes: readonly Scope[], options: CmdopCoreSimulatorOptions = {}) {
  const core = createCmdopCoreSimulator(options)
  const generation = options.version === '2.0.0' ? 2 : 1
  const policy = generation === 2 ? cmdopV2Policy : cmdopPolicy
  const credentials = createCredentials()
  await credentials.addToken(TOKEN, { scopes })
  const upstreams = { core: { kind: 'stream', system: 'cmdop', transport: core.transport, policy } } as const
  const gateway = createGateway({ credentials, allowedHosts: ['localhost'], upstreams })
  const transport: StreamTransport<void> = {
    kind: 'stream',
    name: 'gateway',
    async open() {
      const [near, far] = memoryPair({ name: 'gateway' })
      const admitted = await gateway.admitLink('core', { token: TOKEN })
      void admitted.run(far)
      return near
    },
  }
  return { core, client: createCmdop({ transport, generation, fleetId: simulatedId(2, 1), closeGraceMs: 50 }) }
}

describe.each([false, true])('a call that the scope does not cover (core writes byte by byte: %s)', (splitWrites) => {
  it('fails with PermissionError, sent: no, and the link stays open [cmdop.gateway.refused]', async () => {
    const { core, client } = await throughGateway(['observe'], { splitWrites })
    expect((await client.machines.list()).items.length).toBe(3)
    const error = await failure(client.machines.disable(M1))
    expect(error).toBeInstanceOf(PermissionError)
    expect(error).toMatchObject({ code: 'permission_denied', sent: 'no', op: 'machines.disable', remoteCode: 'scope_missing' })
    expect(error.message).toContain('"admin"')
    const issued = await failure(client.keys.issue({ name: 'k' }))
    expect(issued).toMatchObject({ name: 'PermissionError', sent: 'no', remoteCode: 'server_only' })
    const asked = await failure(client.machines.ask(M1, 'x').collect())
    expect(asked).toMatchObject({ name: 'PermissionError', sent: 'no', remoteCode: 'scope_missing' })
    expect((await client.machines.get(M1)).summary?.id).toBe(M1)
    expect([core.starts, core.ledger.map(({ arm }) => arm)]).toEqual([1, ['listMachinesReq', 'getMachineReq']])
    await client.close()
  })

  it('is answered between the frames of other calls, never inside a frame [cmdop.gateway.refused]', async () => {
    const { core, client } = await throughGateway(['observe', 'send'], { splitWrites })
    const long = 'x'.repeat(20_000)
    const ask = client.machines.ask(M1, `[[say ${long}]][[say ${long}]]`).collect()
    const calls = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? client.machines.get(M1) : failure(client.machines.disable(M1)),
    )
    const answers = await Promise.all(calls)
    expect(answers.filter((answer) => (answer as { sent?: string }).sent === 'no').length).toBe(20)
    expect((await ask).length).toBe(40_000)
    expect(core.starts).toBe(1)
    await client.close()
  })
})

describe('an answer to a question without the scope for it', () => {
  it('is refused, and the ask fails with PermissionError [cmdop.gateway.refused]', async () => {
    const { core, client } = await throughGateway(['observe', 'send'])
    const error = await failure(client.machines.ask(M1, '[[pin 1]][[say in]]').collect({ onPin: () => '1' }))
    expect(error).toMatchObject({ name: 'PermissionError', remoteCode: 'scope_missing', sent: 'yes' })
    expect((await client.machines.list()).items.length).toBe(3)
    expect(core.starts).toBe(1)
    await client.close()
  })
})

describe('a gateway in front of a core 2.0', () => {
  it('refuses an ask, and a PIN in an ask, by scope; the link stays open [cmdop.gateway.refused]', async () => {
    const observing = await throughGateway(['observe'], { version: '2.0.0' })
    expect((await observing.client.machines.roster()).sequence).toBe(7)
    const asked = await failure(observing.client.machines.ask(M1, 'x').collect())
    expect(asked).toMatchObject({ name: 'PermissionError', sent: 'no', remoteCode: 'scope_missing' })
    expect((await observing.client.system.bootstrap()).bundleId).toBe('bundle-1')
    expect(observing.core.starts).toBe(1)
    await observing.client.close()

    const sending = await throughGateway(['observe', 'send'], { version: '2.0.0' })
    expect(await sending.client.machines.ask(M1, 'x').collect()).toBe('You said: x')
    const withPin = await failure(sending.client.machines.ask(M1, 'x', { pin: '1' }).collect())
    expect(withPin).toMatchObject({ name: 'PermissionError', sent: 'no', message: expect.stringContaining('approve') })
    expect(sending.core.starts).toBe(1)
    await sending.client.close()
  })

  it('counts a PIN in repeated options, which a core merges', () => {
    const options = (bytes: readonly number[]): number[] => [0x1a, bytes.length, ...bytes]
    const request = [0x0a, 1, 0x6d, 0x12, 1, 0x78, ...options([0x3a, 1, 0x6d]), ...options([0x0a, 1, 0x31])]
    const envelope = Uint8Array.from([0x08, 1, 0x10, 1, 0xf2, 1, request.length, ...request])
    expect([cmdopV2Policy.classify(envelope)].flat().map(({ name }) => name)).toEqual(['askMachineReq', 'askMachineReq.pin'])
  })
})
