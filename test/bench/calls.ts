/** What is timed about calls: one JSON line there, one back, over a link and over bare `node:net`, which does just the same. */
import { connect, type Socket } from 'node:net'
import { encodeNdjson, ndjsonDecoder } from '../../src/core/codec/ndjson.js'
import { createReader } from '../../src/core/messages.js'
import { unixSocket } from '../../transports/node/link/socket.js'
import type { Sample } from './streams.js'

const WARM_UP = 2000

interface Answer {
  readonly id: number
}

const request = (id: number) => ({ id, op: 'status', args: { group: 'g-1', verbose: false, note: 'x'.repeat(80) } })

async function timed(calls: number, call: (id: number) => Promise<Answer>): Promise<Sample> {
  for (let id = 0; id < WARM_UP; id += 1) await call(id)
  const began = performance.now()
  let count = 0
  for (let id = 0; id < calls; id += 1) count += (await call(id)).id === id ? 1 : 0
  return { ms: performance.now() - began, count }
}

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

export const callSamples = {
  async bareRoundTrips(path: string, calls: number): Promise<Sample> {
    const socket = await bareConnect(path)
    const next = bareReader(socket)
    const sample = await timed(calls, (id) => {
      const answer = next()
      socket.write(`${JSON.stringify(request(id))}\n`)
      return answer
    })
    socket.destroy()
    return sample
  },

  async linkRoundTrips(path: string, calls: number): Promise<Sample> {
    const link = await unixSocket({ path }).open()
    const reader = createReader<Answer>(link, ndjsonDecoder<Answer>())
    const sample = await timed(calls, async (id) => {
      void link.write(encodeNdjson(request(id)))
      return (await reader.next()) ?? { id: -1 }
    })
    await link.close()
    return sample
  },

  bareConnections: (path: string, calls: number): Promise<Sample> =>
    timed(calls, async (id) => {
      const socket = await bareConnect(path)
      const answer = bareReader(socket)()
      socket.write(`${JSON.stringify(request(id))}\n`)
      const got = await answer
      await new Promise((resolve) => socket.once('close', resolve).destroy())
      return got
    }),

  linkConnections(path: string, calls: number): Promise<Sample> {
    const transport = unixSocket({ path })
    return timed(calls, async (id) => {
      const link = await transport.open()
      void link.write(encodeNdjson(request(id)))
      const answer = await createReader<Answer>(link, ndjsonDecoder<Answer>()).next()
      await link.close()
      return answer ?? { id: -1 }
    })
  },
}

function bareConnect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
  })
}
