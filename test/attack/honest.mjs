// The owner's client, in a process of its own: one whole call after the other, each on a new connection, timed. Prints the waits at the end.
import { connect } from 'node:net'

const [port = '', token = ''] = process.argv.slice(2)
const body = '{"cmd":"ping"}'
const request = `POST /v1/ccc/call HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`

const call = () =>
  new Promise((resolve) => {
    const began = performance.now()
    let got = ''
    const socket = connect(Number(port), '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.on('error', () => {})
    socket.once('close', () => resolve({ ms: performance.now() - began, served: got.includes('"version":"here"') }))
    socket.write(request)
  })

let over = false
process.stdin.once('data', () => {
  over = true
})
const calls = []
while (!over || calls.length === 0) {
  calls.push(await call())
  if (calls.length === 1) console.log('ready')
  await new Promise((resolve) => setTimeout(resolve, 20))
}
console.log(JSON.stringify({ waits: calls.map(({ ms }) => ms), unserved: calls.filter(({ served }) => !served).length }))
process.exit(0)
