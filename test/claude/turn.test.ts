/** Turns and their ends: what a caller sees of a run, on the simulator of each generation. */
import { describe, expect, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import {
  fallbackTo,
  type ClaudeClient,
  type ClaudeError,
  type ClaudeMessage,
  createFullClaude,
  type FullClaudeOptions,
  query,
  type QueryOptions,
} from '../../src/claude/index.js'
import { createClaudeSimulator, type ClaudeSimulatorOptions } from '../../src/testing/claude/simulator.js'
import { createFakeClock } from '../../src/testing/clock.js'
import { GENERATIONS } from './recordings.js'

const start = (simulator: ClaudeSimulatorOptions = {}, client: Partial<FullClaudeOptions> = {}) => {
  const simulated = createClaudeSimulator(simulator)
  return { simulated, claude: createFullClaude({ transport: simulated.transport, limiter: false, ...client }) }
}
const collect = async (turn: AsyncIterable<ClaudeMessage>): Promise<ClaudeMessage[]> => {
  const all: ClaudeMessage[] = []
  for await (const message of turn) all.push(message)
  return all
}
const typesOf = (messages: readonly ClaudeMessage[]): string[] => messages.map(({ type }) => type)
const closing = async ({ simulated, claude }: { simulated: ReturnType<typeof createClaudeSimulator>; claude: ClaudeClient }) => {
  await claude.close()
  expect(simulated.running).toBe(0)
}

describe.each(GENERATIONS)('on %s', (version) => {
  test('[claude.text-from-blocks] the answer has every text block, and the result field only the last', async () => {
    const run = start({ version })
    const turn = run.claude.query('FAKE:multi')
    const result = await turn.result()
    expect(result.text).toBe('First block. Second block.')
    expect(result.result).toBe('Second block.')
    expect(await run.claude.query('FAKE:bash:echo hi').text()).toBe('Done. Tool said: "hi"')
    await closing(run)
  })

  test('[claude.derived-messages] derived messages come with the raw line, in the documented order', async () => {
    const run = start({ version })
    const messages = await collect(run.claude.query('FAKE:bash:echo hi'))
    expect(typesOf(messages)).toEqual([
      'init',
      'text',
      'assistant',
      'toolUse',
      'assistant',
      'toolResult',
      'user',
      'text',
      'assistant',
      'stop',
      'result',
    ])
    const call = messages.find((message) => message.type === 'toolUse')
    const answer = messages.find((message) => message.type === 'toolResult')
    expect(call).toMatchObject({ tool: 'Bash', args: { command: 'echo hi' } })
    expect(answer).toMatchObject({ tool: 'Bash', id: call?.type === 'toolUse' ? call.id : '', result: 'hi', isError: false })
    expect(messages.every((message) => typeof message.raw.type === 'string')).toBe(true)
    await closing(run)
  })

  test('[claude.partial-retract] deltas are provisional: the text of an interrupted stream is withdrawn', async () => {
    const run = start({ version })
    const messages = await collect(run.claude.query('FAKE:cutonce:x', { includePartial: true }))
    let shown = ''
    for (const message of messages) {
      if (message.type === 'text') shown += message.content
      if (message.type === 'retract') shown = shown.slice(0, shown.length - message.content.length)
    }
    expect(typesOf(messages)).toContain('retract')
    expect(shown).toBe('Whole after the cut.')
    await closing(run)
  })

  test('[claude.classify] each failure has its own class, and none is retried', async () => {
    const run = start({ version })
    const fail = async (prompt: string, options = {}) =>
      await run.claude
        .query(prompt, { maxApiRetries: 1, ...options })
        .result()
        .then(
          () => undefined,
          (error) => ({ code: error.code, name: error.name, remote: error.remoteCode, sent: error.sent }),
        )
    expect(await fail('FAKE:400')).toMatchObject({ code: 'invalid_argument', sent: 'yes' })
    expect(await fail('FAKE:401')).toMatchObject({ code: 'unauthenticated', name: 'CLIAuthenticationError' })
    expect(await fail('FAKE:403')).toMatchObject({ code: 'permission_denied', name: 'CLIAuthenticationError' })
    expect(await fail('FAKE:429')).toMatchObject({ code: 'rate_limited', name: 'RateLimitError' })
    expect(await fail('FAKE:500')).toMatchObject({ code: 'unavailable' })
    expect(await fail('FAKE:529')).toMatchObject({ code: 'unavailable' })
    expect(await fail('FAKE:reset')).toMatchObject({ code: 'unavailable' })
    expect(await fail('FAKE:refusal')).toMatchObject({ code: 'remote', remote: 'refusal' })
    expect(await fail('FAKE:toolong')).toMatchObject({ code: 'invalid_argument' })
    expect(await fail('FAKE:maxtokens')).toMatchObject({ remote: 'max_output_tokens' })
    expect(await fail('x', { model: 'bogus-model-1' })).toMatchObject({ code: 'not_found', remote: 'model_not_found' })
    expect(await fail('FAKE:loop', { maxTurns: 2, allowedTools: ['Bash'] })).toMatchObject({ remote: 'error_max_turns' })
    expect(await fail('FAKE:loop', { maxBudgetUsd: 0.0001, allowedTools: ['Bash'] })).toMatchObject({
      remote: 'error_max_budget_usd',
    })
    const schema = { type: 'object', required: ['name'] }
    expect(await fail('FAKE:badschema', { jsonSchema: schema })).toMatchObject({ remote: 'error_max_structured_output_retries' })
    expect(run.simulated.runs.length).toBe(14)
    await closing(run)
  })

  test('[claude.close-ends-queries] closing the client ends its queries and refuses later ones', async () => {
    const run = start({ version })
    const failure = run.claude
      .query('FAKE:slow:10000')
      .result()
      .catch((error: unknown) => error)
    await expect.poll(() => run.simulated.running).toBe(1)
    await closing(run)
    expect(await failure).toMatchObject({ code: 'closed' })
    expect(() => run.claude.query('late')).toThrow(/closed/)
  })

  test('[claude.failed-turn-ends] a failed turn ends for its reader with the result, and the promise rejects', async () => {
    const run = start({ version })
    const turn = run.claude.query('FAKE:400')
    const messages = await collect(turn)
    expect(messages.at(-1)).toMatchObject({ type: 'result', isError: true, error: { code: 'invalid_argument' } })
    await expect(turn.result()).rejects.toMatchObject({ code: 'invalid_argument' })
    await closing(run)
  })

  test('[claude.structured-output] structured output is returned parsed', async () => {
    const run = start({ version })
    const result = await run.claude.query('FAKE:schema', { jsonSchema: { type: 'object', required: ['name'] } }).result()
    expect(result.structuredOutput).toEqual({ name: 'Ada', age: 36 })
    await closing(run)
  })

  test('[claude.output-schema] a schema of a library gives a typed, checked output; output that does not match is an error', async () => {
    const run = start({ version })
    const person = z.object({ name: z.string(), age: z.number() })
    const { structuredOutput } = await run.claude.query('FAKE:schema', { outputSchema: person }).result()
    expectTypeOf(structuredOutput).toEqualTypeOf<{ name: string; age: number }>()
    expect(structuredOutput).toEqual({ name: 'Ada', age: 36 })
    const json = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', required: ['name'] }
    expect((await run.claude.query('FAKE:schema', { outputSchema: json }).result()).structuredOutput).toEqual({
      name: 'Ada',
      age: 36,
    })
    await run.claude.query('FAKE:schema', { jsonSchema: json }).result()
    expect(run.simulated.runs.every(({ args }) => args.some((one) => one.startsWith('--json-schema=')))).toBe(true)
    expect(run.simulated.runs.some(({ args }) => args.some((one) => one.includes('$schema')))).toBe(false)
    const unmet = run.claude.query('FAKE:echo:in words', { outputSchema: json })
    await expect(unmet.result()).rejects.toMatchObject({ remoteCode: 'structured_output_missing', partialText: 'in words' })
    const older = z.object({ name: z.string(), age: z.number().check(z.refine((age) => age > 40)) })
    await expect(run.claude.query('FAKE:schema', { outputSchema: older }).result()).rejects.toMatchObject({
      code: 'invalid_message',
      remoteCode: 'structured_output_refused',
    })
    await closing(run)
  })

  test('[claude.dash-prompt] [claude.long-prompt] any prompt reaches the model unchanged', async () => {
    const run = start({ version })
    expect(await run.claude.querySimple('- FAKE:echo:dash')).toBe('dash')
    const long = `FAKE:echo:${'y'.repeat(200_000)}`
    expect(await run.claude.querySimple(long)).toBe('y'.repeat(200_000))
    expect(run.simulated.runs[1]?.args.join(' ').length).toBeLessThan(1000)
    await closing(run)
  })

  test('[claude.big-line] [claude.u2028] a line of 20 MB, and raw line separators inside strings, are read', async () => {
    const run = start({ version })
    expect((await run.claude.querySimple('FAKE:big:20000000')).length).toBe(20_000_000)
    expect(await run.claude.querySimple('FAKE:unicode')).toContain('🚂 \u2028 line separator, \u2029')
    await closing(run)
  })

  test('[claude.break-ends] leaving the loop ends the process', async () => {
    const run = start({ version })
    for await (const message of run.claude.query('FAKE:slow:10000', { includePartial: true })) if (message.type === 'text') break
    await closing(run)
  })

  test('[claude.abort] an abort and a deadline end the run at once, with the answer so far', async () => {
    const run = start({ version })
    const controller = new AbortController()
    const turn = run.claude.query('FAKE:slow:10000', { signal: controller.signal, includePartial: true })
    for await (const message of turn) {
      if (message.type !== 'text') continue
      controller.abort(new Error('enough'))
      break
    }
    await expect(turn.result()).rejects.toMatchObject({ code: 'aborted', cause: expect.objectContaining({ message: 'enough' }) })
    await expect(run.claude.querySimple('FAKE:hang', { timeoutMs: 50 })).rejects.toMatchObject({
      name: 'CLITimeoutError',
      code: 'deadline_exceeded',
    })
    await closing(run)
  })

  test('[claude.interrupt-early] an interrupt at any time stops the query, and resolves when the query has stopped', async () => {
    const run = start({ version })
    const ends: unknown[] = []
    // From before the process is opened to the middle of the answer.
    for (const steps of [0, 1, 3, 10, 30, 100]) {
      const turn = run.claude.query('FAKE:slow:10000')
      const failure = turn.result().catch((error: unknown) => error)
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      await turn.interrupt()
      expect(run.simulated.running).toBe(0)
      ends.push(await failure)
    }
    for (const end of ends) expect(end).toMatchObject({ code: 'aborted' })
    expect(ends[0]).toMatchObject({ sent: 'no' })
    expect(ends.at(-1)).toMatchObject({ sent: 'yes' })
    await closing(run)
  })

  test('[claude.partial-text] after a timeout, an abort or a kill, the error of the turn has the text so far', async () => {
    const clock = createFakeClock()
    const run = start({ version }, { clock })
    const shownUntil = async (end: () => unknown, options: QueryOptions = {}) => {
      const turn = run.claude.query('FAKE:slow:10000', { includePartial: true, ...options })
      const failure = turn.result().catch((error: unknown) => error)
      let shown = ''
      try {
        for await (const message of turn) {
          if (message.type !== 'text') continue
          shown += message.content
          if (shown.includes('tick 1')) end()
        }
      } catch {
        // The failure comes from the result.
      }
      const error = (await failure) as ClaudeError
      expect(shown).toContain('tick 1')
      expect(error.partialText).toContain('tick 1')
      expect(error.partialText?.startsWith(shown)).toBe(true)
      return error
    }
    expect(await shownUntil(() => clock.advance(1_000), { timeoutMs: 1_000 })).toMatchObject({ code: 'deadline_exceeded' })
    const controller = new AbortController()
    expect(await shownUntil(() => controller.abort(), { signal: controller.signal })).toMatchObject({ code: 'aborted' })
    expect(await shownUntil(() => run.simulated.kill())).toMatchObject({ code: 'exited' })
    await closing(run)
  })

  test('[claude.batch] results keep the order and the cause', async () => {
    const run = start({ version })
    const results = await run.claude.batchQuery(['FAKE:echo:one', 'FAKE:400', { prompt: 'FAKE:echo:three' }], { concurrency: 3 })
    expect(results.map(({ index, success, result }) => [index, success, success ? result : ''])).toEqual([
      [0, true, 'one'],
      [1, false, ''],
      [2, true, 'three'],
    ])
    expect(results[1]?.error).toMatchObject({ code: 'invalid_argument' })
    expect(results[0]).toMatchObject({ inputTokens: 120, outputTokens: 25, totalTokens: 145 })
    expect(results[0]?.costUsd).toBeGreaterThan(0)
    await closing(run)
  })

  test('[claude.usage-once] usage and cost are counted once, and equal the totals of the CLI', async () => {
    const run = start({ version })
    const seen: string[] = []
    let tokens = 0
    let cost = 0
    run.claude.events.on('tokens.used', ({ totalTokens }) => {
      tokens += totalTokens
    })
    run.claude.events.on('cost.incurred', ({ amountUsd }) => {
      cost += amountUsd
    })
    run.claude.events.on((event) => void seen.push(event.type))
    const first = await run.claude.query('FAKE:bash:echo hi').result()
    const second = await run.claude.query('FAKE:echo:two').result()
    expect(seen.filter((type) => type === 'tool.called').length).toBe(1)
    expect(seen.filter((type) => type === 'tool.result').length).toBe(1)
    expect(tokens).toBe(3 * 145)
    expect(cost).toBeCloseTo(first.totalCostUsd + second.totalCostUsd, 9)
    expect(run.claude.usage.totalCostUsd).toBeCloseTo(cost, 9)
    expect(run.claude.usage.totalTokens).toBe(tokens)
    expect(run.claude.metrics?.text()).toContain('ccflow_requests_total{model="')
    await closing(run)
  })

  test('[claude.process-dies] a CLI that dies during a turn gives a typed error with its stderr', async () => {
    const run = start({ version })
    const turn = run.claude.query('FAKE:slow:10000', { includePartial: true })
    const failure = turn.result().catch((error) => error)
    await expect
      .poll(() => run.simulated.runs[0]?.written.some((line) => (line as { type: string }).type === 'stream_event'))
      .toBe(true)
    run.simulated.kill()
    expect(await failure).toMatchObject({ code: 'exited', exitCode: 143, sent: 'yes' })
    await closing(run)
  })
})

test('[claude.usage-limit] a usage limit error says when the limit resets; an automatic second send is opt-in', async () => {
  let calls = 0
  const clock = createFakeClock()
  const model = () => {
    calls += 1
    return calls === 1
      ? ({ kind: 'usage_limit' } as const)
      : ({ kind: 'answer', blocks: [{ type: 'text', text: 'at last' }], stopReason: 'end_turn' } as const)
  }
  const refused = start({ model, clock }, { clock })
  const error = await refused.claude
    .query('hello')
    .result()
    .catch((reason) => reason)
  expect(error).toMatchObject({ name: 'RateLimitError', remoteCode: 'usage_limit_reached' })
  expect(error.resetsAtMs).toBeGreaterThan(clock.now())
  calls = 0
  const patient = start({ model, clock }, { clock, timeoutMs: 0 })
  const answer = patient.claude.query('hello', { resendAfterReset: 24 * 3_600_000 }).text()
  await expect.poll(() => calls).toBe(1)
  const sentAgain = (): boolean => calls > 1
  while (!sentAgain()) await clock.advanceToNext()
  expect(await answer).toBe('at last')
  expect(calls).toBe(2)
  await Promise.all([closing(refused), closing(patient)])
})

test('[claude.api-retry] retries of the CLI are shown as waiting, with their duration', async () => {
  const run = start({ version: '2.1.197' })
  const messages = await collect(run.claude.query('FAKE:429once:x'))
  const waiting = messages.filter((message) => message.type === 'waiting')
  expect(waiting).toMatchObject([{ reason: 'api_retry', attempt: 1, maxRetries: 10, status: 429, delayMs: 500 }, { attempt: 2 }])
  await closing(run)
})

test('[claude.idle-watchdog] silence in a turn is found by a timer, not by the next line', async () => {
  const clock = createFakeClock()
  const run = start({ clock }, { clock, timeoutMs: 0 })
  const failure = run.claude
    .query('FAKE:hang', { idleMs: 10_000 })
    .result()
    .catch((error) => error)
  await expect
    .poll(() => run.simulated.runs[0]?.written.some((line) => (line as { subtype?: string }).subtype === 'init'))
    .toBe(true)
  await clock.advance(10_001)
  expect(await failure).toMatchObject({ name: 'CLITimeoutError', code: 'deadline_exceeded', sent: 'yes' })
  await clock.advance(10_000)
  await closing(run)
})

test('[claude.slow-reader] a reader that does not read pauses the process, and control requests are still answered', async () => {
  const run = start({
    model: () => ({
      kind: 'answer',
      blocks: Array.from({ length: 40 }, () => ({ type: 'text', text: 'z'.repeat(1_000_000) })),
      stopReason: 'end_turn',
    }),
  })
  const turn = run.claude.query('hello')
  const reader = turn[Symbol.asyncIterator]()
  await reader.next()
  await expect.poll(() => (run.simulated.runs[0]?.written.length ?? 0) > 30).toBe(true)
  await turn.interrupt()
  let bytes = 0
  for (let next = await reader.next(); !next.done; next = await reader.next())
    if (next.value.type === 'text') bytes += next.value.content.length
  expect(bytes).toBe(40_000_000)
  await closing(run)
})

test('[claude.first-query] the standalone query needs only a transport, and reads lines too', async () => {
  const { transport } = createClaudeSimulator()
  const kinds: string[] = []
  for await (const line of query('say hello', { transport }).lines()) kinds.push(line.type)
  expect(kinds).toEqual(['command_lifecycle', 'command_lifecycle', 'system', 'assistant', 'result', 'command_lifecycle'])
})

test('[claude.fallback] another backend takes over a call that failed before its first line', async () => {
  const good = createClaudeSimulator()
  const broken = { kind: 'stream' as const, name: 'none', open: () => Promise.reject(new (class extends Error {})('x')) }
  const reasons: string[] = []
  const { SignalboxError } = await import('../../src/errors.js')
  const missing = {
    ...broken,
    open: () => Promise.reject(new SignalboxError({ code: 'not_found', message: 'no claude here', op: 'open' })),
  }
  const claude = createFullClaude({
    transport: missing,
    retry: false,
    fallback: fallbackTo({ transport: good.transport }),
    onEvent: (event) => event.type === 'fallback' && reasons.push(event.reason),
  })
  expect(await claude.querySimple('FAKE:echo:saved')).toBe('saved')
  expect(reasons).toEqual(['cli_unavailable: not_found'])
  await claude.close()
  const alone = createFullClaude({ transport: missing, retry: false })
  await expect(alone.querySimple('x')).rejects.toMatchObject({ name: 'CLINotFoundError', sent: 'no' })
  await alone.close()
})

test("[claude.breaker] infrastructure opens the breaker, the caller's own mistakes do not", async () => {
  const { SignalboxError } = await import('../../src/errors.js')
  const run = start({})
  for (let index = 0; index < 8; index += 1) await run.claude.querySimple('FAKE:400').catch(() => {})
  expect(run.claude.breaker?.state).toBe('closed')
  const transport = {
    kind: 'stream' as const,
    name: 'none',
    open: () => Promise.reject(new SignalboxError({ code: 'unreachable', message: 'gone' })),
  }
  const claude = createFullClaude({ transport, retry: false, limiter: false })
  for (let index = 0; index < 5; index += 1) await claude.querySimple('x').catch(() => {})
  await expect(claude.querySimple('x')).rejects.toMatchObject({ name: 'CircuitBreakerError', code: 'circuit_open', sent: 'no' })
  await claude.close()
  await closing(run)
})

test('[claude.awaited-dropped] a turn that is only awaited keeps lines for a late reader up to a limit; above it reading fails', async () => {
  const run = start({
    model: () => ({
      kind: 'answer',
      blocks: Array.from({ length: 5 }, () => ({ type: 'text', text: 'z'.repeat(400_000) })),
      stopReason: 'end_turn',
    }),
  })
  const turn = run.claude.query('hello')
  expect((await turn.text()).length).toBe(2_000_000)
  expect(() => turn.lines()).toThrow(/dropped/)
  await closing(run)
})
