/** Batches of prompts: concurrency, limits, and the report of prompts that did not run. */
import { expect, test } from 'vitest'
import { runBatch, type QueryResult } from '../../src/claude/run/batch.js'
import { createClaude, type ResultMessage } from '../../src/claude/index.js'
import type { Turn } from '../../src/claude/run/turn.js'
import { deferred } from '../../src/core/deferred.js'
import { createClaudeSimulator } from '../../src/testing/claude/simulator.js'

const start = () => {
  const simulated = createClaudeSimulator()
  return { simulated, claude: createClaude({ transport: simulated.transport }) }
}
const outcomes = (results: readonly QueryResult[]) => results.map(({ result, error }) => error?.code ?? result)

test('[claude.batch] stopOnError starts no run after a failure, and reports the skipped runs', async () => {
  const { simulated, claude } = start()
  const prompts = ['FAKE:echo:one', 'FAKE:400', 'FAKE:echo:three', 'FAKE:echo:four']
  const stopped = await claude.batchQuery(prompts, { concurrency: 1, stopOnError: true })
  expect(outcomes(stopped)).toEqual(['one', 'invalid_argument', 'aborted', 'aborted'])
  expect(stopped[3]?.error).toMatchObject({ sent: 'no', message: 'Not started. Prompt 1 failed.' })
  expect(stopped.map(({ index, prompt }) => [index, prompt])).toEqual([...prompts.entries()])
  expect(simulated.runs.length).toBe(2)
  expect(outcomes(await claude.batchQuery(prompts, { concurrency: 1 }))).toEqual(['one', 'invalid_argument', 'three', 'four'])
  await claude.close()
})

test('[claude.batch] a batch that has spent its budget starts no further run', async () => {
  const { simulated, claude } = start()
  const [first] = await claude.batchQuery(['FAKE:echo:one'])
  const maxTotalCostUsd = 1.5 * (first?.costUsd ?? 0)
  const results = await claude.batchQuery(['FAKE:echo:a', 'FAKE:echo:b', 'FAKE:echo:c'], { concurrency: 1, maxTotalCostUsd })
  expect(outcomes(results)).toEqual(['a', 'b', 'aborted'])
  expect(results[2]?.error?.message).toContain(`spent its ${maxTotalCostUsd} USD`)
  expect(simulated.runs.length).toBe(3)
  await claude.close()
})

test('[claude.batch] the cost of a failed run is reported and counts towards the limit', async () => {
  const { simulated, claude } = start()
  const options = { concurrency: 1, maxBudgetUsd: 1e-6, maxTotalCostUsd: 1e-6 }
  const [first, second] = await claude.batchQuery(['FAKE:echo:a', 'FAKE:echo:b'], options)
  expect(first?.success).toBe(false)
  expect(first?.costUsd).toBeGreaterThan(1e-6)
  expect(first?.outputTokens).toBeGreaterThan(0)
  expect(second?.error?.message).toContain('spent its')
  expect(second).toMatchObject({ costUsd: 0, totalTokens: 0, durationSeconds: 0 })
  expect(simulated.runs.length).toBe(1)
  await claude.close()
})

test.each([
  ['the configured number', 2, { concurrency: 2 }],
  ['five by default', 5, {}],
])('[claude.batch] the number of concurrent runs is %s', async (_, limit, options) => {
  let inside = 0
  let most = 0
  const full = deferred()
  const result = async (): Promise<ResultMessage> => {
    inside += 1
    most = Math.max(most, inside)
    if (inside === limit) full.resolve()
    await full.promise
    inside -= 1
    return { raw: { type: 'result', subtype: 'success', is_error: false }, text: 'x' } as Partial<ResultMessage> as ResultMessage
  }
  const results = await runBatch(() => ({ result }) as Partial<Turn> as Turn, Array<string>(12).fill('x'), options)
  expect([results.length, most]).toEqual([12, limit])
})

test('[claude.batch] a concurrency below one is refused; an empty batch succeeds', async () => {
  const { claude } = start()
  for (const concurrency of [0, -1, Number.NaN])
    await expect(claude.batchQuery(['x'], { concurrency })).rejects.toMatchObject({ code: 'invalid_argument', sent: 'no' })
  expect(await claude.batchQuery([])).toEqual([])
  await claude.close()
})

test('[claude.batch] a prompt can have its own options, and each finished prompt is reported', async () => {
  const { simulated, claude } = start()
  const told: number[] = []
  const prompts = ['FAKE:echo:one', { prompt: 'FAKE:echo:two', options: { model: 'own-model' } }]
  const results = await claude.batchQuery(prompts, {
    concurrency: 1,
    model: 'common-model',
    onResult: ({ index, result }) => void told.push(index, result.length),
  })
  expect(outcomes(results)).toEqual(['one', 'two'])
  expect(told).toEqual([0, 3, 1, 3])
  expect(simulated.runs.map(({ launch }) => launch.model)).toEqual(['common-model', 'own-model'])
  await claude.close()
})

test('[claude.batch] an error of the callback ends the batch and its running prompts', async () => {
  const { simulated, claude } = start()
  const thrown = new Error('not like this')
  const onResult = (): void => {
    throw thrown
  }
  await expect(claude.batchQuery(['FAKE:echo:one', 'FAKE:hang'], { onResult })).rejects.toBe(thrown)
  await claude.close()
  expect(simulated.running).toBe(0)
})

test('[claude.batch] an abort is a SignalboxError with its reason', async () => {
  const { claude } = start()
  const controller = new AbortController()
  const batch = claude.batchQuery(['FAKE:hang', 'FAKE:hang'], { signal: controller.signal })
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(batch).rejects.toMatchObject({ code: 'aborted', system: 'claude', op: 'batch', sent: 'maybe', cause: reason })
  await claude.close()
})

test('[claude.batch] a run that failed in an unknown way has sent: maybe', async () => {
  const cause = new TypeError('broken')
  const broken = { result: () => Promise.reject(cause) } as Partial<Turn> as Turn
  const [result] = await runBatch(() => broken, ['x'])
  expect(result).toMatchObject({ success: false, error: { code: 'protocol', sent: 'maybe', cause } })
})
