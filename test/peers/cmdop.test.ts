/** The conformance suite against the cores inside the Python wheels, in front of a relay of ours. */
import { readFileSync, writeFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createCmdopRelaySimulator } from '../../src/testing/index.js'
import { cmdopCore } from '../../transports/node/index.js'
import { serveRelay } from '../cmdop/relay-server.js'
import { cmdopCases } from '../conformance/cmdop.js'
import { CORE_V2, CORE_VERSIONS, installedCore, recordingOf } from '../cmdop/real-core.js'
import { playTraffic, type Exchange } from '../cmdop/traffic.js'
import { playTrafficV2 } from '../cmdop/traffic-v2.js'
import { PYTHON_1, PYTHON_2, pythonNames } from '../cmdop/python-names.js'
import { cmdopV2Cases } from '../conformance/cmdop-v2.js'
import { generationOf } from '../../transports/node/cmdop/generation.js'
import { registerCases } from '../register-cases.js'

/** With SIGNALBOX_RECORD=1 the recordings that the simulator is held to are made anew. */
describe.each(CORE_VERSIONS)('core %s', (version) => {
  it('still gives the recorded answers [cmdop.recordings]', async () => {
    const relay = createCmdopRelaySimulator()
    await using server = await serveRelay(relay)
    const transport = cmdopCore({ binaryPath: await installedCore(version), env: {} })
    const config = {
      token: 't-right',
      apiKey: 'k-right',
      baseUrl: server.url,
      apiBaseUrl: server.url,
      timeoutMs: 30_000,
      baseUrlGiven: true,
    }
    const link = await transport.open(config)
    const played = await playTraffic(link, relay)
    await link.close({ graceMs: 100 })
    const file = recordingOf(version)
    if (process.env.SIGNALBOX_RECORD === '1') writeFileSync(file, `${JSON.stringify(played, null, 1)}\n`)
    const timeless = (exchanges: readonly Exchange[]) => exchanges.filter(({ name }) => name !== 'ask cut')
    expect(timeless(played)).toEqual(timeless(JSON.parse(readFileSync(file, 'utf8')) as Exchange[]))
  })
})

describe.each(CORE_VERSIONS)('core %s', (version) =>
  registerCases(cmdopCases, async (run) => {
    const binaryPath = await installedCore(version)
    const servers: AsyncDisposable[] = []
    await run({
      plane: 'core',
      ...(version === '1.0.2' ? { pinErrors: false } : {}),
      async serve(world = {}) {
        const relay = createCmdopRelaySimulator(world)
        const server = await serveRelay(relay)
        servers.push(server)
        const { token = 't-real', apiKey = 'k-real' } = world
        const transport = cmdopCore({ binaryPath, env: {} })
        return { relay, options: { transport, token, apiKey, baseUrl: server.url, apiBaseUrl: server.url } }
      },
    })
    for (const server of servers) await server[Symbol.asyncDispose]()
  }),
)

describe(`core ${CORE_V2}`, () => {
  const serve = async () => {
    const relay = createCmdopRelaySimulator({ generation: 2 })
    const server = await serveRelay(relay)
    const transport = cmdopCore({ binaryPath: await installedCore(CORE_V2), env: {} })
    return { relay, server, transport }
  }

  it('still gives the recorded answers [cmdop.v2.recordings]', async () => {
    const { relay, server, transport } = await serve()
    const config = { token: 't-right', baseUrl: server.url, apiBaseUrl: server.url, timeoutMs: 30_000, baseUrlGiven: true }
    const link = await transport.open(config)
    const played = await playTrafficV2(link, relay)
    await link.close({ graceMs: 100 })
    await server[Symbol.asyncDispose]()
    const file = recordingOf(CORE_V2)
    if (process.env.SIGNALBOX_RECORD === '1') writeFileSync(file, `${JSON.stringify(played, null, 1)}\n`)
    expect(played).toEqual(JSON.parse(readFileSync(file, 'utf8')))
  })

  registerCases(cmdopV2Cases, async (run) => {
    const { relay, server, transport } = await serve()
    await run({ relay, options: { transport, token: 't-right', baseUrl: server.url } })
    await server[Symbol.asyncDispose]()
  })
})

describe.each([...CORE_VERSIONS, CORE_V2] as const)('the executable of %s', (version) => {
  it('shows its protocol by its package and by its own answer, before the first call [cmdop.v2.generation]', async () => {
    const file = await installedCore(version)
    const expected = version === CORE_V2 ? 2 : 1
    expect(await generationOf({ file, args: [], env: {} })).toBe(expected)
    const folder = await mkdtemp(join(tmpdir(), 'cmdop-generation-'))
    const moved = join(folder, 'cmdop-core')
    await copyFile(file, moved)
    expect(await generationOf({ file: moved, args: [], env: {} })).toBe(expected)
    await rm(folder, { recursive: true })
  })
})

describe('the Python package', () => {
  it.each([
    ['1.1.1', PYTHON_1],
    ['2.0.0', PYTHON_2],
  ] as const)('cmdop %s has the names that the parity test knows [cmdop.parity.python]', async (version, names) => {
    const folder = dirname(dirname(await installedCore(version)))
    expect(await pythonNames(folder)).toEqual(names)
  })
})
