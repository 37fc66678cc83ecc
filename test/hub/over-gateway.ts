/** A hub behind a real gateway: for clients over WebSockets on Node, and for a page in Chromium. */
import { hubPolicy } from '../../src/gateway/policy/index.js'
import { createHubClient, serveHub, type Hub } from '../../src/hub/index.js'
import { memoryServer } from '../../src/testing/memory-server.js'
import { nodeWebSocket, serveGateway } from '../../transports/node/index.js'
import { gateway } from '../../transports/web/index.js'

/** A gateway whose one upstream is the hub. */
export interface HubGateway extends AsyncDisposable {
  readonly url: string
  readonly token: string
}

/** Serves the hub with every scope that a person needs. `allowedOrigins`: the pages that may use the gateway. */
export async function serveHubGateway(hub: Hub, allowedOrigins: readonly string[] = []): Promise<HubGateway> {
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(hub, link)
  })()
  const served = await serveGateway({
    upstreams: { hub: { kind: 'stream', system: 'hub', transport: server.transport, policy: hubPolicy } },
    scopes: ['observe', 'send', 'approve'],
    allowedOrigins,
  })
  return {
    url: served.url,
    token: served.token,
    async [Symbol.asyncDispose]() {
      await served.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** A client of the hub over a WebSocket of the gateway. */
export async function overGateway(hub: Hub): Promise<{ readonly viewer: Hub; close(): Promise<void> }> {
  const served = await serveHubGateway(hub)
  const transport = gateway(served.url, { token: served.token, webSocket: await nodeWebSocket() }).stream('hub', 'link')
  const viewer = createHubClient({ transport, by: 'page' })
  return {
    viewer,
    async close() {
      await viewer.close()
      await served[Symbol.asyncDispose]()
    },
  }
}
