/** CMDOP calls on one link: the whole client, the generated code with a map of pending calls, and the published Python client. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createCmdop } from '../../../src/cmdop/index.js'
import { decodeEnvelope, encodeEnvelope, Kind, type Envelope } from '../../../src/cmdop/envelope.js'
import { frameDecoder } from '../../../src/core/codec/frames.js'
import { batches } from '../../../src/core/messages.js'
import { simulatedId } from '../../../src/testing/cmdop/index.js'
import { cmdopCore } from '../../../transports/node/cmdop/core-process.js'
import { unixSocket } from '../../../transports/node/link/socket.js'
import { repeated, type Measured, type Sample } from '../measure.js'
import { peerFile } from '../peers.js'

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

const PYTHON = `
import asyncio, json, sys, time
from cmdop import Client
count, core = int(sys.argv[1]), sys.argv[2]
async def main():
    async with Client(token="t-simulated", binary_path=core) as client:
        for _ in range(min(2000, count // 4)): await client.machines.list()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(count): assert (await client.machines.list()).machines
        wallMs, cpuMs = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        print(json.dumps({"wallMs": wallMs, "cpuMs": cpuMs, "count": count}))
asyncio.run(main())
`
/** A core 2.0 as a program. Its processor time counts for neither side. */
const CORE = join(process.cwd(), 'dist/testing/fake-cmdop.js')
const env = { ...process.env, CMDOP_FAKE_OPTIONS: '{"version":"2.0.0"}' }

export const cmdopSamples = {
  async cmdopList({ count }) {
    await using cmdop = createCmdop({ transport: cmdopCore({ binaryPath: CORE, env }), token: 't-simulated' })
    return await repeated(count, async () => (await cmdop.machines.list()).items.length > 0)
  },
  async cmdopPythonList({ count }) {
    const { stdout } = await promisify(execFile)(peerFile('cmdop-sdk'), ['-c', PYTHON, String(count), CORE], { env })
    return JSON.parse(stdout) as Sample
  },
  cmdopClient1: client(1),
  cmdopClient50: client(50),
  cmdopBare1: bare(1),
  cmdopBare50: bare(50),
} satisfies Record<string, Measured>
