/** The client behind a gateway: what the gateway refuses never reached the server. */
import { expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { cccPolicy } from '../../src/gateway/policy/ccc.js'
import { createCccSimulator } from '../../src/testing/index.js'
import { nodeWebSocket, serveGateway } from '../../transports/node/index.js'
import { gateway, webSocketLink } from '../../transports/web/index.js'
import { failure } from './kit.js'

test.each(['call', 'link'] as const)(
  '[ccc.gateway.refused] by %s: a missing scope is permission_denied, sent: no',
  async (kind) => {
    await using simulator = createCccSimulator({ sessions: [{ name: 'a', running: true }], timeScale: 0.001 })
    const upstream = { kind: 'stream', system: 'ccc', transport: simulator.transport, policy: cccPolicy } as const
    await using served = await serveGateway({ upstreams: { ccc: upstream } })
    // The promise itself, as if the caller forgot the `await`.
    const client = gateway(served.url, { token: served.token, webSocket: nodeWebSocket() })
    const ccc = createCcc({ transport: client.ccc('ccc', kind) })
    expect(await ccc.ping()).toMatchObject({ version: '1.12.5' })
    expect(await failure(ccc.send({ session: 'a', text: 'x' }))).toMatchObject({
      name: 'CccSendError',
      code: 'permission_denied',
      sent: 'no',
    })
    expect(simulator.ledger).toEqual([])
  },
)

test('[ccc.gateway.refused] a WebSocket that cannot be loaded fails each open, and nothing before', async () => {
  const webSocket = Promise.reject(new TypeError('no ws here'))
  const ccc = createCcc({ transport: webSocketLink({ url: 'ws://127.0.0.1:1', webSocket }) })
  await new Promise((resolve) => setTimeout(resolve, 10))
  for (let times = 0; times < 2; times += 1) {
    expect(await failure(ccc.ping())).toMatchObject({ sent: 'no', message: expect.stringContaining('no ws here') })
  }
})
