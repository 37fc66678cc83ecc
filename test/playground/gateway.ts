/** The page behind a real gateway, with a real hub over scripted agents. */
import { createCredentials, type Credentials } from '../../src/gateway/index.js'
import { hubPolicy } from '../../src/gateway/policy/index.js'
import { createHub, serveHub, type Hub, type HubOptions } from '../../src/hub/index.js'
import { createScriptedSystem, type ScriptedSystem, type ScriptedSystemOptions } from '../../src/testing/hub/index.js'
import { memoryServer } from '../../src/testing/memory-server.js'
import { loadPages, serveGateway, type ServedGateway, type ServeGatewayOptions } from '../../transports/node/index.js'

/** A gateway that serves the page, and what is behind it. */
export interface GatewayWorld extends AsyncDisposable {
  readonly served: ServedGateway
  readonly credentials: Credentials
  readonly hub: Hub
  readonly system: ScriptedSystem
}

export interface GatewayWorldOptions {
  readonly scripted?: ScriptedSystemOptions
  readonly hub?: Partial<HubOptions>
  readonly gateway?: Partial<ServeGatewayOptions>
}

/** Serves the built page in `folder`. */
export async function serveGatewayWorld(folder: string, options: GatewayWorldOptions = {}): Promise<GatewayWorld> {
  const system = createScriptedSystem(options.scripted)
  const hub = await createHub({ sources: [system.source()], ...options.hub })
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(hub, link)
  })()
  const credentials = createCredentials()
  const served = await serveGateway({
    upstreams: { hub: { kind: 'stream', system: 'hub', transport: server.transport, policy: hubPolicy } },
    pages: await loadPages(folder),
    scopes: ['observe', 'send', 'approve'],
    credentials,
    ...options.gateway,
  })
  return {
    served,
    credentials,
    hub,
    system,
    async [Symbol.asyncDispose]() {
      await served.close()
      await hub.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
