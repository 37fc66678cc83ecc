import { afterAll, beforeAll, describe, test } from 'vitest'
import { transportContract, type ContractContext } from '../../src/testing/index.js'
import { nodeWebSocket } from '../../transports/node/link/web-socket.js'
import { acceptedWebSocketContext } from './accepted-context.js'
import { fetchContext } from './fetch-context.js'
import { startPeerServer, type PeerServer } from '../peers/web/server.js'
import { heldByProcess } from './held.js'
import { messagePortContext, webSocketContext } from './web-contexts.js'

let server: PeerServer
let fetching: Awaited<ReturnType<typeof fetchContext>>
let accepting: Awaited<ReturnType<typeof acceptedWebSocketContext>>
beforeAll(async () => {
  server = await startPeerServer()
  fetching = await fetchContext()
  accepting = await acceptedWebSocketContext()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fetching[Symbol.asyncDispose]()
  await accepting[Symbol.asyncDispose]()
})

const made: Readonly<Record<string, () => Promise<ContractContext>>> = {
  websocket: async () => webSocketContext({ webSocketUrl: server.webSocketUrl, webSocket: await nodeWebSocket() }),
  'websocket, accepted': async () => accepting,
  fetch: async () => fetching,
  messageport: async () => messagePortContext({ tellsOfDeath: true }),
}

for (const [name, make] of Object.entries(made)) {
  describe(name, () => {
    let context: ContractContext
    beforeAll(async () => {
      // fetch keeps connections for the next request, in a pool of the runtime.
      context = name === 'fetch' ? await make() : { ...(await make()), held: heldByProcess }
    })
    for (const { id, title, skip, run } of transportContract) {
      test(`${title} [${id}]`, async (task) => {
        const why = skip?.(context)
        if (why !== undefined) return task.skip(why)
        await run(context)
      })
    }
  })
}
