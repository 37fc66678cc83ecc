/** Behaviour of MessagePorts only. The contract suite checks the rest. */
import { expect, test } from 'vitest'
import { SignalboxError } from '../../src/index.js'
import { checkRejects } from '../../src/testing/index.js'
import { acceptMessagePort } from '../../transports/web/accept.js'
import { messagePortLink } from '../../transports/web/index.js'

test('a port is used up by a link, not by an open whose credential failed [web.port-once]', async () => {
  const { port1, port2 } = new MessageChannel()
  const accepting = acceptMessagePort(port2)
  let failing = true
  const transport = messagePortLink({
    port: port1,
    credential() {
      if (failing) throw new SignalboxError({ code: 'unavailable', message: 'No token now.' })
      return 'a token'
    },
  })
  await checkRejects(transport.open(), 'unavailable')
  failing = false
  const near = await transport.open()
  await checkRejects(transport.open(), 'conflict')
  const far = await accepting
  await Promise.all([near.close(), far.close()])
})

test('memory that the other side can still write to is not accepted as a frame [web.port-shared]', async () => {
  const { port1, port2 } = new MessageChannel()
  const opening = messagePortLink(port1).open()
  port2.postMessage('{"type":"open","window":1000}')
  const near = await opening
  port2.postMessage(new Uint8Array(new SharedArrayBuffer(8)))
  const error = await checkRejects(near.read(), 'protocol')
  expect(error.message).toContain('empty binary frame')
  port2.close()
})
