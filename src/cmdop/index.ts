/** CMDOP: machines and fleets with an agent on each, over a core on a link or over REST. */
export { createCmdop, type Cmdop, type CmdopOptions, type CoreTransport, type RestTransport } from './client.js'
export { fromEnv, type CmdopConfig, type ResolvedConfig } from './config.js'
export {
  AgentStreamError,
  AuthError,
  CmdopError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionError,
  PinDeniedError,
  PinTimeoutError,
  RateLimitError,
  ServerError,
  TimeoutError,
  UnavailableError,
  ValidationError,
} from './errors.js'
export type { AskOptions, AskStream, AskStream as FrameStream, CollectOptions } from './ask-stream.js'
export type {
  AskFrame,
  ConfirmRequiredFrame,
  DoneFrame,
  EventFrame,
  PinDeniedFrame,
  PinRequiredFrame,
  UnknownFrame,
} from './frames.js'
export type { Answer, OpName, Request } from './ops.js'
export type { MfaRequired, RunStatus, TargetKind, UnknownEnum } from './plain.js'
export type { SessionLimits } from './session.js'
export type { Fleet, FleetChanges, Fleets, Member } from './namespaces/fleets.js'
export type { Keys } from './namespaces/keys.js'
export type { ListMachinesOptions, Machines } from './namespaces/machines.js'
export type { RunsOptions, Schedule, ScheduleFields, ScheduleRun, Schedules } from './namespaces/schedules.js'
export type { ListSkillsOptions, PublishOptions, Skill, SkillChanges, SkillReview, Skills } from './namespaces/skills.js'
export type { OpenTunnelOptions, Tunnels } from './namespaces/tunnels.js'
