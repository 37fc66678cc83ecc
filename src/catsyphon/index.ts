/** CatSyphon: a loss-free collector client for conversations of coding agents. */
export { createCatsyphon, type Catsyphon, type CatsyphonOptions, type CatsyphonStatus } from './client.js'
export { fromStored, register, type RegisterOptions, type ServerOptions } from './register.js'
export {
  credentialKey,
  kvCredentials,
  type CredentialProfile,
  type CredentialStore,
  type StoredCredential,
} from './credentials.js'
export type { CompleteOptions, Direct } from './direct.js'
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
  type Outcome,
  type Role,
  type SessionEndData,
  type SessionStartData,
  type ThinkingData,
  type ToolCallData,
  type ToolResultData,
} from './events.js'
export { CatsyphonError, type RefusedField } from './errors.js'
export type { CatsyphonEvent } from './report.js'
export type { Replacement } from './sanitize.js'
export { RETRY_DEFAULTS, retryDelay, type RetryConfig } from './retry-config.js'
export type { ServerGeneration } from './generation.js'
export type {
  Conversation,
  ConversationMessage,
  EventsResponse,
  Health,
  Registration,
  SessionCompleteResponse,
  SessionStatusResponse,
} from './schema.js'
export type { DeadLetter, FlushReport, OutboxCounts, OutboxLimits, OutboxOverflow, OutboxReport } from '../store/outbox-types.js'
