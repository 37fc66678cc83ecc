/** The other end of every socket that is measured, in a process of its own, on bare `node:net` so that it is the same for both sides. */
import { createServer, type Socket } from 'node:net'
import { fixture } from '../fixtures.js'

const [path = '', name = ''] = process.argv.slice(2)

function serveFixture(name: string): (socket: Socket) => void {
  const bytes = fixture(name)
  return (socket) => {
    socket.on('error', () => {})
    socket.resume()
    socket.end(bytes)
  }
}

/** Answers each line; ends when the client ends. */
function answer(socket: Socket): void {
  let text = ''
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.on('data', (chunk: string) => {
    text += chunk
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      const { id } = JSON.parse(text.slice(0, end)) as { id: number }
      text = text.slice(end + 1)
      socket.write(`${JSON.stringify({ id, ok: true, result: { state: 'clear', text: 'x'.repeat(100) } })}\n`)
    }
  })
  socket.on('end', () => socket.end())
}

const serve = name === 'answer' ? answer : serveFixture(name)
createServer({ allowHalfOpen: true }, serve).listen(path, () => process.send?.({}))
// Exit with the runner.
process.on('disconnect', () => process.exit())
