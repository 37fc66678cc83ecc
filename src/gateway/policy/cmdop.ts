/** CMDOP: protobuf envelopes to a core, judged by their arm; and the REST of the relay and the platform, judged by method and path. */
import { ASK_PATH, PIN_PATH } from '../../cmdop/rest-paths.js'
import { CMDOP_ARMS, CMDOP_ROUTES } from '../../cmdop/scopes.js'
import { frameDecoder } from '../../core/codec/frames.js'
import { parseJson } from '../body.js'
import { Refusal } from '../refusal.js'
import { errorFrame, readEnvelope, readFields } from './envelope-arm.js'
import type { ExchangePolicy, StreamPolicy, Verdict } from './policy.js'
import { pathClassifier } from './routes.js'

const REQUEST = 1
const ANSWER = 7

/** Field numbers of the envelope: the number that a run of arms starts with, and the arms. A test holds them to the schema. */
const RUNS: readonly (readonly [number, string])[] = [
  [10, 'listMachinesReq machineList getMachineReq machineDetail updateMachineReq machineSummary disableMachineReq machineInfoReq'],
  [18, 'machineSpendReq machineSpend machineInfoResp'],
  [30, 'messagesReq messagesResp clearMessagesReq clearMessagesResp activeSessionReq activeSessionResp'],
  [40, 'askReq askFrame done pinRequired confirmRequired pinAnswer confirmAnswer'],
  [50, 'listFleetsReq fleetList getFleetReq createFleetReq updateFleetReq disableFleetReq fleetSummary'],
  [57, 'listMembersReq memberList addMemberReq setMemberRoleReq removeMemberReq memberInfo'],
  [63, 'listFleetMachinesReq attachMachineReq detachMachineReq machineFleetLink'],
  [70, 'openTunnelReq closeTunnelReq listTunnelsReq getTunnelReq listSessionsReq tunnelView tunnelList sessionList'],
  [80, 'listSchedulesReq getScheduleReq createScheduleReq updateScheduleReq deleteScheduleReq triggerScheduleReq'],
  [86, 'scheduleRunsReq scheduleView scheduleList scheduleRunList manualTriggerResp'],
  [100, 'listKeysReq issueKeyReq revokeKeyReq apiKeyList issueKeyResp'],
  [110, 'skillsListReq skillsMyReq skillListPage skillsGetReq skillDetail skillsInstallReq skillInstall skillsCreateReq'],
  [118, 'skillCreated skillsUpdateReq skillUpdated skillsDeleteReq skillsVersionsReq skillVersionList skillsReviewsReq'],
  [125, 'skillReviewPage skillsStarReq skillStar skillsPublishReq skillsPublishResp skillsPublishStatusReq'],
  [131, 'skillsPublishStatusResp skillsCategoriesReq skillCategoryList skillsTagsReq skillTagList'],
  [200, 'error empty'],
]

/** The arms of the envelope, by field number. */
export function cmdopArms(): ReadonlyMap<number, string> {
  return new Map(RUNS.flatMap(([first, names]) => names.split(' ').map((name, index) => [first + index, name] as const)))
}

const arms = /* @__PURE__ */ cmdopArms()
const scopes = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries(CMDOP_ARMS))

/** `pin` in `AskRequest`, `pin_denied` in `AskFrame`, `code` in `ErrorInfo`. */
const ASK_PIN = 7
const FRAME_PIN_DENIED = 4
const ERROR_CODE = 1

function envelopeVerdicts(message: unknown): Verdict | readonly Verdict[] {
  const { kind, arm, payload } = readEnvelope(message as Uint8Array)
  if (kind !== REQUEST && kind !== ANSWER) {
    throw new Refusal('invalid_request', { message: 'Only requests and answers go to a core.' })
  }
  const name = arms.get(arm)
  if (name === undefined) return { name: `arm ${arm}`, needs: 'admin' }
  const needs = scopes.get(name) ?? 'admin'
  if (name === 'pinAnswer') return { name, needs, carriesPin: true }
  if (name !== 'askReq' || !readFields(payload).has(ASK_PIN)) return { name, needs }
  // The machine accepts a PIN in the request as the answer to its question.
  return [
    { name, needs },
    { name: 'askReq.pin', needs: 'approve', carriesPin: true },
  ]
}

/** Whether a message of the core reports a wrong PIN. */
function deniesPin(message: Uint8Array): boolean {
  try {
    const { arm, payload } = readEnvelope(message)
    const name = arms.get(arm)
    if (name === 'askFrame') return readFields(payload).has(FRAME_PIN_DENIED)
    return name === 'error' && new TextDecoder().decode(readFields(payload).get(ERROR_CODE)) === 'pin_denied'
  } catch {
    return false
  }
}

/** CMDOP's core: envelopes, judged by their arm. A PIN needs `approve` in any message. */
export const cmdopPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'frames',
  classify: envelopeVerdicts,
  forLink({ onWrongPin }) {
    const decoder = frameDecoder({ maxFrameBytes: 64 * 1024 * 1024 })
    return {
      classify: envelopeVerdicts,
      received(chunk) {
        for (const message of decoder.push(chunk)) if (deniesPin(message)) onWrongPin()
      },
    }
  },
  // Only this call fails at the client. Other calls on the same link go on.
  answerRefusal: (message, { code, message: text }) => errorFrame(readEnvelope(message as Uint8Array).id, code, text),
}

const classifyPath = /* @__PURE__ */ pathClassifier(CMDOP_ROUTES)
const PIN = { name: 'a request with a PIN', needs: 'approve', carriesPin: true } as const

/** CMDOP's relay and platform: judged by method and path; a PIN in the body of an ask needs `approve`. */
export const cmdopHttpPolicy: ExchangePolicy = {
  kind: 'exchange',
  classify(method, path, body) {
    const verdict = classifyPath(method, path)
    if (verdict.name === PIN_PATH) return { ...verdict, carriesPin: true }
    return verdict.name === ASK_PATH && body !== undefined && 'pin' in lowerCaseKeys(body) ? [verdict, PIN] : verdict
  },
}

function lowerCaseKeys(body: Uint8Array): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parseJson(body)).map(([key, value]) => [key.toLowerCase(), value]))
}
