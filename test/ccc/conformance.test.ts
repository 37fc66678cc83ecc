/** The conformance suite in memory, over a unix socket and over WebSockets. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { createCccSimulator, type CccSimulator } from '../../src/testing/index.js'
import type { Listener, StreamTransport } from '../../src/index.js'
import { cccSocket, listenUnix, listenWebSocket, nodeWebSocket } from '../../transports/node/index.js'
import { webSocketLink } from '../../transports/web/index.js'
import { cccCases, cccScenarios, type CccContext } from '../conformance/ccc.js'
import { registerCases } from '../register-cases.js'

type Bind = (simulator: CccSimulator) => Promise<{ transport: StreamTransport<void>; listener?: Listener }>

const around =
  (bind: Bind) =>
  async (run: (context: CccContext) => Promise<void>): Promise<void> => {
    const cleanups: (() => Promise<unknown>)[] = []
    try {
      await run({
        async serve(scenario) {
          const simulator = createCccSimulator(cccScenarios[scenario])
          const { transport, listener } = await bind(simulator)
          cleanups.push(async () => {
            await listener?.[Symbol.asyncDispose]()
            await simulator.stop()
          })
          return transport
        },
      })
    } finally {
      for (const cleanup of cleanups) await cleanup()
    }
  }

describe('in memory', () =>
  registerCases(
    cccCases,
    around(async ({ transport }) => ({ transport })),
  ))

describe('over a unix socket', () => {
  registerCases(cccCases, async (run) => {
    const folder = await mkdtemp(join(tmpdir(), 'ccc-'))
    try {
      await around(async (simulator) => {
        const path = join(folder, '.ccc.sock')
        const listener = await listenUnix({ path })
        void simulator.listen(listener)
        return { transport: cccSocket({ path }), listener }
      })(run)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('over a WebSocket', () => {
  registerCases(
    cccCases,
    around(async (simulator) => {
      const listener = await listenWebSocket()
      void simulator.listen(listener)
      return { transport: webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() }), listener }
    }),
  )
})
