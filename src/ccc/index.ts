/** CCC: Claude Code sessions behind a unix socket. */
export { createCcc, type Ccc, type CccOptions, type HistoryOptions } from './client.js'
export type { CccChecks } from './answer-schemas.js'
export { createCccCore, type CccCore, type CccCoreOptions } from './small-client.js'
export { CccSendError } from './outcomes.js'
export type {
  AskOptions,
  AskResult,
  Attribution,
  Receipt,
  Resolution,
  SendAndWaitOptions,
  SendOptions,
  SendResult,
} from './outcomes.js'
export type { CccActivity, CccMessage, CccPing, CccQuestion, CccQuestions, CccSession } from './results.js'
export type { StatusEvent, SubscribeOptions } from './subscribe.js'
export { maxTextBytes, type TextPolicy } from './text.js'
