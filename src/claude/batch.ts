/** Many prompts, a few at a time; one that fails does not take the others with it. */
import { createScope } from '../core/scope.js'
import { SignalboxError } from '../errors.js'
import type { ResultMessage } from './messages.js'
import type { QueryOptions } from './query.js'
import type { Turn } from './turn.js'
import { tokensOf } from './usage.js'

export interface QueryResult {
  /** Which prompt this answers. */
  readonly index: number
  readonly prompt: string
  readonly success: boolean
  readonly sessionId: string | undefined
  /** The answer, or as much of it as came. */
  readonly result: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  readonly costUsd: number
  readonly durationSeconds: number
  readonly error: SignalboxError | undefined
}

export type BatchItem = string | { readonly prompt: string; readonly options?: QueryOptions }

export interface BatchOptions extends QueryOptions {
  /** Default 5. */
  readonly concurrency?: number
  /** Starts no further prompt once the finished ones cost this much; those under way go on. */
  readonly maxTotalCostUsd?: number
  /** Starts no further prompt after a failure. Default false. */
  readonly stopOnError?: boolean
  /** As each prompt is done, in that order. */
  readonly onResult?: (result: QueryResult) => void
}

/** Settled results in the order of the prompts. Rejects only when its own signal falls. */
export async function runBatch(
  run: (prompt: string, options: QueryOptions) => Turn,
  items: readonly BatchItem[],
  options: BatchOptions = {},
): Promise<QueryResult[]> {
  const { concurrency = 5, maxTotalCostUsd = Number.POSITIVE_INFINITY, stopOnError = false, onResult, signal, ...common } = options
  if (!(concurrency >= 1))
    throw new SignalboxError({ code: 'invalid_argument', system: 'claude', message: 'concurrency is at least 1.' })
  const scope = createScope({ signal })
  const results: QueryResult[] = []
  let next = 0
  let spent = 0
  let stopped: string | undefined

  const one = async (index: number): Promise<void> => {
    const item = items[index] as BatchItem
    const { prompt, options: own = {} } = typeof item === 'string' ? { prompt: item } : item
    const result =
      stopped === undefined
        ? await settle(run, index, prompt, { ...common, ...own, signal: scope.signal })
        : skipped(index, prompt, stopped)
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
      await one(index)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
    signal?.throwIfAborted()
    return results
  } finally {
    scope.abort()
    scope[Symbol.dispose]()
  }
}

async function settle(
  run: (prompt: string, options: QueryOptions) => Turn,
  index: number,
  prompt: string,
  options: QueryOptions,
): Promise<QueryResult> {
  try {
    const turn = run(prompt, options)
    return resultOf(index, prompt, await turn.result())
  } catch (error) {
    const typed = SignalboxError.is(error)
      ? error
      : new SignalboxError({
          code: 'protocol',
          system: 'claude',
          message: `The prompt could not be run: ${String(error)}`,
          cause: error,
        })
    const partial = (typed as { partialText?: unknown }).partialText
    const result = typeof partial === 'string' ? partial : ''
    return { ...EMPTY, index, prompt, result, error: typed, sessionId: (typed as { sessionId?: string }).sessionId }
  }
}

const EMPTY = {
  success: false,
  sessionId: undefined,
  result: '',
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  costUsd: 0,
  durationSeconds: 0,
} as const

/** What a finished run says, in ccflow's terms. */
export function resultOf(index: number, prompt: string, message: ResultMessage): QueryResult {
  const { inputTokens, outputTokens, totalTokens } = tokensOf(message.raw)
  const { sessionId, text: result, costUsd, durationMs } = message
  return {
    index,
    prompt,
    success: true,
    sessionId,
    result,
    inputTokens,
    outputTokens,
    totalTokens,
    costUsd,
    durationSeconds: durationMs / 1000,
    error: undefined,
  }
}

function skipped(index: number, prompt: string, why: string): QueryResult {
  const error = new SignalboxError({ code: 'aborted', system: 'claude', message: `Not started. ${why}`, sent: 'no' })
  return { ...EMPTY, index, prompt, error }
}
