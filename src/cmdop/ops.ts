/** Every call as data: the arm of its request, the arm of its answer, and whether a repetition has a second effect. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { GenMessage } from '@bufbuild/protobuf/codegenv2'
import type { Arm, ArmValue } from './envelope.js'
import type { Arm as ArmV2, ArmValue as ArmValueV2 } from './v2/envelope.js'
import type { Plain } from './plain.js'

export type Plane = 'relay' | 'platform'

export interface Op {
  readonly request: Arm
  readonly answer: Arm
  readonly idempotent: boolean
}

const once = <Request extends Arm, Answer extends Arm>(request: Request, answer: Answer) =>
  ({ request, answer, idempotent: false }) as const
/** A repetition has no second effect. */
const again = <Request extends Arm, Answer extends Arm>(request: Request, answer: Answer) =>
  ({ request, answer, idempotent: true }) as const

export const OPS = {
  'machines.list': again('listMachinesReq', 'machineList'),
  'machines.get': again('getMachineReq', 'machineDetail'),
  'machines.update': again('updateMachineReq', 'machineSummary'),
  'machines.disable': once('disableMachineReq', 'empty'),
  'machines.info': again('machineInfoReq', 'machineInfoResp'),
  'machines.spend': again('machineSpendReq', 'machineSpend'),
  'machines.messages': again('messagesReq', 'messagesResp'),
  // A second call would answer with a count of 0, because the first one has deleted the messages.
  'machines.clearMessages': once('clearMessagesReq', 'clearMessagesResp'),
  'machines.activeSession': again('activeSessionReq', 'activeSessionResp'),
  'fleets.list': again('listFleetsReq', 'fleetList'),
  'fleets.create': once('createFleetReq', 'fleetSummary'),
  'fleets.update': again('updateFleetReq', 'fleetSummary'),
  'fleets.disable': once('disableFleetReq', 'empty'),
  'fleets.members.list': again('listMembersReq', 'memberList'),
  'fleets.members.add': once('addMemberReq', 'memberInfo'),
  'fleets.members.setRole': again('setMemberRoleReq', 'memberInfo'),
  'fleets.members.remove': once('removeMemberReq', 'empty'),
  'fleets.machines.list': again('listFleetMachinesReq', 'machineList'),
  'fleets.machines.attach': once('attachMachineReq', 'machineFleetLink'),
  'fleets.machines.detach': once('detachMachineReq', 'empty'),
  'tunnels.open': once('openTunnelReq', 'tunnelView'),
  'tunnels.close': again('closeTunnelReq', 'empty'),
  'tunnels.list': again('listTunnelsReq', 'tunnelList'),
  'tunnels.get': again('getTunnelReq', 'tunnelView'),
  'tunnels.sessions': again('listSessionsReq', 'sessionList'),
  'schedules.list': again('listSchedulesReq', 'scheduleList'),
  'schedules.get': again('getScheduleReq', 'scheduleView'),
  'schedules.create': once('createScheduleReq', 'scheduleView'),
  'schedules.update': again('updateScheduleReq', 'scheduleView'),
  'schedules.delete': once('deleteScheduleReq', 'empty'),
  'schedules.trigger': once('triggerScheduleReq', 'manualTriggerResp'),
  'schedules.runs': again('scheduleRunsReq', 'scheduleRunList'),
  'keys.list': again('listKeysReq', 'apiKeyList'),
  'keys.issue': once('issueKeyReq', 'issueKeyResp'),
  'keys.revoke': once('revokeKeyReq', 'empty'),
  'skills.list': again('skillsListReq', 'skillListPage'),
  'skills.my': again('skillsMyReq', 'skillListPage'),
  'skills.get': again('skillsGetReq', 'skillDetail'),
  // The platform counts an installation for each call. Nothing is installed here.
  'skills.install': once('skillsInstallReq', 'skillInstall'),
  'skills.create': once('skillsCreateReq', 'skillCreated'),
  'skills.update': again('skillsUpdateReq', 'skillUpdated'),
  'skills.delete': once('skillsDeleteReq', 'empty'),
  'skills.versions': again('skillsVersionsReq', 'skillVersionList'),
  'skills.reviews': again('skillsReviewsReq', 'skillReviewPage'),
  // The op is a toggle: a second call removes the star again.
  'skills.star': once('skillsStarReq', 'skillStar'),
  'skills.publish': once('skillsPublishReq', 'skillsPublishResp'),
  'skills.publishStatus': again('skillsPublishStatusReq', 'skillsPublishStatusResp'),
  'skills.categories': again('skillsCategoriesReq', 'skillCategoryList'),
  'skills.tags': again('skillsTagsReq', 'skillTagList'),
} as const satisfies Readonly<Record<string, Op>>

/** The ops that came with the core 2.0. All other ops of a core 2.0 have the names of 1.x. */
export const V2_OPS = {
  'system.bootstrap': { request: 'systemBootstrapReq', answer: 'systemBootstrapResp', idempotent: true },
  'machines.roster': { request: 'listMachinesReq', answer: 'machineRosterSnapshot', idempotent: true },
} as const satisfies Readonly<Record<string, { readonly request: ArmV2; readonly answer: ArmV2; readonly idempotent: boolean }>>

/** An op that a core 1.x and REST have. */
export type OpName = keyof typeof OPS
/** An op that only a core 2.0 has. */
export type V2OpName = keyof typeof V2_OPS
/** Every op by its name. */
export type AnyOpName = OpName | V2OpName

/** Fields that a request has over a core 2.0 only. */
export const V2_FIELDS: Readonly<Partial<Record<AnyOpName, readonly string[]>>> = { 'machines.messages': ['session'] }

export const isV1Op = (name: AnyOpName): name is OpName => Object.hasOwn(OPS, name)
export const isIdempotent = (name: AnyOpName): boolean => (isV1Op(name) ? OPS[name] : V2_OPS[name as V2OpName]).idempotent
export const planeOf = (name: AnyOpName): Plane => (name.startsWith('skills.') ? 'platform' : 'relay')
export type V1Request<Name extends OpName> = MessageInitShape<GenMessage<ArmValue<(typeof OPS)[Name]['request']>>>
type V1Answer<Name extends OpName> = (typeof OPS)[Name]['answer'] extends 'empty'
  ? undefined
  : Plain<ArmValue<(typeof OPS)[Name]['answer']>>
interface V2Answers {
  readonly 'system.bootstrap': Plain<ArmValueV2<'systemBootstrapResp'>>
  readonly 'machines.roster': Plain<ArmValueV2<'machineRosterSnapshot'>>
}

/** The fields of the request of an op. */
export type Request<Name extends AnyOpName> = Name extends OpName ? V1Request<Name> : Readonly<Record<never, never>>
/** The answer of an op, as a plain object; undefined for an op without a result. */
export type Answer<Name extends AnyOpName> = Name extends OpName ? V1Answer<Name> : Name extends V2OpName ? V2Answers[Name] : never
