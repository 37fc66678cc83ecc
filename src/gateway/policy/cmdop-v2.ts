/** CMDOP's core 2.0: envelopes of `cmdop.core.v2`, judged by their arm. The same number means another call than in 1.x. */
import { CMDOP_V2_ARMS } from '../../cmdop/scopes.js'
import { frameDecoder } from '../../core/codec/frames.js'
import { Refusal } from '../refusal.js'
import { errorFrameV2, readEnvelope, readEvery, readFields } from './envelope-arm.js'
import type { StreamPolicy, Verdict } from './policy.js'

const REQUEST = 1

/** Field numbers of the envelope. A test holds them to the schema. */
export const cmdopV2Arms: ReadonlyMap<number, keyof typeof CMDOP_V2_ARMS> = /* @__PURE__ */ new Map([
  [10, 'systemBootstrapReq'],
  [11, 'systemBootstrapResp'],
  [20, 'listMachinesReq'],
  [21, 'machineRosterSnapshot'],
  [30, 'askMachineReq'],
  [31, 'askEvent'],
  [32, 'askDone'],
  [33, 'askStreamError'],
  [40, 'listMachineMessagesReq'],
  [41, 'machineMessageList'],
  [100, 'error'],
])

/** `options` in `AskMachineRequest`, `pin` in `AskOptions`. */
const ASK_OPTIONS = 3
const OPTIONS_PIN = 1
/** The first bytes of an `AskStreamError` whose code is PIN_DENIED. */
const PIN_DENIED = [0x08, 4] as const

function verdicts(message: unknown): Verdict | readonly Verdict[] {
  const { kind, arm, payload } = readEnvelope(message as Uint8Array)
  if (kind !== REQUEST) throw new Refusal('invalid_request', { message: 'Only requests go to a core 2.0.' })
  const name = cmdopV2Arms.get(arm)
  if (name === undefined) return { name: `arm ${arm}`, needs: 'admin' }
  const verdict: Verdict = { name, needs: CMDOP_V2_ARMS[name] }
  if (name !== 'askMachineReq') return verdict
  // Options that come twice are merged by the core, so a PIN in any of them counts.
  const hasPin = readEvery(payload, ASK_OPTIONS).some((options) => readFields(options).has(OPTIONS_PIN))
  return hasPin ? [verdict, { name: 'askMachineReq.pin', needs: 'approve', carriesPin: true }] : verdict
}

function deniesPin(message: Uint8Array): boolean {
  try {
    const { arm, payload } = readEnvelope(message)
    return cmdopV2Arms.get(arm) === 'askStreamError' && payload[0] === PIN_DENIED[0] && payload[1] === PIN_DENIED[1]
  } catch {
    return false
  }
}

/** For an upstream whose core is 2.0. A core 1.x needs `cmdopPolicy`: each policy reads the other's envelopes as other calls. */
export const cmdopV2Policy: StreamPolicy = {
  kind: 'stream',
  framing: 'frames',
  classify: verdicts,
  forLink({ onWrongPin }) {
    const decoder = frameDecoder({ maxFrameBytes: 64 * 1024 * 1024 })
    return {
      classify: verdicts,
      received(chunk) {
        for (const message of decoder.push(chunk)) if (deniesPin(message)) onWrongPin()
      },
    }
  },
  answerRefusal: (message, { code, message: text }) => errorFrameV2(readEnvelope(message as Uint8Array).id, code, text),
}
