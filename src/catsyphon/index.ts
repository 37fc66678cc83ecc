/** CatSyphon: a loss-free collector client for conversations of coding agents. */
export { createCatsyphon, type Catsyphon, type CatsyphonOptions } from './client.js'
export { fromStored, register, type RegisterOptions, type ServerOptions } from './register.js'
export {
  credentialKey,
  isSameServer,
  kvCredentials,
  withoutKey,
  type CredentialProfile,
  type CredentialStore,
  type StoredCredential,
} from './credentials.js'
export { catsyphonOutbox, type CatsyphonOutboxOptions } from './outbox/index.js'
export type { Check, CompleteOptions, Direct, ReadOptions } from './direct.js'
export type {
  EndOptions,
  MessageOptions,
  Session,
  SessionOptions,
  StartOptions,
  ToolCallOptions,
  ToolResultOptions,
} from './session.js'
export { createBatchWriter, type BatchWriter, type BatchWriterOptions } from './batch-writer.js'
export {
  AUTHOR_ROLES,
  EVENT_TYPES,
  EventType,
  eventDataSchemas,
  MESSAGE_TYPES,
  type AuthorRole,
  type CollectorEvent,
  type ErrorData,
  type EventData,
  type MessageData,
  type MessageType,
  type Moment,
  type Outcome,
  type Role,
  type SessionEndData,
  type SessionStartData,
  type ThinkingData,
  type ToolCallData,
  type ToolResultData,
} from './events.js'
export { CatsyphonError, type RefusedField } from './errors.js'
export type { Credentials, Http } from './http.js'
export type {
  BatchTuning,
  CatsyphonStatus,
  ClientOutbox,
  CompleteCommand,
  OpenOutbox,
  OutboxControls,
  OutboxHost,
  OutboxSettings,
  ServerGeneration,
  SessionQueue,
} from './outbox/types.js'
export type { CatsyphonEvent, Replacement } from './report.js'
export { RETRY_DEFAULTS, retryDelay, type RetryConfig } from './retry-config.js'
export type {
  Conversation,
  ConversationMessage,
  EventsResponse,
  Health,
  Registration,
  SessionCompleteResponse,
  SessionStatusResponse,
} from './schema.js'
export type { DeadLetter, FlushReport, OutboxCounts, OutboxLimits, OutboxOverflow, OutboxReport } from '../store/outbox/types.js'
