/** The accepting half of a WebSocket link under test, and the opening half as its peer. */
import type { OpenOptions } from '../../src/index.js'
import type { ContractContext, ContractPair } from '../../src/testing/index.js'
import { listenWebSocket, nodeWebSocket } from '../../transports/node/index.js'
import { webSocketLink, type WebSocketLike } from '../../transports/web/index.js'

export async function acceptedWebSocketContext(): Promise<ContractContext & AsyncDisposable> {
  const listener = await listenWebSocket()
  const accepted = listener.accept()[Symbol.asyncIterator]()
  const opened = new Map<string, WebSocketLike>()
  let naming = ''
  const Kept = class extends (await nodeWebSocket()) {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols)
      opened.set(naming, this)
    }
  }
  const transport = webSocketLink<string>({ url: listener.address, webSocket: Kept })
  let before: Promise<unknown> = Promise.resolve()
  const open = async (options?: OpenOptions): Promise<ContractPair> => {
    naming = crypto.randomUUID()
    const name = naming
    const far = await transport.open(name, options)
    let near = await accepted.next()
    // An aborted open may have been accepted as well.
    while (!near.done && near.value.launch !== name) near = await accepted.next()
    if (near.done) throw new Error('the listener has ended')
    return {
      near: near.value,
      far,
      async kill() {
        opened.get(name)?.terminate?.()
        await far.closed
      },
    }
  }
  return {
    name: 'websocket, accepted',
    // One after the other, because their order shows which socket belongs to which open.
    pair(options) {
      const pair = before.then(() => open(options))
      before = pair.catch(() => {})
      return pair
    },
    floodBytes: 16 * 1024 * 1024,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  }
}
