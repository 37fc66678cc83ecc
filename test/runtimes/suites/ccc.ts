/** The CCC client against its simulator: in this runtime's memory, and behind the peer server for runtimes that have no sockets. */
import type { StreamTransport } from '../../../src/index.js'
import { createCccSimulator, runCases, type CaseResult, type CccSimulator } from '../../../src/testing/index.js'
import { webSocketLink } from '../../../transports/web/index.js'
import { cccCases, cccScenarios } from '../../conformance/ccc.js'
import type { Suite } from './environment.js'

/** A fresh server for each case. `bind` makes it reachable, and gives back how to undo that. */
export async function conformance(
  bind: (simulator: CccSimulator) => Promise<{ transport: StreamTransport<void>; release?: () => Promise<unknown> }>,
): Promise<CaseResult[]> {
  const releases: (() => Promise<unknown>)[] = []
  const results = await runCases(cccCases, {
    async serve(scenario) {
      const simulator = createCccSimulator(cccScenarios[scenario])
      const { transport, release } = await bind(simulator)
      releases.push(async () => {
        await release?.()
        await simulator.stop()
      })
      return transport
    },
  })
  for (const release of releases) await release()
  return results
}

export const cccSuites: readonly Suite[] = [
  { name: 'ccc in memory', run: () => conformance(async ({ transport }) => ({ transport })) },
  {
    name: 'ccc over a WebSocket',
    async run({ ws }) {
      const links = webSocketLink<Record<string, string>>({ url: ws('') })
      return runCases(cccCases, {
        async serve(scenario) {
          // Links with one id meet the same server.
          const launch = { peer: 'ccc', scenario, id: crypto.randomUUID() }
          return { kind: 'stream', name: links.name, open: (_launch, options) => links.open(launch, options) }
        },
      })
    },
  },
]
