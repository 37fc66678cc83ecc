/**
 * The scope of each request at a gateway: envelopes by arm, REST by method and path, and the fields that a core is started with. A page can
 * never send a `server-only` request. A request that is in no table needs `admin`.
 */
import type { ResolvedConfig } from './config.js'
import type { Arm } from './envelope.js'
import type { Arm as ArmV2 } from './v2/envelope.js'
import type { OpName } from './ops.js'
import { ASK_PATH, CONFIRM_PATH, PIN_PATH, REST_PATHS } from './rest-paths.js'

/** What an arm, a path or a field needs. */
export type CmdopScope = 'observe' | 'send' | 'approve' | 'admin' | 'server-only'

const OP_SCOPES: Readonly<Record<OpName, CmdopScope>> = {
  'machines.list': 'observe',
  'machines.get': 'observe',
  'machines.update': 'admin',
  'machines.disable': 'admin',
  'machines.info': 'observe',
  'machines.spend': 'observe',
  'machines.messages': 'observe',
  'machines.clearMessages': 'admin',
  'machines.activeSession': 'observe',
  'fleets.list': 'observe',
  'fleets.create': 'admin',
  'fleets.update': 'admin',
  'fleets.disable': 'admin',
  'fleets.members.list': 'observe',
  'fleets.members.add': 'admin',
  'fleets.members.setRole': 'admin',
  'fleets.members.remove': 'admin',
  'fleets.machines.list': 'observe',
  'fleets.machines.attach': 'admin',
  'fleets.machines.detach': 'admin',
  // A tunnel makes a port of a machine public.
  'tunnels.open': 'admin',
  'tunnels.close': 'admin',
  'tunnels.list': 'observe',
  'tunnels.get': 'observe',
  'tunnels.sessions': 'observe',
  'schedules.list': 'observe',
  'schedules.get': 'observe',
  // A schedule is a shell command.
  'schedules.create': 'admin',
  'schedules.update': 'admin',
  'schedules.delete': 'admin',
  'schedules.trigger': 'admin',
  'schedules.runs': 'observe',
  'keys.list': 'admin',
  // Its answer is a credential in plain text.
  'keys.issue': 'server-only',
  'keys.revoke': 'admin',
  'skills.list': 'observe',
  'skills.my': 'observe',
  'skills.get': 'observe',
  'skills.install': 'send',
  'skills.create': 'admin',
  'skills.update': 'admin',
  'skills.delete': 'admin',
  'skills.versions': 'observe',
  'skills.reviews': 'observe',
  'skills.star': 'send',
  'skills.publish': 'admin',
  'skills.publishStatus': 'observe',
  'skills.categories': 'observe',
  'skills.tags': 'observe',
}

