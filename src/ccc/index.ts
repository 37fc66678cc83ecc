/** CCC: Claude Code sessions behind a unix socket. */
export { createCcc, type Ccc, type CccOptions, type HistoryOptions } from './client.js'
export { createCccCore, type CccCore, type CccCoreOptions } from './core.js'
export { CccSendError } from './outcomes.js'
export type { AskOptions, AskResult, Attribution, Resolution, SendAndWaitOptions, SendOptions, SendResult } from './outcomes.js'
export type { Receipt } from './history.js'
export type { CccActivity, CccMessage, CccQuestion, CccSession } from './schema.js'
export type { StatusEvent, SubscribeOptions } from './subscribe.js'
export { maxTextBytes, type TextPolicy } from './text.js'
