/**
 * A limit on concurrent processes. Tasks wait in order of priority. Each task gets a new process, because a process keeps a conversation.
 * Long because every method has an example.
 */
import { namesChecker, type NamesOf } from '../launch/known-names.js'
import { deferred } from '../../core/deferred.js'
import { createDeadline } from '../../core/deadline.js'
import { ClaudeError } from '../messages/errors.js'
import type { ContentBlock } from '../messages/lines.js'
import type { ClaudeMessage, ResultMessage } from '../messages/messages.js'
import type { QueryOptions } from './query.js'
import type { Turn } from './turn.js'

/** Options of a pool. */
export interface PoolConfig {
  /** How many tasks run at once, each in its own process. Default 4. */
  readonly maxWorkers?: number
  /** How many tasks may wait. When the queue is full, `submit` waits and `submitNowait` gives undefined. Default 100. */
  readonly maxQueueSize?: number
  /** The time limit of a task without `timeoutMs`. Default 300 seconds. */
  readonly taskTimeoutMs?: number
  /** How many finished tasks `getTask` can still find. Default 100. */
  readonly keepFinished?: number
}

const POOL_OPTIONS: NamesOf<PoolConfig> = { maxWorkers: true, maxQueueSize: true, taskTimeoutMs: true, keepFinished: true }
const checkPool = /* @__PURE__ */ namesChecker(POOL_OPTIONS, 'PoolConfig', 'pool')

/** The state of a task. */
export type TaskStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'

/** Options of a task: those of a query, and its priority. */
export interface TaskOptions extends QueryOptions {
  /** Tasks with a higher priority run first; equal ones in the order of submission. Default 0. */
  readonly priority?: number
}

/** A task, to be awaited or iterated. Iterating ends when the task ends, and throws when the task fails or is cancelled. */
export interface PoolTask extends AsyncIterable<ClaudeMessage> {
  /** The id of the task, for `getTask`, `wait` and `cancelTask`. */
  readonly id: string
  /** The prompt of the task. */
  readonly prompt: string | readonly ContentBlock[]
  /** The state of the task. */
  readonly status: TaskStatus
  /** Why the task failed or was cancelled. */
  readonly error: unknown
  /** When the task began to run, in milliseconds since 1970; undefined while it waits. */
  readonly startedAt: number | undefined
  /** When the task ended, in milliseconds since 1970; undefined until then. */
  readonly completedAt: number | undefined
  /**
   * Waits for the end of the task. Rejects with its failure, or with `aborted` when the task was cancelled.
   *
   * @example
   * ```ts
   * import type { PoolTask } from 'signalbox/claude'
   *
   * declare const task: PoolTask
   * const { text, costUsd } = await task.result()
   * ```
   */
  result(): Promise<ResultMessage>
  /**
   * Waits for the end of the task and gives the text of its answer. Rejects like `result`.
   *
   * @example
   * ```ts
   * import type { PoolTask } from 'signalbox/claude'
   *
   * declare const task: PoolTask
   * console.log(await task.text())
   * ```
   */
  text(): Promise<string>
  /**
   * Cancels the task, also when it runs already. False when the task was already over.
   *
   * @example
   * ```ts
   * import type { PoolTask } from 'signalbox/claude'
   *
   * declare const task: PoolTask
   * if (!task.cancel()) console.log('too late')
   * ```
   */
  cancel(): boolean
}
/** The same as `PoolTask`. */
export type StreamingTask = PoolTask

/** The state of a pool, in numbers. */
export interface PoolStats {
  /** Processes that may run at once. */
  readonly poolSize: number
  /** Tasks that run. */
  readonly activeTasks: number
  /** Tasks that wait. */
  readonly pendingTasks: number
  /** Tasks that ended well. */
  readonly completedTasks: number
  /** Tasks that failed. */
  readonly failedTasks: number
  /** Tasks that were cancelled. */
  readonly cancelledTasks: number
  /** Tasks that were submitted. */
  readonly totalTasks: number
  /** Percent of the workers that are busy. */
  readonly utilization: number
}

