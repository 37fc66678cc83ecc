/** Links between a hub and a client of it, for the script of the hub. */
import { createHubClient, serveHub, type Hub } from '../../src/hub/index.js'
import { memoryPair } from '../../src/testing/index.js'
import type { StreamTransport } from '../../src/transport.js'
import { acceptMessagePort, messagePortLink } from '../../transports/web/index.js'

async function client(transport: StreamTransport): Promise<{ viewer: Hub; close(): Promise<void> }> {
  const viewer = createHubClient({ transport, by: 'page' })
  return { viewer, close: () => viewer.close() }
}

/** Both ends in one process. */
export const overMemory = (hub: Hub) =>
  client({
    kind: 'stream',
    name: 'memory',
    async open() {
      const [near, far] = memoryPair()
      void serveHub(hub, far)
      return near
    },
  })

/** A `MessageChannel`, as between a page and its worker. */
export const overMessagePort = (hub: Hub) =>
  client(
    messagePortLink({
      port() {
        const { port1, port2 } = new MessageChannel()
        void acceptMessagePort(port2).then((link) => serveHub(hub, link))
        return port1
      },
    }),
  )
