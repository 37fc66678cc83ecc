/** Calls: one JSON line sent and one received, over a link and over bare `node:net`. */
import { connect, type Socket } from 'node:net'
import { encodeNdjson, ndjsonDecoder } from '../../../src/core/codec/ndjson.js'
import { createReader } from '../../../src/core/messages.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { repeated, type Measured, type Sample } from '../measure.js'

interface Answer {
  readonly id: number
}

const request = (id: number) => ({ id, op: 'status', args: { group: 'g-1', verbose: false, note: 'x'.repeat(80) } })

const counted = (count: number, call: (id: number) => Promise<Answer>): Promise<Sample> =>
  repeated(count, async (id) => (await call(id)).id === id)

/** The next whole line; what an engineer writes by hand. */
function bareReader(socket: Socket): () => Promise<Answer> {
  const decoder = new TextDecoder()
  let text = ''
  let waiting: ((answer: Answer) => void) | undefined
  socket.on('data', (chunk: Buffer) => {
    text += decoder.decode(chunk, { stream: true })
    const end = text.indexOf('\n')
    if (end === -1 || !waiting) return
    const answer = JSON.parse(text.slice(0, end)) as Answer
    text = text.slice(end + 1)
    const give = waiting
    waiting = undefined
    give(answer)
  })
  return () =>
    new Promise((resolve) => {
      waiting = resolve
    })
}

export const linkSamples = {
  async bareRoundTrips({ path, count }) {
    const socket = await bareConnect(path)
    const next = bareReader(socket)
    const sample = await counted(count, (id) => {
      const answer = next()
      socket.write(`${JSON.stringify(request(id))}\n`)
      return answer
    })
    socket.destroy()
    return sample
  },

  async linkRoundTrips({ path, count }) {
    const link = await unixSocket({ path }).open()
    const reader = createReader<Answer>(link, ndjsonDecoder<Answer>())
    const sample = await counted(count, async (id) => {
      void link.write(encodeNdjson(request(id)))
      return (await reader.next()) ?? { id: -1 }
    })
    await link.close()
    return sample
  },

  bareConnections: ({ path, count }) =>
    counted(count, async (id) => {
      const socket = await bareConnect(path)
      const answer = bareReader(socket)()
      socket.write(`${JSON.stringify(request(id))}\n`)
      const got = await answer
      await new Promise((resolve) => socket.once('close', resolve).destroy())
      return got
    }),

  linkConnections({ path, count }) {
    const transport = unixSocket({ path })
    return counted(count, async (id) => {
      const link = await transport.open()
      void link.write(encodeNdjson(request(id)))
      const answer = await createReader<Answer>(link, ndjsonDecoder<Answer>()).next()
      await link.close()
      return answer ?? { id: -1 }
    })
  },
} satisfies Record<string, Measured>

function bareConnect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