/** Every arm of the envelope by its name in the schema. Arms that only a core sends are `server-only`: a client may not send them. */
export const CMDOP_ARMS: Readonly<Record<Arm, CmdopScope>> = {
  listMachinesReq: OP_SCOPES['machines.list'],
  machineList: 'server-only',
  getMachineReq: OP_SCOPES['machines.get'],
  machineDetail: 'server-only',
  updateMachineReq: OP_SCOPES['machines.update'],
  machineSummary: 'server-only',
  disableMachineReq: OP_SCOPES['machines.disable'],
  machineInfoReq: OP_SCOPES['machines.info'],
  machineInfoResp: 'server-only',
  machineSpendReq: OP_SCOPES['machines.spend'],
  machineSpend: 'server-only',
  messagesReq: OP_SCOPES['machines.messages'],
  messagesResp: 'server-only',
  clearMessagesReq: OP_SCOPES['machines.clearMessages'],
  clearMessagesResp: 'server-only',
  activeSessionReq: OP_SCOPES['machines.activeSession'],
  activeSessionResp: 'server-only',
  askReq: 'send',
  askFrame: 'server-only',
  done: 'server-only',
  pinRequired: 'server-only',
  confirmRequired: 'server-only',
  pinAnswer: 'approve',
  confirmAnswer: 'approve',
  listFleetsReq: OP_SCOPES['fleets.list'],
  fleetList: 'server-only',
  // This client does not send the request. A core answers it from the list of fleets.
  getFleetReq: 'observe',
  createFleetReq: OP_SCOPES['fleets.create'],
  updateFleetReq: OP_SCOPES['fleets.update'],
  disableFleetReq: OP_SCOPES['fleets.disable'],
  fleetSummary: 'server-only',
  listMembersReq: OP_SCOPES['fleets.members.list'],
  memberList: 'server-only',
  addMemberReq: OP_SCOPES['fleets.members.add'],
  setMemberRoleReq: OP_SCOPES['fleets.members.setRole'],
  removeMemberReq: OP_SCOPES['fleets.members.remove'],
  memberInfo: 'server-only',
  listFleetMachinesReq: OP_SCOPES['fleets.machines.list'],
  attachMachineReq: OP_SCOPES['fleets.machines.attach'],
  detachMachineReq: OP_SCOPES['fleets.machines.detach'],
  machineFleetLink: 'server-only',
  openTunnelReq: OP_SCOPES['tunnels.open'],
  closeTunnelReq: OP_SCOPES['tunnels.close'],
  listTunnelsReq: OP_SCOPES['tunnels.list'],
  getTunnelReq: OP_SCOPES['tunnels.get'],
  listSessionsReq: OP_SCOPES['tunnels.sessions'],
  tunnelView: 'server-only',
  tunnelList: 'server-only',
  sessionList: 'server-only',
  listSchedulesReq: OP_SCOPES['schedules.list'],
  getScheduleReq: OP_SCOPES['schedules.get'],
  createScheduleReq: OP_SCOPES['schedules.create'],
  updateScheduleReq: OP_SCOPES['schedules.update'],
  deleteScheduleReq: OP_SCOPES['schedules.delete'],
  triggerScheduleReq: OP_SCOPES['schedules.trigger'],
  scheduleRunsReq: OP_SCOPES['schedules.runs'],
  scheduleView: 'server-only',
  scheduleList: 'server-only',
  scheduleRunList: 'server-only',
  manualTriggerResp: 'server-only',
  listKeysReq: OP_SCOPES['keys.list'],
  issueKeyReq: OP_SCOPES['keys.issue'],
  revokeKeyReq: OP_SCOPES['keys.revoke'],
  apiKeyList: 'server-only',
  issueKeyResp: 'server-only',
  skillsListReq: OP_SCOPES['skills.list'],
  skillsMyReq: OP_SCOPES['skills.my'],
  skillListPage: 'server-only',
  skillsGetReq: OP_SCOPES['skills.get'],
  skillDetail: 'server-only',
  skillsInstallReq: OP_SCOPES['skills.install'],
  skillInstall: 'server-only',
  skillsCreateReq: OP_SCOPES['skills.create'],
  skillCreated: 'server-only',
  skillsUpdateReq: OP_SCOPES['skills.update'],
  skillUpdated: 'server-only',
  skillsDeleteReq: OP_SCOPES['skills.delete'],
  skillsVersionsReq: OP_SCOPES['skills.versions'],
  skillVersionList: 'server-only',
  skillsReviewsReq: OP_SCOPES['skills.reviews'],
  skillReviewPage: 'server-only',
  skillsStarReq: OP_SCOPES['skills.star'],
  skillStar: 'server-only',
  skillsPublishReq: OP_SCOPES['skills.publish'],
  skillsPublishResp: 'server-only',
  skillsPublishStatusReq: OP_SCOPES['skills.publishStatus'],
  skillsPublishStatusResp: 'server-only',
  skillsCategoriesReq: OP_SCOPES['skills.categories'],
  skillCategoryList: 'server-only',
  skillsTagsReq: OP_SCOPES['skills.tags'],
  skillTagList: 'server-only',
  error: 'server-only',
  empty: 'server-only',
}

/** Every arm of the envelope of a core 2.0. The PIN in the options of an ask needs `approve`, which the policy sees to. */
export const CMDOP_V2_ARMS: Readonly<Record<ArmV2, CmdopScope>> = {
  systemBootstrapReq: 'observe',
  systemBootstrapResp: 'server-only',
  listMachinesReq: 'observe',
  machineRosterSnapshot: 'server-only',
  askMachineReq: 'send',
  askEvent: 'server-only',
  askDone: 'server-only',
  askStreamError: 'server-only',
  listMachineMessagesReq: 'observe',
  machineMessageList: 'server-only',
  error: 'server-only',
}

/** The fields that a core is started with. Only the server may set credentials and addresses. */
export const CMDOP_LAUNCH: Readonly<Record<keyof Required<ResolvedConfig>, CmdopScope>> = {
  token: 'server-only',
  apiKey: 'server-only',
  baseUrl: 'server-only',
  apiBaseUrl: 'server-only',
  fleetId: 'server-only',
  timeoutMs: 'server-only',
  baseUrlGiven: 'server-only',
}

/** A row of the table of REST requests. */
export interface CmdopRoute {
  readonly method: string
  /** `{name}` matches one part of the path. */
  readonly path: string
  readonly scope: CmdopScope
}

function route(at: string, scope: CmdopScope): CmdopRoute {
  const space = at.indexOf(' ')
  return { method: at.slice(0, space), path: at.slice(space + 1), scope }
}

/** What each REST request needs. */
export const CMDOP_ROUTES: readonly CmdopRoute[] = [
  ...Object.entries(REST_PATHS).map(([op, at]) => route(at, OP_SCOPES[op as OpName])),
  route(ASK_PATH, 'send'),
  route(PIN_PATH, 'approve'),
  route(CONFIRM_PATH, 'approve'),
]
