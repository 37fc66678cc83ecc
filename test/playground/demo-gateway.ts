/** A real gateway with a real hub behind it, for the tests of the dashboard in gateway mode. */
import { hubPolicy } from 'signalbox/gateway/policy'
import { createHub, serveHub, type Hub } from 'signalbox/hub'
import { loadPages, serveGateway } from 'signalbox/node'
import { memoryServer } from 'signalbox/testing'
import { createDemo } from '../../src/testing/demo/world.js'

/** A gateway that serves the page, with the demo's agents behind it. */
export interface PageGateway extends AsyncDisposable {
  readonly url: string
  readonly hub: Hub
  /** An address with a new ticket. */
  ticketUrl(): Promise<string>
}

/** Starts the gateway on a free port. */
export async function startGateway(folder: string): Promise<PageGateway> {
  const demo = await createDemo()
  const hub = await createHub({ sources: demo.sources, keepRaw: true })
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(hub, link)
  })()
  const upstream = { kind: 'stream', system: 'hub', transport: server.transport, policy: hubPolicy } as const
  const served = await serveGateway({
    upstreams: { hub: upstream },
    pages: await loadPages(folder),
    scopes: ['observe', 'send', 'approve'],
  })
  const over = new AbortController()
  void demo.live(hub, { signal: over.signal })
  return {
    url: served.url,
    hub,
    ticketUrl: () => served.ticketUrl(),
    async [Symbol.asyncDispose]() {
      over.abort()
      await served.close()
      await server[Symbol.asyncDispose]()
      await hub.close()
      await demo.close()
    },
  }
}
