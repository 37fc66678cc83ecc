/** An upstream that takes a launch starts a child process for each link, so it has fewer links than another upstream. */
import { afterEach, expect, test } from 'vitest'
import type { StreamUpstream } from '../../../src/gateway/index.js'
import { claudePolicy } from '../../../src/gateway/policy/index.js'
import { memoryServer } from '../../../src/testing/index.js'
import { nodeWebSocket } from '../../../transports/node/index.js'
import { gateway } from '../../../transports/web/index.js'
import { arena, until, type Arena } from './harness.js'

let at: Arena | undefined
afterEach(async () => {
  await at?.[Symbol.asyncDispose]()
  at = undefined
})

test('by default the fifth child of an upstream is refused with the limit to raise, also for another credential [gateway.attack.links.children]', async () => {
  const server = memoryServer()
  let openings = 0
  void (async () => {
    for await (const _link of server.accept()) openings += 1
  })()
  const claude: StreamUpstream = { kind: 'stream', system: 'claude', transport: server.transport, policy: claudePolicy }
  at = await arena({ upstreams: { claude } })
  const { served } = at
  const webSocket = await nodeWebSocket()
  const issue = async () => (await served.gateway.credentials.issueToken({ scopes: ['send'] })).token
  const open = (token: string) => gateway(served.url, { token, webSocket }).claude<object>().open({})
  const [one, other] = [await issue(), await issue()]
  const links = [await open(one), await open(one), await open(one), await open(other)]
  for (const token of [one, other]) {
    await expect(open(token)).rejects.toMatchObject({
      code: 'rate_limited',
      remoteCode: 'too_many',
      message: expect.stringContaining('limits.maxChildrenPerUpstream'),
    })
  }
  expect(openings).toBe(4)
  // Other upstreams are not affected, and a link that ends makes room.
  await at.checkHealthy()
  await links[0]?.close()
  await until(() => served.gateway.inUse.links === 3, 'the first link is over')
  await (await open(other)).close()
  for (const link of links) await link.close()
  await server[Symbol.asyncDispose]()
})
