/** The least that a gateway can be: each WebSocket message goes to the unix socket, each chunk comes back as a message. */
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const [path = ''] = process.argv.slice(2)
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
server.on('listening', () => process.send?.({ relayUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` }))
server.on('connection', (webSocket) => {
  const socket = connect(path)
  socket.on('error', () => webSocket.terminate())
  socket.on('data', (chunk) => webSocket.send(chunk, { binary: true }))
  webSocket.on('message', (data: Buffer) => socket.write(data))
  webSocket.on('close', () => socket.destroy())
})
process.on('disconnect', () => process.exit())
