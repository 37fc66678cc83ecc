/** Spans of a hub, with a tracer in memory behind the real `@opentelemetry/api`. */
import {
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { createHub } from '../../src/hub/index.js'
import { traceHub } from '../../src/otel/index.js'
import { createScriptedSystem, type Script } from '../../src/testing/index.js'
import { hubOverLink } from './over-link.js'

interface Recorded {
  readonly name: string
  readonly kind: SpanKind | undefined
  readonly parent: string | undefined
  readonly attributes: Attributes
  status?: { code: SpanStatusCode; message?: string }
  readonly start: Date
  end?: Date
}

/** A tracer that keeps its spans. */
function memoryTracer() {
  const spans: Recorded[] = []
  const bySpan = new Map<Span, Recorded>()
  const tracer: Tracer = {
    startSpan(name: string, { kind, attributes = {}, startTime }: SpanOptions = {}, context?: Context) {
      const parentSpan = context && trace.getSpan(context)
      const recorded: Recorded = {
        name,
        kind,
        parent: parentSpan && bySpan.get(parentSpan)?.name,
        attributes: { ...attributes },
        start: startTime as Date,
      }
      const inert = trace.wrapSpanContext({
        traceId: '1'.repeat(32),
        spanId: String(spans.length + 1).padStart(16, '0'),
        traceFlags: 1,
      })
      const span: Span = Object.assign(Object.create(inert) as Span, {
        spanContext: () => inert.spanContext(),
        setAttribute: (key: string, value: string) => {
          recorded.attributes[key] = value
          return span
        },
        setAttributes: (more: Attributes) => {
          Object.assign(recorded.attributes, more)
          return span
        },
        setStatus: (status: { code: SpanStatusCode }) => {
          recorded.status = status
          return span
        },
        end: (at: Date) => {
          recorded.end = at
        },
      })
      bySpan.set(span, recorded)
      spans.push(recorded)
      return span
    },
    startActiveSpan: () => {
      throw new Error('not used')
    },
  }
  return { tracer, spans }
}

const script: Script = async (turn) => {
  if (turn.prompt.text === 'stay') return
  turn.event({ kind: 'tool', id: 't1', name: 'Bash', status: 'running', input: { command: 'echo secret-input' } })
  if (turn.prompt.text === 'fail') {
    turn.event({ kind: 'tool', id: 't1', status: 'failed', output: 'no' })
    return turn.end({
      outcome: 'failed',
      stopReason: 'error',
      error: { code: 'remote', message: 'It broke: token=abcdefghijklmnop1234' },
    })
  }
  await turn.ask({ nativeId: 'q', kind: 'permission', tool: 'Bash' })
  turn.event({ kind: 'tool', id: 't1', status: 'done', output: 'secret-output' })
  turn.event({
    kind: 'usage',
    scope: 'turn',
    basis: 'reported',
    tokens: { input: 10, output: 4, cacheRead: 30, cacheWrite: 2 },
    costUsd: 0.25,
  })
  turn.say('done')
  turn.end({ stopReason: 'end_turn' })
}

test.each([
  ['in the process', createHub],
  ['behind a link', hubOverLink],
])('a turn of a hub %s is a span with spans of its tools and asks [hub.trace.turn]', async (_name, open) => {
  await using hub = await open({ sources: [createScriptedSystem({ script }).source()] })
  const { tracer, spans } = memoryTracer()
  await using _tracing = traceHub(hub, { tracer })
  await hub.agents()
  const turn = hub.prompt('script/a', 'go', { promptId: 'p1', by: 'ann', session: 'main' })
  await expect.poll(async () => (await hub.asks()).length).toBe(1)
  const [ask] = await hub.asks()
  await hub.answer(ask?.id ?? '', { accept: true }, { by: 'bob' })
  await turn.end()
  await expect.poll(() => spans.filter(({ end }) => end).length).toBe(3)
  expect(spans.map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
    ['invoke_agent a', SpanKind.CLIENT, undefined],
    ['execute_tool Bash', SpanKind.INTERNAL, 'invoke_agent a'],
    ['ask permission', SpanKind.INTERNAL, 'invoke_agent a'],
  ])
  expect(spans[0]?.attributes).toEqual({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': 'script',
    'gen_ai.agent.id': 'script/a',
    'gen_ai.agent.name': 'a',
    'gen_ai.conversation.id': 'main',
    'gen_ai.usage.input_tokens': 42,
    'gen_ai.usage.output_tokens': 4,
    'gen_ai.usage.cache_read.input_tokens': 30,
    'gen_ai.usage.cache_creation.input_tokens': 2,
    'gen_ai.response.finish_reasons': ['end_turn'],
    'signalbox.prompt.id': 'p1',
    'signalbox.prompt.by': 'ann',
    'signalbox.turn': 'started',
    'signalbox.cost.usd': 0.25,
    'signalbox.cost.basis': 'reported',
    'signalbox.outcome': 'completed',
    'signalbox.sent': 'yes',
  })
  expect(spans[1]?.attributes).toMatchObject({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'Bash',
    'gen_ai.tool.call.id': 't1',
  })
  expect(spans[2]?.attributes).toMatchObject({
    'signalbox.ask.outcome': 'answered',
    'signalbox.ask.by': 'bob',
    'signalbox.ask.delivered': 'yes',
  })
  for (const { start, end } of spans) expect(Number(end)).toBeGreaterThanOrEqual(Number(start))
  expect(JSON.stringify(spans)).not.toContain('secret-')
})

test('a failed turn is a failed span without secrets, and an open turn ends as unfinished [hub.trace.failed]', async () => {
  await using hub = await createHub({ sources: [createScriptedSystem({ script }).source()] })
  const { tracer, spans } = memoryTracer()
  const tracing = traceHub(hub, { tracer, agents: ['script/a'] })
  await hub.agents()
  await hub.prompt('script/a', 'fail').end()
  await hub.prompt('script/a', 'stay').accepted()
  await expect.poll(() => spans.length).toBe(3)
  await tracing.close()
  expect(spans[0]).toMatchObject({ attributes: { 'error.type': 'remote' }, status: { code: SpanStatusCode.ERROR } })
  expect(spans[0]?.status?.message).toMatch(/^It broke/)
  expect(JSON.stringify(spans)).not.toContain('abcdefghijklmnop1234')
  expect(spans[1]).toMatchObject({ name: 'execute_tool Bash', status: { code: SpanStatusCode.ERROR } })
  expect(spans[2]).toMatchObject({ attributes: { 'signalbox.unfinished': true } })
  expect(spans.every(({ end }) => end !== undefined)).toBe(true)
  await tracing.done
})
