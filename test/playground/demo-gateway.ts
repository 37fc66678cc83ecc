/** A real gateway with a real hub behind it, for the tests of the dashboard in gateway mode. */
import { hubPolicy } from 'signalbox/gateway/policy'
import { createHub, serveHub, type Hub } from 'signalbox/hub'
import { loadPages, serveGateway } from 'signalbox/node'
import { memoryServer } from 'signalbox/testing'
import { afterAll, beforeAll } from 'vitest'
import { createDemo } from '../../src/testing/demo/world.js'
import { canRun, openPage, withPage, type PageTools } from './harness.js'

/** A gateway that serves the page, with the demo's agents behind it. */
export interface PageGateway extends AsyncDisposable {
  readonly url: string
  readonly hub: Hub
  /** An address with a new ticket. */
  ticketUrl(): Promise<string>
}

/** Starts the gateway on a free port. */
async function startGateway(folder: string): Promise<PageGateway> {
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

/** Where the hub of the page runs. */
export const MODES = ['worker', 'gateway'] as const
export type Mode = (typeof MODES)[number]

/** What `withModes` prepares for the tests of a file. */
export interface ModeTools extends PageTools {
  readonly gateway: PageGateway
  /** Opens a page that is connected in this mode. */
  open(mode: Mode, options?: Parameters<typeof openPage>[1]): ReturnType<typeof openPage>
}

/** `withPage`, and a gateway beside it. */
export function withModes(): ModeTools {
  const tools = withPage() as ModeTools & { gateway: PageGateway }
  beforeAll(async () => {
    if (canRun) tools.gateway = await startGateway(tools.folder)
  }, 60_000)
  afterAll(() => tools.gateway?.[Symbol.asyncDispose]())
  return Object.assign(tools, {
    async open(mode: Mode, options: Parameters<typeof openPage>[1] = {}) {
      const opened = await openPage(tools.browser, options)
      await opened.page.goto(mode === 'worker' ? tools.served.url : await tools.gateway.ticketUrl())
      if (mode === 'gateway') await opened.page.locator('[data-action=connect]').click()
      await opened.page.locator('.place[data-status=open]').waitFor()
      return opened
    },
  })
}
