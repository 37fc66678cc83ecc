/** CMDOP: machines and fleets with an agent on each, over a core on a link or over REST. */
export { createCmdop, type Cmdop, type CmdopOptions, type CoreLink, type CoreTransport, type RestTransport } from './client.js'
export { envelopeFromJson, envelopeToJson } from './envelope-json.js'
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
  ProtocolError,
  RateLimitError,
  ServerError,
  TimeoutError,
  UnavailableError,
  UnsupportedError,
  ValidationError,
} from './errors.js'
export type { AskOptions, AskStream, AskStream as FrameStream, CollectOptions } from './ask-options.js'
export type {
  AskFrame,
  ConfirmRequiredFrame,
  DoneFrame,
  EventFrame,
  EventName,
  PinDeniedFrame,
  PinRequiredFrame,
  RunFigures,
  StreamErrorFrame,
  UnknownFrame,
} from './frames.js'
export type { Answer, AnyOpName, OpName, Request, V2OpName } from './ops.js'
export type { MachineMessage, MachineRoster, RosterMachine } from './v2/answers.js'
export type { MfaRequired, RunStatus, TargetKind, UnknownEnum } from './plain.js'
export type { ConnectionLimits } from './connection.js'
export type { Generation } from './wire.js'
export type { Fleet, FleetChanges, Fleets, Member } from './namespaces/fleets.js'
export type { Keys } from './namespaces/keys.js'
export type {
  HistoryMessage,
  ListMachinesOptions,
  Machine,
  MachineHistory,
  MachinePage,
  Machines,
  MessagesOptions,
} from './namespaces/machines.js'
export type { RunsOptions, Schedule, ScheduleFields, ScheduleRun, Schedules } from './namespaces/schedules.js'
export type { ListSkillsOptions, PublishOptions, Skill, SkillChanges, SkillReview, Skills } from './namespaces/skills.js'
export type { System } from './namespaces/system.js'
export type { OpenTunnelOptions, Tunnels } from './namespaces/tunnels.js'
