/** Answers a `ping` as a daemon does and closes; answers `events_stream` with so many events. On bare `node:net`. */
import { createServer } from 'node:net'

const [path = '', events = '0'] = process.argv.slice(2)
const result = { version: '0.4.45', pid: 12, ts: '2026-01-01T00:00:00.000000Z', ipc_v: 1, capabilities: { events_stream: true } }
const line = (value: object): string => `${JSON.stringify(value)}\n`
const answer = line({ v: 1, ok: true, result, error: null })

const event = (index: number): object => ({
  v: 1,
  id: `${index.toString(16).padStart(8, '0')}c4a54e7f9d3b2a1f00000000`,
  ts: new Date(1_767_225_600_000 + index).toISOString(),
  kind: 'chat.message',
  group_id: 'g_1',
  scope_key: '',
  by: 'user',
  data: { text: 'The points are set and the line is clear.', to: ['@all'], format: 'plain', priority: 'normal' },
})
const stream = Buffer.from(
  [
    line({ v: 1, ok: true, result: { group_id: 'g_1' }, error: null }),
    ...Array.from({ length: Number(events) }, (_, index) => line({ t: 'event', event: event(index) })),
  ].join(''),
)

createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.on('data', (chunk) => {
    if (!chunk.includes(0x0a)) return
    // The stream stays open, as a daemon's does.
    if (chunk.includes('"events_stream"')) socket.write(stream)
    else socket.end(answer)
  })
}).listen(path, () => process.send?.({}))
process.on('disconnect', () => process.exit())
