/** Many prompts under a cap on processes: tasks with priorities, to be awaited or iterated. */
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
