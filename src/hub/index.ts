/** The hub: one interface over every agent. */
export type { Agent, AgentId, AgentSession, AgentState, Evidence, SessionSummary } from './model/agent.js'
export type { Answer, AnswerResult, Ask, AskKind, AskOption, AskOutcome, AskQuestion, AskStatus, Delivered } from './model/ask.js'
export type { Capabilities, SessionChoices } from './model/capabilities.js'
export type { HubCursor } from './model/cursor.js'
export {
  EVENT_KINDS,
  type AgentEvent,
  type AskEvent,
  type AskResolvedEvent,
  type DeliveryEvent,
  type EndEvent,
  type Envelope,
  type EventKind,
  type FileDiff,
  type GapEvent,
  type HubEvent,
  type HubEventBody,
  type HubEventOf,
  type MessageEvent,
  type NoticeEvent,
  type PlanEntry,
  type PlanEvent,
  type StateEvent,
  type Tokens,
  type ToolEvent,
  type TurnAttribution,
  type TurnError,
  type TurnEvent,
  type TurnOutcome,
  type UnknownEvent,
  type UsageEvent,
} from './model/event.js'
export type {
  HistoryPage,
  HistoryQuery,
  NewSession,
  Resolution,
  Source,
  SourceAsk,
  SourceAskClosed,
  SourceAskEvent,
  SourceCallOptions,
  SourceDelivery,
  SourceEnvelope,
  SourceEvent,
  SourceOpenAsks,
  SourcePrompt,
  SourceSink,
  UnresolvedPrompt,
} from './source.js'
export type { Hub, HubWatch, PromptOptions, Turn, TurnInfo, WatchOptions, WhileBusy } from './hub.js'
export { createHub } from './create-hub.js'
export { createSharedHub } from './shared/create-shared-hub.js'
export type { HubLimits, HubOptions, SharedHubOptions, SourceFactory } from './options.js'
export type { HubProblem } from './context.js'
export type { JournalLimits } from './journal/trim.js'
export { decideAsk, type Policy, type PolicyDecision, type PolicyMatch, type PolicyRule } from './guard/policy.js'
export type { Budget, BudgetState, Spent } from './guard/budget.js'
export { turnError } from './turns/turn.js'
export { askAll, promptAny, type AgentChoice, type AskAllOptions } from './routing.js'
export { createHubClient, type HubClientOptions } from './wire/client.js'
export { serveHub, type ServeHubOptions } from './wire/serve.js'
export { HUB_SCOPES, type HubMethod, type HubReply, type HubRequest, type HubScope, type WireError } from './wire/protocol.js'
export { cccSource, type CccSourceOptions } from './sources/ccc.js'
export { ccccSource, type CcccSourceOptions } from './sources/cccc.js'
export { claudeSource, type ClaudeAgent, type ClaudeSourceOptions } from './sources/claude.js'
export { cmdopSource, type CmdopSourceOptions } from './sources/cmdop.js'
export { hubSource, type HubSourceOptions } from './sources/hub.js'
export { recordHub, type Recorder, type RecorderStatus } from './record/recorder.js'
export type { RecordOptions } from './record/options.js'
