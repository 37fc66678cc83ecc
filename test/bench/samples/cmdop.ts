/** A CMDOP call on one link: the whole client, and the generated code with a map of pending calls. */
import { createCmdop } from '../../../src/cmdop/index.js'
import { decodeEnvelope, encodeEnvelope, Kind, type Envelope } from '../../../src/cmdop/envelope.js'
import { frameDecoder } from '../../../src/core/codec/frames.js'
import { batches } from '../../../src/core/messages.js'
import { simulatedId } from '../../../src/testing/cmdop/index.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { repeated, type Measured } from '../measure.js'

const MACHINE = simulatedId(1, 1)

const client =
  (atOnce: number): Measured =>
  async ({ path, count }) => {
    await using cmdop = createCmdop({ transport: unixSocket({ path }) })
    return await repeated(count, async () => (await cmdop.machines.get(MACHINE)) !== undefined, atOnce)
  }

const bare =
  (atOnce: number): Measured =>
  async ({ path, count }) => {
    const link = await unixSocket({ path }).open()
    const waiting = new Map<number, (answer: Envelope) => void>()
    const reading = (async () => {
      for await (const batch of batches(link, frameDecoder())) {
        for (const body of batch) {
          const envelope = decodeEnvelope(body)
          waiting.get(envelope.id)?.(envelope)
          waiting.delete(envelope.id)
        }
      }
    })()
    let id = 0
    const call = async (): Promise<boolean> => {
      id += 1
      const own = id
      const answer = new Promise<Envelope>((resolve) => waiting.set(own, resolve))
      void link.write(encodeEnvelope(own, Kind.REQUEST, { case: 'getMachineReq', value: { machineId: MACHINE } }))
      return (await answer).kind === Kind.RESPONSE
    }
    const sample = await repeated(count, call, atOnce)
    await link.close()
    await reading
    return sample
  }

export const cmdopSamples = {
  cmdopClient1: client(1),
  cmdopClient50: client(50),
  cmdopBare1: bare(1),
  cmdopBare50: bare(50),
} satisfies Record<string, Measured>
