// A greeting over every transport, heard again at the other end.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { SignalboxError } from 'signalbox'
import { listenTcp, listenUnix, listenWebSocket, nodeWebSocket, subprocess, tcpSocket, unixSocket } from 'signalbox/node'
import { memoryServer } from 'signalbox/testing'
import { fetchExchange, messagePortLink, webSocketLink } from 'signalbox/web'
import { acceptMessagePort } from 'signalbox/web'

const greeting = 'hello, gr\u00fc\u00df dich, \u4f60\u597d'

async function echo(link) {
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) await link.write(chunk)
  await link.end()
}

async function serve(listener) {
  for await (const link of listener.accept()) void echo(link).catch(() => {})
}

/** Says the greeting, hears it, closes. */
async function greet(transport) {
  const link = await transport.open()
  await link.write(new TextEncoder().encode(greeting))
  await link.end()
  const utf8 = new TextDecoder()
  let heard = ''
  for (let chunk = await link.read(); chunk !== null; chunk = await link.read()) heard += utf8.decode(chunk, { stream: true })
  await link.close()
  if (heard !== greeting) throw new Error(`heard ${JSON.stringify(heard)}`)
  return 'heard what was said'
}

async function over(listener, transport) {
  void serve(listener)
  try {
    return await greet(transport)
  } finally {
    await listener[Symbol.asyncDispose]()
  }
}

export const transportContacts = (folder) => ({
  'memory pair': () => {
    const server = memoryServer()
    return over(server, server.transport)
  },
  'unix socket': async () => {
    const path = join(folder, 'echo.sock')
    return over(await listenUnix({ path }), unixSocket({ path }))
  },
  'TCP socket': async () => {
    const listener = await listenTcp()
    return over(listener, tcpSocket({ host: '127.0.0.1', port: listener.port }))
  },
  'child process': () => greet(subprocess({ command: { file: 'cat' } })),
  WebSocket: async () => {
    const listener = await listenWebSocket()
    return over(listener, webSocketLink({ url: listener.address, webSocket: await nodeWebSocket() }))
  },
  MessagePort: async () => {
    const { port1, port2 } = new MessageChannel()
    void acceptMessagePort(port2).then(echo)
    return greet(messagePortLink(port1))
  },
  'HTTP exchange': async () => {
    const server = createServer((request, response) => request.pipe(response))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const exchange = fetchExchange({ baseUrl: `http://127.0.0.1:${server.address().port}` })
    const reply = await exchange.exchange({ method: 'POST', path: '/', body: greeting })
    let heard = ''
    const utf8 = new TextDecoder()
    for await (const chunk of reply.body) heard += utf8.decode(chunk, { stream: true })
    server.close()
    server.closeAllConnections()
    if (heard !== greeting) throw new Error(`heard ${JSON.stringify(heard)}`)
    return 'heard what was said'
  },
  'a socket that is not there': async () => {
    try {
      await unixSocket({ path: join(folder, 'nobody.sock') }).open()
    } catch (error) {
      if (SignalboxError.is(error, 'unreachable')) return `refused as it should: ${error.code}, sent: ${error.sent}`
      throw error
    }
    throw new Error('somebody answered')
  },
})
