import { afterAll, beforeAll, describe, test } from 'vitest'
import { transportContract, type ContractContext } from '../../src/testing/index.js'
import { nodeWebSocket } from '../../transports/node/web-socket.js'
import { startPeerServer, type PeerServer } from '../peer/server.js'
import { heldByProcess } from './held.js'
import { messagePortContext, webSocketContext } from './web-contexts.js'

let server: PeerServer
beforeAll(async () => {
  server = await startPeerServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const made: Readonly<Record<string, () => Promise<ContractContext>>> = {
  websocket: async () => webSocketContext({ webSocketUrl: server.webSocketUrl, webSocket: await nodeWebSocket() }),
  messageport: async () => messagePortContext({ tellsOfDeath: true }),
}

for (const [name, make] of Object.entries(made)) {
  describe(name, () => {
    let context: ContractContext
    beforeAll(async () => {
      context = { ...(await make()), held: heldByProcess }
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
