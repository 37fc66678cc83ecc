import { expect, test } from 'vitest'
import { listenWebSocket, nodeWebSocket } from '../../transports/node/web-socket.js'
import { webSocketLink } from '../../transports/web/index.js'

test('echo', async () => {
  await using listener = await listenWebSocket()
  void (async () => {
    for await (const link of listener.accept()) {
      void (async () => {
        for (let c = await link.read(); c; c = await link.read()) await link.write(c)
        await link.end()
      })()
    }
  })()
  const transport = webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() })
  const link = await transport.open()
  void link.write(new Uint8Array(3_000_000).fill(7))
  void link.end()
  let n = 0
  for (let c = await link.read(); c; c = await link.read()) n += c.byteLength
  expect(n).toBe(3_000_000)
  expect(await link.closed).toEqual({ kind: 'eof' })
})
