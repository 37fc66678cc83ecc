/** A hub behind a link in memory, with the interface of a hub. */
import { createHub, createHubClient, serveHub, type Hub, type HubOptions, type ServeHubOptions } from '../../src/hub/index.js'
import { memoryServer } from '../../src/testing/memory-server.js'

/** Closing the client closes the hub too, as the rules expect. */
export async function hubOverLink(options: HubOptions, serving: ServeHubOptions = {}): Promise<Hub> {
  const hub = await createHub(options)
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) void serveHub(hub, link, serving)
  })()
  const client = createHubClient({ transport: server.transport })
  const close = async (): Promise<void> => {
    await hub.close()
    await client.close()
    await server[Symbol.asyncDispose]()
  }
  return { ...client, close, [Symbol.asyncDispose]: close }
}
