/** CCCC: the daemon that runs groups of agents, in its three dialects. */
export { createCccc, type CcccClient, type CcccMethods, type CcccOptions } from './client.js'
export {
  createCcccCore,
  type ArgsOf,
  type CcccCallOptions,
  type CcccCore,
  type CcccCoreOptions,
  type CcccLimits,
  type CcccNotice,
  type CcccOp,
  type CcccPort,
  type ResultOf,
  type OptionalArgs,
} from './small-client.js'
export {
  CcccError,
  DaemonAPIError,
  DaemonUnavailableError,
  IncompatibleDaemonError,
  OutcomeUnknownError,
} from './errors.js'
export type { CcccAutoAckArgs, CcccAutoAckOutcome } from './auto-ack.js'
export type { CcccCompatibility, CcccRequirements } from './compat.js'
export type { CcccCapabilityMethods, CcccCapabilityUseArgs } from './capability-use.js'
export type { CcccAgentStateFields, CcccChangeArgs, CcccContextChanges, CcccTaskFields } from './context-items.js'
export { isCcccEvent, type CcccActorRow, type CcccEventData, type CcccEventOf, type CcccGroupRow } from './records.js'
export type { CcccContextSyncArgs, CcccNoteArgs, CcccNoteResult } from './context.js'
export type { CcccDaemon } from './daemon.js'
export type { CcccInbox, CcccInboxArgs } from './inbox.js'
export type {
  CcccCrossGroupArgs,
  CcccCrossGroupResult,
  CcccDropped,
  CcccMessageArgs,
  CcccMessageMode,
  CcccReplyArgs,
  CcccReplyResult,
  CcccSendArgs,
  CcccSendResult,
  CcccSent,
} from './messages.js'
export type { CcccResolve, CcccResolved, CcccResolveArgs } from './resolve.js'
export type { CcccProfileUpsertArgs, CcccProfileUpsertResult } from './profiles.js'
export type { CcccFlatMethods, CcccMethod, CcccNamespaces } from './methods.js'
export type { CcccNamespaceOps, CcccOps, CcccTakingOver } from './ops.gen.js'
export { ccccAnswers } from './answers.js'
export type { CcccAnswerCheck, CcccDialect, CcccEvent, CcccPing, Loose } from './shapes.js'
export { loadOps, type OpInfo, type OpTable } from './table.js'
export { MAX_REQUEST_BYTES } from './socket-wire.js'
export type { CcccChannel } from './wire.js'
export type { CcccCursor, CcccEventsArgs, CcccEventsOptions, CcccEventStream, CcccPoint, CcccStreamItem } from './events/types.js'
