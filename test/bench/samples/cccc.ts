/** A CCCC call over a unix socket, one connection each: the whole client, and what one writes by hand over `node:net`. */
import { connect } from 'node:net'
import { createCccc } from '../../../src/cccc/index.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { repeated, type Measured } from '../measure.js'

const bare = (path: string): Promise<{ readonly ok: boolean } | undefined> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path })
    const decoder = new TextDecoder()
    let text = ''
    let answer: { readonly ok: boolean } | undefined
    socket.once('error', reject)
    socket.once('connect', () => socket.write(`${JSON.stringify({ v: 1, op: 'ping', args: {} })}\n`))
    socket.on('data', (chunk: Buffer) => {
      text += decoder.decode(chunk, { stream: true })
      const end = text.indexOf('\n')
      if (end < 0) return
      answer = JSON.parse(text.slice(0, end)) as { ok: boolean }
      socket.destroy()
    })
    socket.once('close', () => resolve(answer))
  })

export const ccccSamples = {
  cccBarePing: ({ path, count }) => repeated(count, async () => (await bare(path))?.ok === true),
  async ccccPing({ path, count }) {
    await using client = createCccc({ transport: unixSocket({ path }) })
    return await repeated(count, async () => (await client.call('ping')).pid === 12)
  },
} satisfies Record<string, Measured>