/** Runs tasks, each in its own process, with a limit on concurrent processes. */
export interface ProcessPool extends AsyncDisposable {
  /**
   * Waits until the queue has space, then queues the prompt and gives its task. Rejects with `closed` after `shutdown`.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const task = await pool.submit('Name one colour.')
   * console.log(await task.text())
   * ```
   */
  submit(prompt: string | readonly ContentBlock[], options?: TaskOptions): Promise<PoolTask>
  /**
   * Queues the prompt and gives its task; undefined when the queue is full. Throws `closed` after `shutdown`.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const task = pool.submitNowait('Name one colour.')
   * if (!task) console.log('The queue is full.')
   * ```
   */
  submitNowait(prompt: string | readonly ContentBlock[], options?: TaskOptions): PoolTask | undefined
  /**
   * Runs all prompts and gives their settled results in the order of the prompts. A prompt that fails does not stop the others.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const results = await pool.map(['one', 'two'])
   * console.log(results.filter(({ status }) => status === 'fulfilled').length)
   * ```
   */
  map(prompts: readonly string[], options?: TaskOptions): Promise<PromiseSettledResult<ResultMessage>[]>
  /**
   * Waits for the end of the task with this id. Rejects with the failure of the task, or with `not_found` when the id is unknown.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const task = await pool.submit('Name one colour.')
   * const { text } = await pool.wait(task.id)
   * ```
   */
  wait(id: string): Promise<ResultMessage>
  /**
   * Waits for several tasks and gives their settled results in the order of the ids. An unknown id is a rejected result.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const one = await pool.submit('one')
   * const two = await pool.submit('two')
   * const results = await pool.gather(one.id, two.id)
   * ```
   */
  gather(...ids: string[]): Promise<PromiseSettledResult<ResultMessage>[]>
  /**
   * The task with this id, if it waits, runs, or is among the last `keepFinished` that ended.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * console.log(pool.getTask('b1f0c2d3e4a')?.status)
   * ```
   */
  getTask(id: string): PoolTask | undefined
  /**
   * Cancels a task that waits or runs. False when the task was already over or the id is unknown.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const task = await pool.submit('Name one colour.')
   * pool.cancelTask(task.id)
   * ```
   */
  cancelTask(id: string): boolean
  /**
   * How many tasks wait, run and ended, and how busy the workers are.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * const { activeTasks, pendingTasks } = pool.stats()
   * ```
   */
  stats(): PoolStats
  /** False once `shutdown` was called. */
  readonly isRunning: boolean
  /**
   * Refuses new tasks and resolves when no task is left. With `drain` (the default) all tasks are finished first; without it they
   * are cancelled.
   *
   * @example
   * ```ts
   * import type { ProcessPool } from 'signalbox/claude'
   *
   * declare const pool: ProcessPool
   * await pool.shutdown({ drain: false })
   * ```
   */
  shutdown(options?: { readonly drain?: boolean }): Promise<void>
}

/** The same as `ProcessPool`: every task can be iterated. */
export type StreamingPool = ProcessPool

interface Task extends PoolTask {
  readonly priority: number
  start(): Promise<void>
}

/**
 * Runs tasks, each in its own process, with a limit on concurrent processes. Tasks wait in order of priority.
 *
 * Long because starting, stopping and counting share one set of tasks.
 *
 * @example
 * ```ts
 * import { createProcessPool, type ClaudeClient } from 'signalbox/claude'
 *
 * declare const claude: ClaudeClient
 * await using pool = createProcessPool(claude.query, { maxWorkers: 2 })
 * const task = await pool.submit('Name one colour.', { priority: 5 })
 * console.log(await task.text())
 * ```
 */
