/** One prompt in one process: queries, their turns, batches, pools of processes, and a second backend. */
export { query, querySimple, type QueryOptions } from './query.js'
export type { Turn } from './turn.js'
export type { WarmQuery } from './startup.js'
export type { InputSendOptions, TurnInput } from './turn-input.js'
export type * from './control-answers.js'
export type { ControlCallOptions, Controls, SessionControls } from './controls.js'
export type { BatchItem, BatchOptions, QueryResult } from './batch.js'
export type { ClaudeBaseOptions, ClaudeClientEvent } from './run-context.js'
export { contentOf, launchOf, type CLIAgentOptions } from './options.js'
export type { OutputSchema } from './output-schema.js'
export { encodeContext, type ContextEncoder } from './context.js'
export { fallbackTo, type Fallback, type FallbackConfig } from './fallback.js'
export {
  createProcessPool,
  createStreamingPool,
  type PoolConfig,
  type PoolStats,
  type PoolTask,
  type ProcessPool,
  type StreamingPool,
  type StreamingTask,
  type TaskOptions,
  type TaskStatus,
} from './pool.js'
