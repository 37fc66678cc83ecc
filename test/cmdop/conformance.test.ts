/** The conformance suite in memory, byte by byte, over a WebSocket, and over REST. */
import { describe } from 'vitest'
import { cmdopRest } from '../../src/cmdop/rest.js'
import {
  createCmdopCoreSimulator,
  createCmdopRelaySimulator,
  relayExchange,
  type CmdopCoreSimulatorOptions,
} from '../../src/testing/index.js'
import { listenWebSocket, nodeWebSocket } from '../../transports/node/index.js'
import { webSocketLink } from '../../transports/web/index.js'
import { cmdopCases, type CmdopContext } from '../conformance/cmdop.js'
import { registerCases } from '../register-cases.js'

const inMemory = (options: CmdopCoreSimulatorOptions) => async (run: (context: CmdopContext) => Promise<void>) => {
  const cores: AsyncDisposable[] = []
  await run({
    plane: 'core',
    ...(options.version === '1.0.2' ? { pinErrors: false } : {}),
    async serve(world = {}) {
      const core = createCmdopCoreSimulator({
        ...options,
        relay: createCmdopRelaySimulator(world),
        token: 't-right',
        apiKey: 'k-right',
      })
      cores.push(core)
      return { relay: core.relay, options: { transport: core.transport } }
    },
  })
  for (const core of cores) await core[Symbol.asyncDispose]()
}

describe('core 1.1.0 in memory', () => registerCases(cmdopCases, inMemory({})))
describe('core 1.0.2 in memory', () => registerCases(cmdopCases, inMemory({ version: '1.0.2' })))

describe('core that writes byte by byte', () => registerCases(cmdopCases, inMemory({ splitWrites: true })))

describe('core behind a WebSocket', () =>
  registerCases(cmdopCases, async (run) => {
    const cleanups: AsyncDisposable[] = []
    await run({
      plane: 'core',
      async serve(world = {}) {
        const core = createCmdopCoreSimulator({ relay: createCmdopRelaySimulator(world), token: 't-right', apiKey: 'k-right' })
        const listener = await listenWebSocket()
        void core.listen(listener)
        cleanups.push(core, listener)
        const transport = webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() })
        return { relay: core.relay, options: { transport } }
      },
    })
    for (const one of cleanups) await one[Symbol.asyncDispose]()
  }))

describe('REST', () =>
  registerCases(cmdopCases, (run) =>
    run({
      plane: 'rest',
      async serve(world = {}) {
        const relay = createCmdopRelaySimulator(world)
        return { relay, options: { transport: cmdopRest(relayExchange(relay)), token: 't-right', apiKey: 'k-right' } }
      },
    }),
  ))
