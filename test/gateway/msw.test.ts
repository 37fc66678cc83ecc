/** The handlers for users' tests: the same gateway, without a socket. */
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCcc } from '../../src/ccc/index.js'
import { cccPolicy } from '../../src/gateway/policy/index.js'
import { createCccSimulator } from '../../src/testing/index.js'
import { gatewayHandlers } from '../../src/testing/msw/index.js'
import { gateway } from '../../transports/web/index.js'

const simulator = createCccSimulator({ sessions: [{ name: 'one', running: true }] })
const mocked = gatewayHandlers({
  upstreams: { ccc: { kind: 'stream', system: 'ccc', transport: simulator.transport, policy: cccPolicy } },
})
const server = setupServer(...mocked.handlers)
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterAll(async () => {
  server.close()
  await simulator.stop()
})

test('[gateway.msw] a page under test calls a mocked gateway, scopes included', async () => {
  const ticket = await mocked.gateway.credentials.issueTicket({ scopes: ['observe'] })
  const client = gateway('http://127.0.0.1:8700', { ticket })
  expect((await client.session()).scopes).toEqual(['observe'])
  const ccc = createCcc({ transport: client.ccc() })
  expect(await ccc.sessions()).toMatchObject([{ name: 'one' }])
  await expect(ccc.send({ session: 'one', text: 'hi' })).rejects.toMatchObject({ code: 'permission_denied', sent: 'no' })
})
