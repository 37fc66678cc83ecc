/** Answers each request like a daemon's `ping`, on bare `node:net`, and closes. */
import { createServer } from 'node:net'

const [path = ''] = process.argv.slice(2)
const result = { version: '0.4.45', pid: 12, ts: '2026-01-01T00:00:00.000000Z', ipc_v: 1, capabilities: { events_stream: true } }
const answer = `${JSON.stringify({ v: 1, ok: true, result, error: null })}\n`
createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    if (chunk.includes(0x0a)) socket.end(answer)
  })
}).listen(path, () => process.send?.({}))
process.on('disconnect', () => process.exit())
