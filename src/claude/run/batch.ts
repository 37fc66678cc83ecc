/** Runs many prompts, a few at a time. A prompt that fails does not stop the others. */
import { abortError, createDeadline } from '../../core/deadline.js'
import { SignalboxError } from '../../errors.js'
import { ClaudeError } from '../messages/errors.js'
import type { ResultLine } from '../messages/lines.js'
import type { ResultMessage } from '../messages/messages.js'
import { createMeter, figure } from '../messages/meter.js'
import type { QueryOptions } from './query.js'
import type { Turn } from './turn.js'
import { tokensOf } from '../messages/usage.js'

/** How one prompt of a batch ended. */
export interface QueryResult {
  /** The position of the prompt in the list, from 0. */
  readonly index: number
  /** The prompt. */
  readonly prompt: string
  /** Whether the prompt was answered. */
  readonly success: boolean
  /** The session that the CLI kept of the run. */
  readonly sessionId: string | undefined
  /** The answer. For a prompt that failed: the part of the answer that arrived. */
  readonly result: string
  /** Input tokens, cached ones left out. */
  readonly inputTokens: number
  /** Output tokens. */
  readonly outputTokens: number
  /** Input and output tokens. */
  readonly totalTokens: number
  /** The cost, also of a run that failed. */
  readonly costUsd: number
  /** The duration in seconds, as the CLI reports it. */
  readonly durationSeconds: number
  /** Why the prompt failed. */
  readonly error: SignalboxError | undefined
}

/** A prompt of a batch, alone or with options that apply to this prompt only. */
export type BatchItem = string | { readonly prompt: string; readonly options?: QueryOptions }

/** Options of a batch. Query options apply to each prompt. */
export interface BatchOptions extends QueryOptions {
  /** How many prompts run at once. Default 5. */
  readonly concurrency?: number
  /** No further prompt starts once the finished prompts have cost this much. Prompts that run are not stopped. */
  readonly maxTotalCostUsd?: number
  /** No further prompt starts after a failure. Default false. */
  readonly stopOnError?: boolean
  /** Called when a prompt is done, in the order in which prompts finish. */
  readonly onResult?: (result: QueryResult) => void
}

const NOTHING = {} as ResultLine

/** Settled results in the order of the prompts. Rejects only when its own signal is aborted, or with what `onResult` throws. */
export async function runBatch(
  run: (prompt: string, options: QueryOptions) => Turn,
  items: readonly BatchItem[],
  options: BatchOptions = {},
): Promise<QueryResult[]> {
  const { concurrency = 5, maxTotalCostUsd = Number.POSITIVE_INFINITY, stopOnError = false, onResult, signal, ...common } = options
  if (!(concurrency >= 1)) throw new ClaudeError({ code: 'invalid_argument', message: 'concurrency is at least 1.' })
  const deadline = createDeadline({ signal })
  const results: QueryResult[] = []
  let next = 0
  let spent = 0
  let stopped: string | undefined

  const runItem = async (index: number): Promise<void> => {
    const item = items[index] as BatchItem
    const { prompt, options: own } = typeof item === 'string' ? { prompt: item } : item
    const result =
      stopped === undefined
        ? await settle(run, index, prompt, { ...common, ...own, signal: deadline.signal })
        : failed(index, prompt, new ClaudeError({ code: 'aborted', message: `Not started. ${stopped}` }))
    results[index] = result
    spent += result.costUsd
    if (spent >= maxTotalCostUsd) stopped ??= `The batch has spent its ${maxTotalCostUsd} USD.`
    if (result.error && stopOnError) stopped ??= `Prompt ${index} failed.`
    onResult?.(result)
  }
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next
      next += 1
      await runItem(index)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
    if (signal?.aborted) throw abortError(signal, { system: 'claude', op: 'batch', sent: 'maybe' })
    return results
  } finally {
    deadline.abort()
    deadline[Symbol.dispose]()
  }
}

async function settle(
  run: (prompt: string, options: QueryOptions) => Turn,
  index: number,
  prompt: string,
  options: QueryOptions,
): Promise<QueryResult> {
  try {
    return resultOf(index, prompt, await run(prompt, options).result())
  } catch (error) {
    const failure = SignalboxError.is(error)
      ? error
      : new ClaudeError({ code: 'protocol', sent: 'maybe', message: `The prompt failed: ${String(error)}`, cause: error })
    return failed(index, prompt, failure)
  }
}

/** The result of a finished run, with ccflow's field names. */
function resultOf(index: number, prompt: string, { sessionId, text: result, costUsd, raw }: ResultMessage): QueryResult {
  return { index, prompt, success: true, sessionId, result, costUsd, ...countedIn(raw), error: undefined }
}

/** The result of a prompt that failed. A failed run has a cost too. */
function failed(index: number, prompt: string, error: SignalboxError): QueryResult {
  const { partialText: result = '', sessionId, result: line = NOTHING } = error as Partial<ClaudeError>
  const { costUsd } = createMeter()(line)
  return { index, prompt, success: false, sessionId, result, costUsd, ...countedIn(line), error }
}

function countedIn(line: ResultLine): Pick<QueryResult, 'inputTokens' | 'outputTokens' | 'totalTokens' | 'durationSeconds'> {
  const { inputTokens, outputTokens, totalTokens } = tokensOf(line)
  return { inputTokens, outputTokens, totalTokens, durationSeconds: figure(line.duration_ms) / 1000 }
}