export function createProcessPool(
  run: (prompt: string | readonly ContentBlock[], options: QueryOptions) => Turn,
  config: PoolConfig = {},
): ProcessPool {
  checkPool(config)
  const { maxWorkers = 4, maxQueueSize = 100, taskTimeoutMs = 300_000, keepFinished = 100 } = config
  if (!(maxWorkers >= 1) || !(maxQueueSize >= 1)) {
    throw new ClaudeError({ code: 'invalid_argument', message: 'maxWorkers and maxQueueSize are at least 1.', op: 'pool' })
  }
  const tasks = new Map<string, Task>()
  let waiting: Task[] = []
  const finished: string[] = []
  const counts = { completed: 0, failed: 0, cancelled: 0, total: 0 }
  let active = 0
  let accepting = true
  let changed = deferred()

  const tellChange = (): void => {
    changed.resolve()
    changed = deferred()
  }
  const next = (): void => {
    while (active < maxWorkers && waiting.length > 0) {
      const task = waiting.shift() as Task
      active += 1
      void task.start().then(() => {
        active -= 1
        next()
        tellChange()
      })
    }
    tellChange()
  }
  const over = (task: Task, how: 'completed' | 'failed' | 'cancelled'): void => {
    counts[how] += 1
    finished.push(task.id)
    while (finished.length > keepFinished) tasks.delete(finished.shift() as string)
  }

  const createTask = (prompt: string | readonly ContentBlock[], { priority = 0, signal, ...options }: TaskOptions): Task => {
    const id = crypto.randomUUID().slice(0, 12).replace('-', '')
    const deadline = createDeadline({ signal })
    const turn = deferred<Turn>()
    const done = deferred<ResultMessage>()
    turn.promise.catch(() => {})
    done.promise.catch(() => {})
    let status: TaskStatus = 'pending'
    let error: unknown
    let startedAt: number | undefined
    let completedAt: number | undefined
    const settle = (how: 'completed' | 'failed' | 'cancelled', what: { result?: ResultMessage; error?: unknown }): void => {
      if (completedAt !== undefined) return
      completedAt = Date.now()
      status = how
      error = what.error
      deadline[Symbol.dispose]()
      if (what.result) done.resolve(what.result)
      else {
        done.reject(what.error)
        turn.reject(what.error)
      }
      over(task, how)
    }
    const cancelled = (): ClaudeError => new ClaudeError({ code: 'aborted', message: 'The task was cancelled.', op: 'pool' })
    const leaveQueue = (): void => {
      if (status !== 'pending') return
      waiting = waiting.filter((other) => other !== task)
      settle('cancelled', { error: cancelled() })
      tellChange()
    }
    const task: Task = {
      id,
      prompt,
      priority,
      get status() {
        return status
      },
      get error() {
        return error
      },
      get startedAt() {
        return startedAt
      },
      get completedAt() {
        return completedAt
      },
      async start() {
        status = 'running'
        startedAt = Date.now()
        try {
          const running = run(prompt, { timeoutMs: taskTimeoutMs, ...options, signal: deadline.signal })
          turn.resolve(running)
          settle('completed', { result: await running.result() })
        } catch (failure) {
          settle(deadline.signal.aborted ? 'cancelled' : 'failed', { error: failure })
        }
      },
      result: () => done.promise,
      text: async () => (await done.promise).text,
      cancel() {
        if (completedAt !== undefined) return false
        deadline.abort(cancelled())
        leaveQueue()
        return true
      },
      async *[Symbol.asyncIterator]() {
        yield* await turn.promise
      },
    }
    if (deadline.signal.aborted) leaveQueue()
    else deadline.signal.addEventListener('abort', leaveQueue, { once: true })
    tasks.set(id, task)
    counts.total += 1
    return task
  }
  const enqueue = (task: Task): PoolTask => {
    if (task.status !== 'pending') return task
    const index = waiting.findIndex((other) => other.priority < task.priority)
    waiting.splice(index === -1 ? waiting.length : index, 0, task)
    next()
    return task
  }
  const checkOpen = (): void => {
    if (!accepting) throw new ClaudeError({ code: 'closed', message: 'The pool is shut down.', op: 'pool' })
  }
  const find = (id: string): Task => {
    const task = tasks.get(id)
    if (!task) throw new ClaudeError({ code: 'not_found', message: `The pool knows no task ${id}.`, op: 'pool' })
    return task
  }

  const pool: ProcessPool = {
    async submit(prompt, options = {}) {
      checkOpen()
      while (waiting.length >= maxQueueSize) {
        options.signal?.throwIfAborted()
        await changed.promise
        checkOpen()
      }
      return enqueue(createTask(prompt, options))
    },
    submitNowait(prompt, options = {}) {
      checkOpen()
      return waiting.length >= maxQueueSize ? undefined : enqueue(createTask(prompt, options))
    },
    async map(prompts, options = {}) {
      const all: Promise<ResultMessage>[] = []
      for (const prompt of prompts) all.push((await pool.submit(prompt, options)).result())
      return await Promise.allSettled(all)
    },
    wait: async (id) => await find(id).result(),
    gather: (...ids) => Promise.allSettled(ids.map((id) => pool.wait(id))),
    getTask: (id) => tasks.get(id),
    cancelTask: (id) => tasks.get(id)?.cancel() ?? false,
    stats: () => ({
      poolSize: maxWorkers,
      activeTasks: active,
      pendingTasks: waiting.length,
      completedTasks: counts.completed,
      failedTasks: counts.failed,
      cancelledTasks: counts.cancelled,
      totalTasks: counts.total,
      utilization: (active / maxWorkers) * 100,
    }),
    get isRunning() {
      return accepting
    },
    async shutdown({ drain = true } = {}) {
      accepting = false
      tellChange()
      if (!drain) for (const task of [...tasks.values()]) task.cancel()
      while (active > 0 || waiting.length > 0) await changed.promise
    },
    [Symbol.asyncDispose]: () => pool.shutdown({ drain: false }),
  }
  return pool
}

/**
 * The same pool: every task of it can be iterated while it runs.
 * @alias
 * @example
 * ```ts
 * import { createStreamingPool, type ClaudeClient } from 'signalbox/claude'
 *
 * declare const claude: ClaudeClient
 * await using pool = createStreamingPool(claude.query)
 * for await (const message of await pool.submit('Hello')) console.log(message.type)
 * ```
 */
export const createStreamingPool = createProcessPool
