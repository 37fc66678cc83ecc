/** The rules of hubs that share a store, from inside of a runtime: over TCP where it has sockets, else over WebSocket. */
import { wsconnect, type NatsConnection } from '@nats-io/nats-core'
import { runSuites, type SuiteReport } from '../../runtimes/suites/environment.js'
import { hubKinds, runHubCases } from './hub-cases.js'

export async function run(
  addresses: string,
  runtime: string,
  connect?: (options: { servers: string }) => Promise<NatsConnection>,
): Promise<SuiteReport[]> {
  const [tcp = '', webSocket = ''] = addresses.split('|')
  const suites = hubKinds()
    .filter(({ name }) => name !== 'alone')
    .map((kind) => ({
      name: `hub: ${kind.name}`,
      async run() {
        const connection = await (connect ? connect({ servers: tcp }) : wsconnect({ servers: webSocket }))
        // The crashes open some fifty stores. hub.test.ts has them, on Node.
        const rules = kind.rules.filter(({ id }) => !id.startsWith('hub.crash.'))
        const results = await runHubCases({ connection }, { ...kind, rules })
        await connection.close()
        return results
      },
    }))
  return runSuites(suites, { runtime, ws: (peer) => peer })
}
