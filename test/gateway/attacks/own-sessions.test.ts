/** A credential below `admin` resumes only sessions that it started itself. The gateway learns their ids from the output of the CLI. */
import { afterEach, expect, test } from 'vitest'
import type { StreamUpstream } from '../../../src/gateway/index.js'
import { claudePolicy } from '../../../src/gateway/policy/index.js'
import { memoryServer } from '../../../src/testing/index.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import { arena, type Arena } from './harness.js'

const SESSION = '0b3f6a2e-4c1d-4e8f-9a7b-112233445566'
let at: Arena | undefined
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  at = undefined
})

test('a session that another credential started is refused on a link, and the own one is resumed [gateway.policy.own-sessions]', async () => {
  const server = memoryServer()
  let openings = 0
  void (async () => {
    for await (const link of server.accept()) {
      openings += 1
      const line = JSON.stringify({ type: 'system', subtype: 'init', session_id: SESSION })
      void link.write(new TextEncoder().encode(`${line}\n`)).catch(() => {})
    }
  })()
  const claude: StreamUpstream = { kind: 'stream', system: 'claude', transport: server.transport, policy: claudePolicy }
  at = await arena({ upstreams: { claude } })
  const { served } = at
  const webSocket = await nodeWebSocket()
  const clientOf = async (scope: 'send' | 'admin') => {
    const { token } = await served.gateway.credentials.issueToken({ scopes: [scope] })
    return gateway(served.url, { token, webSocket }).claude<object>()
  }
  const [own, other, admin] = [await clientOf('send'), await clientOf('send'), await clientOf('admin')]
  const refused = { code: 'permission_denied', remoteCode: 'scope_missing' }
  await expect(own.open({ resume: SESSION })).rejects.toMatchObject(refused)
  const link = await own.open({})
  // The id is known when the client has read it.
  await link.read()
  await link.close()
  const before = openings
  await expect(other.open({ resume: SESSION })).rejects.toMatchObject(refused)
  expect(openings).toBe(before)
  for (const allowed of [own, admin]) await (await allowed.open({ resume: SESSION })).close()
  expect(openings).toBe(before + 2)
  await server[Symbol.asyncDispose]()
})
