/** Every transport that can open a link in this process, each with its accepting side. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { createQueue } from '../../src/core/queue.js'
import type { Link, Listener, StreamTransport } from '../../src/index.js'
import { memoryServer } from '../../src/testing/index.js'
import { listenTcp, listenUnix, listenWebSocket, nodeWebSocket, tcpSocket, unixSocket } from '../../transports/node/index.js'
import { acceptMessagePort } from '../../transports/web/accept.js'
import { messagePortLink, webSocketLink } from '../../transports/web/index.js'

export interface Way extends AsyncDisposable {
  readonly transport: StreamTransport
  readonly listener: Listener
}

const way = (transport: StreamTransport, listener: Listener, after?: () => void): Way => ({
  transport,
  listener,
  async [Symbol.asyncDispose]() {
    await listener[Symbol.asyncDispose]()
    after?.()
  },
})

export const ways: Readonly<Record<string, () => Promise<Way>>> = {
  async memory() {
    const server = memoryServer()
    return way(server.transport, server)
  },
  async unix() {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-ways-'))
    const path = join(folder, 'peer.sock')
    return way(unixSocket({ path }), await listenUnix({ path }), () => rmSync(folder, { recursive: true, force: true }))
  },
  async tcp() {
    const listener = await listenTcp()
    return way(tcpSocket({ port: listener.port }), listener)
  },
  async websocket() {
    const listener = await listenWebSocket()
    return way(webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() }), listener)
  },
  async messageport() {
    const waiting = createQueue<Link>({ overflow: 'pause' })
    const transport = messagePortLink({
      port() {
        const { port1, port2 } = new MessageChannel()
        acceptMessagePort(port2).then(
          (link) => waiting.push([link]),
          () => {},
        )
        return port1
      },
    })
    return way(transport, {
      address: 'messageport:',
      async *accept() {
        for (let links = await waiting.take(); links !== null; links = await waiting.take()) yield* links
      },
      async [Symbol.asyncDispose]() {
        waiting.discard()
      },
    })
  },
}
