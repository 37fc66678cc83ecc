/** The web transports as contexts for the contract suite. Portable: the peer server is named by its URL. */
import type { Link, OpenOptions } from '../../src/index.js'
import type { ContractContext, ContractPair } from '../../src/testing/index.js'
import { acceptMessagePort } from '../../transports/web/index.js'
import { messagePortLink, webSocketLink, type MessagePortLike, type WebSocketConstructor } from '../../transports/web/index.js'

export interface WebSocketPeer {
  readonly webSocketUrl: string
  /** Used if the runtime has no WebSocket. */
  readonly webSocket?: WebSocketConstructor
}

/** Both ends are WebSocket links to the peer server, which relays between them: this tests the client and the server. */
export function webSocketContext({ webSocketUrl, webSocket }: WebSocketPeer): ContractContext {
  const transport = webSocketLink<Record<string, string>>({ url: webSocketUrl, ...(webSocket ? { webSocket } : {}) })
  return {
    name: 'websocket',
    async pair(options) {
      const pair = crypto.randomUUID()
      const near = await transport.open({ peer: 'relay', pair, side: 'near' }, options)
      const far = await transport.open({ peer: 'relay', pair, side: 'far' })
      return {
        near,
        far,
        async kill() {
          const killer = await transport.open({ peer: 'cut', pair })
          await killer.closed
          await far.close({ graceMs: 0 })
        },
      }
    },
    floodBytes: 16 * 1024 * 1024,
  }
}

const NO_DEATH = 'this runtime tells nobody that the other port is gone without a farewell'

/** Two ports of one channel for each link. Only some runtimes report to a port that the other port is closed. */
export function messagePortContext({ tellsOfDeath }: { readonly tellsOfDeath: boolean }): ContractContext {
  const made: { readonly twin: MessagePortLike; readonly accepting: Promise<Link> }[] = []
  const transport = messagePortLink({
    port() {
      const { port1, port2 } = new MessageChannel()
      const twin: MessagePortLike = port2
      // Accepted at once, so that the other side notices an aborted open too.
      const accepting = acceptMessagePort(twin)
      accepting.catch(() => {})
      made.push({ twin, accepting })
      return port1
    },
  })
  let before: Promise<unknown> = Promise.resolve()
  const open = async (options?: OpenOptions): Promise<ContractPair> => {
    const index = made.length
    const near = await transport.open(undefined, options)
    const other = made[index]
    if (!other) throw new Error('no channel was made')
    const far = await other.accepting
    return {
      near,
      far,
      async kill() {
        other.twin.close()
        await far.close({ graceMs: 0 })
      },
    }
  }
  const deaths = ['law.2.fault-last', 'law.2.fault-paused', 'law.3.peer-died', 'law.4.after-death', 'law.4.ignored', 'law.5.death']
  return {
    name: 'messageport',
    // One after the other, because their order shows which channel belongs to which open.
    pair(options) {
      const pair = before.then(() => open(options))
      before = pair.catch(() => {})
      return pair
    },
    floodBytes: 16 * 1024 * 1024,
    ...(tellsOfDeath ? {} : { exempt: Object.fromEntries([...deaths, 'law.10.apart'].map((id) => [id, NO_DEATH])) }),
  }
}
