/** The conformance suite against the cores inside the Python wheels, in front of a relay of ours. */
import { describe } from 'vitest'
import { createCmdopRelay } from '../../src/testing/index.js'
import { cmdopCore } from '../../transports/node/index.js'
import { serveRelay } from '../cmdop/relay-server.js'
import { cmdopCases } from '../conformance/cmdop.js'
import { CORE_VERSIONS, installedCore } from '../cmdop/real-core.js'
import { registerCases } from '../register-cases.js'

describe.each(CORE_VERSIONS)('core %s', (version) =>
  registerCases(cmdopCases, async (run) => {
    const binaryPath = await installedCore(version)
    const servers: AsyncDisposable[] = []
    await run({
      plane: 'core',
      ...(version === '1.0.2' ? { pinErrors: false } : {}),
      async serve(world = {}) {
        const relay = createCmdopRelay(world)
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
