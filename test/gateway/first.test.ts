import { expect, test } from 'vitest'
import { rawPolicy } from '../../src/gateway/index.js'
import { cccPolicy } from '../../src/gateway/policy/ccc.js'
import { createCcc } from '../../src/ccc/index.js'
import { memoryServer } from '../../src/testing/index.js'
import { gateway, webSocketLink } from '../../transports/web/index.js'
import { serveGateway } from '../../transports/node/index.js'
import { nodeWebSocket } from '../../transports/node/link/web-socket.js'
import { messages } from '../../src/core/messages.js'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'

test('a call and a link reach an upstream, and a scope that is missing is refused', async () => {
  const server = memoryServer()
  void (async () => {
    for await (const link of server.accept()) {
      void (async () => {
        for await (const request of messages<{ cmd: string }>(link, ndjsonDecoder())) {
          await link.write(encodeNdjson({ ok: true, version: request.cmd }))
        }
        await link.close()
      })().catch(() => {})
    }
  })()
  await using served = await serveGateway({
    upstreams: {
      ccc: { kind: 'stream', system: 'ccc', transport: server.transport, policy: cccPolicy },
      raw: { kind: 'stream', system: 'raw', transport: server.transport, policy: rawPolicy },
    },
  })
  const webSocket = await nodeWebSocket()
  const client = gateway(served.url, { token: served.token, webSocket })
  expect((await client.session()).upstreams).toHaveLength(2)
  const ccc = createCcc({ transport: client.ccc() })
  expect(await ccc.ping()).toMatchObject({ version: 'ping' })
  const overLink = createCcc({ transport: client.ccc('ccc', 'link') })
  expect(await overLink.ping()).toMatchObject({ version: 'ping' })
  await expect(ccc.send({ session: 'x', text: 'hello' })).rejects.toMatchObject({ code: 'permission_denied', sent: 'no' })
  await expect(overLink.send({ session: 'x', text: 'hello' })).rejects.toMatchObject({ code: 'permission_denied', sent: 'no' })
  await expect(
    webSocketLink({ url: `${served.url}/v1/raw/link`, credential: served.token, webSocket }).open(),
  ).rejects.toMatchObject({ code: 'permission_denied' })
  const withTicket = gateway(served.url, { ticket: (await served.ticketUrl()).split('=')[1] as string, webSocket })
  expect((await withTicket.session()).scopes).toEqual(['observe'])
  await server[Symbol.asyncDispose]()
})
