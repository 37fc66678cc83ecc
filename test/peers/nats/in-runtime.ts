/** The suite of all stores over NATS, from inside of a runtime. The server's addresses are `TCP ADDRESS|WEBSOCKET ADDRESS`. */
import { wsconnect, type NatsConnection } from '@nats-io/nats-core'
import { runCases, storeCases } from '../../../src/testing/index.js'
import { natsStore } from '../../../transports/nats/index.js'
import { runSuites, type Suite, type SuiteReport } from '../../runtimes/suites/environment.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

function suite(name: string, runtime: string, open: () => Promise<NatsConnection>): Suite {
  return {
    name,
    async run() {
      const connection = await open()
      const prefix = `${runtime}-${name}`
      const openPlace = async (place: string) => natsStore({ connection, prefix: `${prefix}-${place}`, timeoutMs: 15_000 })
      const store = await openPlace('main')
      const results = await runCases(storeCases, { store, openPlace, wait: pause })
      await store[Symbol.asyncDispose]()
      await connection.close()
      return results
    },
  }
}

/** `connect`: over TCP, where the runtime has sockets. */
export function run(
  addresses: string,
  runtime: string,
  connect?: (options: { servers: string }) => Promise<NatsConnection>,
): Promise<SuiteReport[]> {
  const [tcp = '', webSocket = ''] = addresses.split('|')
  const suites = [
    ...('WebSocket' in globalThis ? [suite('websocket', runtime, () => wsconnect({ servers: webSocket }))] : []),
    ...(connect ? [suite('tcp', runtime, () => connect({ servers: tcp }))] : []),
  ]
  return runSuites(suites, { runtime, ws: (peer) => peer })
}
