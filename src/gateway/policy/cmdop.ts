/** CMDOP: protobuf envelopes to a core, judged by their arm; and the REST of the relay and the platform, judged by method and path. */
import { CMDOP_ARMS, CMDOP_ROUTES } from '../../cmdop/scopes.js'
import { Refusal } from '../refusal.js'
import { errorFrame, readEnvelope } from './envelope-arm.js'
import type { ExchangePolicy, StreamPolicy } from './policy.js'
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

export function cmdopArms(): ReadonlyMap<number, string> {
  return new Map(RUNS.flatMap(([first, names]) => names.split(' ').map((name, index) => [first + index, name] as const)))
}

const arms = /* @__PURE__ */ cmdopArms()
const scopes = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries(CMDOP_ARMS))

export const cmdopPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'frames',
  classify(message) {
    const { kind, arm } = readEnvelope(message as Uint8Array)
    if (kind !== REQUEST && kind !== ANSWER) {
      throw new Refusal('invalid_request', { message: 'Only requests and answers go to a core.' })
    }
    const name = arms.get(arm)
    if (name === undefined) return { name: `arm ${arm}`, needs: 'admin' }
    return { name, needs: scopes.get(name) ?? 'admin' }
  },
  // The client fails this one call; other calls share the core and go on.
  answerRefusal: (message, { code, message: text }) => errorFrame(readEnvelope(message as Uint8Array).id, code, text),
}

export const cmdopHttpPolicy: ExchangePolicy = { kind: 'exchange', classify: /* @__PURE__ */ pathClassifier(CMDOP_ROUTES) }
