/** Every call as data: what it asks, what answers it, on which plane, and whether asking twice does anything twice. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { GenMessage } from '@bufbuild/protobuf/codegenv2'
import type { Arm, ArmValue } from './envelope.js'
import type { Plain } from './plain.js'

export type Plane = 'relay' | 'platform'

export interface Op {
  readonly request: Arm
  readonly answer: Arm
  readonly plane: Plane
  readonly idempotent: boolean
}

const relay = <Request extends Arm, Answer extends Arm>(request: Request, answer: Answer, idempotent = false) =>
  ({ request, answer, plane: 'relay', idempotent }) as const
const platform = <Request extends Arm, Answer extends Arm>(request: Request, answer: Answer, idempotent = false) =>
  ({ request, answer, plane: 'platform', idempotent }) as const

const TWICE_IS_ONCE = true

export const OPS = {
  'machines.list': relay('listMachinesReq', 'machineList', TWICE_IS_ONCE),
  'machines.get': relay('getMachineReq', 'machineDetail', TWICE_IS_ONCE),
  'machines.update': relay('updateMachineReq', 'machineSummary', TWICE_IS_ONCE),
  'machines.disable': relay('disableMachineReq', 'empty'),
  'machines.info': relay('machineInfoReq', 'machineInfoResp', TWICE_IS_ONCE),
  'machines.spend': relay('machineSpendReq', 'machineSpend', TWICE_IS_ONCE),
  'machines.messages': relay('messagesReq', 'messagesResp', TWICE_IS_ONCE),
  // The second answer would count what the first one left: nothing.
  'machines.clearMessages': relay('clearMessagesReq', 'clearMessagesResp'),
  'machines.activeSession': relay('activeSessionReq', 'activeSessionResp', TWICE_IS_ONCE),
  'fleets.list': relay('listFleetsReq', 'fleetList', TWICE_IS_ONCE),
  'fleets.create': relay('createFleetReq', 'fleetSummary'),
  'fleets.update': relay('updateFleetReq', 'fleetSummary', TWICE_IS_ONCE),
  'fleets.disable': relay('disableFleetReq', 'empty'),
  'fleets.members.list': relay('listMembersReq', 'memberList', TWICE_IS_ONCE),
  'fleets.members.add': relay('addMemberReq', 'memberInfo'),
  'fleets.members.setRole': relay('setMemberRoleReq', 'memberInfo', TWICE_IS_ONCE),
  'fleets.members.remove': relay('removeMemberReq', 'empty'),
  'fleets.machines.list': relay('listFleetMachinesReq', 'machineList', TWICE_IS_ONCE),
  'fleets.machines.attach': relay('attachMachineReq', 'machineFleetLink'),
  'fleets.machines.detach': relay('detachMachineReq', 'empty'),
  'tunnels.open': relay('openTunnelReq', 'tunnelView'),
  'tunnels.close': relay('closeTunnelReq', 'empty', TWICE_IS_ONCE),
  'tunnels.list': relay('listTunnelsReq', 'tunnelList', TWICE_IS_ONCE),
  'tunnels.get': relay('getTunnelReq', 'tunnelView', TWICE_IS_ONCE),
  'tunnels.sessions': relay('listSessionsReq', 'sessionList', TWICE_IS_ONCE),
  'schedules.list': relay('listSchedulesReq', 'scheduleList', TWICE_IS_ONCE),
  'schedules.get': relay('getScheduleReq', 'scheduleView', TWICE_IS_ONCE),
  'schedules.create': relay('createScheduleReq', 'scheduleView'),
  'schedules.update': relay('updateScheduleReq', 'scheduleView', TWICE_IS_ONCE),
  'schedules.delete': relay('deleteScheduleReq', 'empty'),
  'schedules.trigger': relay('triggerScheduleReq', 'manualTriggerResp'),
  'schedules.runs': relay('scheduleRunsReq', 'scheduleRunList', TWICE_IS_ONCE),
  'keys.list': relay('listKeysReq', 'apiKeyList', TWICE_IS_ONCE),
  'keys.issue': relay('issueKeyReq', 'issueKeyResp'),
  'keys.revoke': relay('revokeKeyReq', 'empty'),
  'skills.list': platform('skillsListReq', 'skillListPage', TWICE_IS_ONCE),
  'skills.my': platform('skillsMyReq', 'skillListPage', TWICE_IS_ONCE),
  'skills.get': platform('skillsGetReq', 'skillDetail', TWICE_IS_ONCE),
  // It counts installs, and installs nothing here.
  'skills.install': platform('skillsInstallReq', 'skillInstall'),
  'skills.create': platform('skillsCreateReq', 'skillCreated'),
  'skills.update': platform('skillsUpdateReq', 'skillUpdated', TWICE_IS_ONCE),
  'skills.delete': platform('skillsDeleteReq', 'empty'),
  'skills.versions': platform('skillsVersionsReq', 'skillVersionList', TWICE_IS_ONCE),
  'skills.reviews': platform('skillsReviewsReq', 'skillReviewPage', TWICE_IS_ONCE),
  // A toggle: the second one takes the star back.
  'skills.star': platform('skillsStarReq', 'skillStar'),
  'skills.publish': platform('skillsPublishReq', 'skillsPublishResp'),
  'skills.publishStatus': platform('skillsPublishStatusReq', 'skillsPublishStatusResp', TWICE_IS_ONCE),
  'skills.categories': platform('skillsCategoriesReq', 'skillCategoryList', TWICE_IS_ONCE),
  'skills.tags': platform('skillsTagsReq', 'skillTagList', TWICE_IS_ONCE),
} as const satisfies Readonly<Record<string, Op>>

export type OpName = keyof typeof OPS
export type Request<Name extends OpName> = MessageInitShape<GenMessage<ArmValue<(typeof OPS)[Name]['request']>>>
export type Answer<Name extends OpName> = (typeof OPS)[Name]['answer'] extends 'empty'
  ? undefined
  : Plain<ArmValue<(typeof OPS)[Name]['answer']>>
