/** The hub: one interface over every agent. */
export type { Agent, AgentId, AgentSession, AgentState, Evidence, SessionSummary } from './model/agent.js'
export type { Answer, AnswerResult, Ask, AskKind, AskOption, AskOutcome, AskQuestion, AskStatus, Delivered } from './model/ask.js'
export type { Capabilities } from './model/capabilities.js'
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
  Resolution,
  Source,
  SourceAsk,
  SourceAskClosed,
  SourceAskEvent,
  SourceCallOptions,
  SourceDelivery,
  SourceEnvelope,
  SourceEvent,
  SourcePrompt,
  SourceSink,
  SourceSnapshot,
  UnresolvedPrompt,
} from './source.js'
export type { Hub, HubWatch, PromptOptions, Spent, Turn, WatchOptions, WhileBusy } from './hub.js'
