/** CMDOP, a core 1.x: one process that all asks share. The relay cannot say whether it saw a prompt, so an unknown outcome stays unknown. */
import { encodeFrame, frameDecoder } from 'signalbox/codec'
import { createCmdop, envelopeFromJson, envelopeToJson } from 'signalbox/cmdop'
import { createCmdopCoreSimulator, simulatedId } from 'signalbox/testing'
import { deliverPlainly, type PlainCodec } from '../plain-client.js'
import { newIds, repeatUnsent, textOf, type Bench, type SideParts } from '../side.js'

const TIMEOUT_MS = 10_000
/** The simulated relay shows machines with odd numbers as online. */
const MACHINE = simulatedId(1, 1)

function simulate({ onKill }: SideParts) {
  const core = createCmdopCoreSimulator({ version: '1.1.0' })
  onKill(() => void core.crash())
  const asked = newIds(core.relay.ledger, ({ method, path, body }) =>
    method === 'POST' && path.endsWith('/ask') ? body : undefined,
  )
  return { core, asked }
}

const FRAMES: PlainCodec = {
  encode: (message) => encodeFrame(envelopeFromJson(message as never, 1)),
  decoder() {
    const frames = frameDecoder()
    const read = (bodies: readonly Uint8Array[]) => bodies.map((body) => envelopeToJson(body, 1) as Record<string, unknown>)
    return {
      push: (chunk) => read(frames.push(chunk)),
      end: () => read(frames.end()),
      get fault() {
        return frames.fault
      },
    }
  },
}

export const bench: Bench = {
  async openOurs(parts) {
    const { core, asked } = simulate(parts)
    const cmdop = createCmdop({ transport: parts.broken(core.transport), clock: parts.clock })
    return {
      deliver: (id) =>
        repeatUnsent(parts, () => cmdop.machines.ask(MACHINE, textOf(id), { timeoutMs: TIMEOUT_MS, idleMs: TIMEOUT_MS }).collect()),
      received: asked,
      async close() {
        await cmdop.close()
        await core.stop()
      },
    }
  },
  async openPlain(parts) {
    const { core, asked } = simulate(parts)
    const options = {
      transport: parts.broken(core.transport),
      launch: undefined,
      clock: parts.clock,
      timeoutMs: TIMEOUT_MS,
      ending: parts.ending,
      codec: FRAMES,
      judge: ({ kind, done }: Record<string, unknown>) =>
        kind === 'KIND_DONE' ? Object(done).success === true : kind === 'KIND_ERROR' ? false : undefined,
      repeated: parts.repeated,
    }
    return {
      deliver(id) {
        const ask = { machine_id: MACHINE, session_id: 'bench', prompt: textOf(id) }
        return deliverPlainly(options, () => [{ id: 1, kind: 'KIND_REQUEST', ask_req: ask }])
      },
      received: asked,
      close: () => core.stop(),
    }
  },
}
