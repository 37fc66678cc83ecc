/** Round trips through a relay that judges nothing: `ws` on one side, `node:net` on the other. */
import { WebSocket } from 'ws'
import { repeated, type Measured } from '../measure.js'

export const relaySamples = {
  async relayRoundTrips({ told: { relayUrl = '' }, count }) {
    const socket = new WebSocket(relayUrl, { perMessageDeflate: false })
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve())
      socket.once('error', reject)
    })
    let answered: (id: number) => void = () => {}
    socket.on('message', (data: Buffer) => answered((JSON.parse(data.toString()) as { id: number }).id))
    const sample = await repeated(count, (id) => {
      const answer = new Promise<number>((resolve) => (answered = resolve))
      socket.send(Buffer.from(`${JSON.stringify({ id, op: 'status', args: { group: 'g-1', note: 'x'.repeat(80) } })}\n`))
      return answer.then((given) => given === id)
    })
    socket.terminate()
    return sample
  },
} satisfies Record<string, Measured>
