import { context, propagation, SpanKind, SpanStatusCode, trace as api, type Context, type Span } from '@opentelemetry/api'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createCaller, type Call, type Interceptor } from '../../src/core/call.js'
import { log, parseTrace, retry, trace, traceEnvironment, type LogRecord } from '../../src/core/policy/index.js'
import { SignalboxError } from '../../src/errors.js'
import { otel } from '../../src/otel/index.js'
import { createFakeClock, createSeededRandom } from '../../src/testing/clock.js'

const callerWith = (interceptors: Interceptor[], clock = createFakeClock()) =>
  createCaller({ system: 'ccc', transport: 'memory', interceptors, clock })
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('log', () => {
  function setup(level?: 'silent' | 'error' | 'warn' | 'info' | 'debug') {
    const clock = createFakeClock({ now: 5000 })
    const records: LogRecord[] = []
    const logger = log({ clock, sink: (record) => records.push(record), ...(level ? { level } : {}) })
    return { clock, records, logger, caller: callerWith([logger], clock) }
  }

  it('[policy.log] writes one record for each finished call, with its duration by the clock', async () => {
    const { caller, records, clock } = setup()
    const run = caller.run(
      { op: 'ask', args: { q: 1 } },
      undefined,
      () => new Promise((resolve) => void clock.after(30, () => resolve(1))),
    )
    await clock.advance(30)
    await run
    expect(records).toEqual([
      {
        time: 5030,
        level: 'info',
        event: 'call.end',
        system: 'ccc',
        transport: 'memory',
        op: 'ask',
        kind: 'unary',
        attempt: 1,
        durationMs: 30,
      },
    ])
  })

  it('[policy.log] changes its level at run time, and adds redacted arguments only at debug', async () => {
    const { caller, records, logger } = setup('silent')
    const call = () => caller.run({ op: 'login', args: { user: 'ann', password: 'hunter2' } }, undefined, async () => 1)
    await call()
    expect(records).toEqual([])
    logger.level = 'debug'
    expect(logger.level).toBe('debug')
    await call()
    expect(records.map(({ event }) => event)).toEqual(['call.start', 'call.end'])
    expect(records[0]?.args).toEqual({ user: 'ann', password: '[redacted]' })
    expect(JSON.stringify(records)).not.toContain('hunter2')
    // @ts-expect-error: not a level
    expect(() => (logger.level = 'loud')).toThrow(/loud/)
  })

  it('[policy.log] logs failures with severity, code and sent, and survives a sink that throws', async () => {
    const { caller, records } = setup()
    for (const code of ['unavailable', 'invalid_argument', 'aborted'] as const) {
      const error = new SignalboxError({ code, message: 'password=hunter2' })
      await caller.run({ op: 'x' }, undefined, () => Promise.reject(error)).catch(() => {})
    }
    expect(records.map(({ level, event, code, sent }) => [level, event, code, sent])).toEqual([
      ['warn', 'call.error', 'unavailable', 'no'],
      ['error', 'call.error', 'invalid_argument', 'no'],
      ['info', 'call.error', 'aborted', 'no'],
    ])
    expect(JSON.stringify(records)).not.toContain('hunter2')
    const broken = log({
      sink() {
        throw new Error('disk full')
      },
    })
    expect(await callerWith([broken]).run({ op: 'x' }, undefined, async () => 'fine')).toBe('fine')
  })

  it('[policy.log] works alone, and by default writes one line of JSON on the console', () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {})
    log({ clock: createFakeClock({ now: 1 }) }).write('info', 'started', { big: 1n, token: 'x' })
    log().write('debug', 'too quiet')
    expect(info.mock.calls).toEqual([['{"big":"1","token":"[redacted]","time":1,"level":"info","event":"started"}']])
    info.mockRestore()
  })
})

describe('trace', () => {
  const seenBy = async (interceptors: Interceptor[], inCall: Record<string, string> = {}) => {
    const seen: Call['trace'][] = []
    const inside: Interceptor = (call, next) => next({ ...call, trace: inCall })
    await callerWith([inside, ...interceptors]).run({ op: 'x' }, undefined, async (call) => seen.push(call.trace))
    return seen[0] ?? {}
  }

  it('[policy.trace-continue] continues the trace of the call, or of its parent, with its own span', async () => {
    const random = createSeededRandom(1)
    const own = await seenBy([trace({ random })], { traceparent: PARENT, tracestate: 'a=b', baggage: 'c=d' })
    expect(own).toMatchObject({ tracestate: 'a=b', baggage: 'c=d' })
    expect(own.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/)
    expect(own.traceparent).not.toBe(PARENT)
    const parent = await seenBy([trace({ parent: () => ({ traceparent: PARENT.replace(/01$/, '00') }) })])
    expect(parent.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/)
  })

  it('[policy.trace-begin] starts a trace if there is none or an invalid one, without the state of another trace', async () => {
    const fresh = await seenBy([trace()])
    expect(fresh.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    const broken = await seenBy([trace({ sampled: false })], { traceparent: 'nonsense', tracestate: 'a=b' })
    expect(broken.traceparent).toMatch(/-00$/)
    expect(broken).not.toHaveProperty('tracestate')
    // A random source of only zeros must not give the id that means "none".
    expect((await seenBy([trace({ random: () => 0 })])).traceparent).toBe(`00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-01`)
  })

  it('[policy.trace-parse] ignores headers that the standard declares invalid, and reads later versions', () => {
    expect(parseTrace({ traceparent: PARENT, tracestate: 'x'.repeat(513) })).toEqual({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      sampled: true,
    })
    expect(parseTrace({ traceparent: `${PARENT.replace(/^00/, 'cc')}-more` })?.sampled).toBe(true)
    const bad = [
      undefined,
      '',
      PARENT.replace(/^00/, 'ff'),
      `${PARENT}-more`,
      PARENT.toUpperCase(),
      PARENT.replace(/-[0-9a-f]{32}-/, `-${'0'.repeat(32)}-`),
      PARENT.replace('b7ad6b7169203331', '0000000000000000'),
      PARENT.slice(0, -1),
    ]
    for (const traceparent of bad) expect(parseTrace({ traceparent })).toBeUndefined()
  })

  it('[policy.trace-environment] names the variables of a child', () => {
    expect(traceEnvironment({ traceparent: PARENT, tracestate: 'a=b', 'x-own.id': '1', bad: 'a\0b' })).toEqual({
      TRACEPARENT: PARENT,
      TRACESTATE: 'a=b',
      X_OWN_ID: '1',
    })
  })

  it('[policy.trace-continue] gives all attempts one span outside retry, and each its own inside', async () => {
    const spans = async (interceptors: (clock: ReturnType<typeof createFakeClock>) => Interceptor[]) => {
      const clock = createFakeClock()
      const seen = new Set<string | undefined>()
      const run = callerWith(interceptors(clock), clock).run({ op: 'x' }, undefined, async (call) => {
        seen.add(call.trace.traceparent)
        if (seen.size + call.attempt < 4) throw new SignalboxError({ code: 'unreachable', message: '' })
      })
      await clock.advance(60_000)
      await run.catch(() => {})
      return seen.size
    }
    expect(await spans((clock) => [trace(), retry({ clock })])).toBe(1)
    expect(await spans((clock) => [retry({ clock }), trace()])).toBe(2)
  })
})

describe('otel', () => {
  afterEach(() => {
    api.disable()
    context.disable()
    propagation.disable()
  })

  it('[policy.otel] does nothing without an SDK: the call, its trace and its failure pass through', async () => {
    const caller = callerWith([otel()])
    expect(await caller.run({ op: 'x' }, undefined, async (call) => call.trace)).toEqual({})
    await expect(caller.run({ op: 'x' }, undefined, () => Promise.reject(new Error('no')))).rejects.toMatchObject({
      code: 'protocol',
    })
  })

  it('[policy.otel] makes a client span with redacted attributes, puts it in the call, and ends it with the outcome', async () => {
    const ended: unknown[] = []
    const tracer = {
      startSpan(name: string, options: { kind?: SpanKind; attributes?: Record<string, unknown> }) {
        const span = { name, kind: options.kind, attributes: { ...options.attributes }, status: {}, exceptions: [] as unknown[] }
        return {
          setAttribute(key: string, value: unknown) {
            span.attributes[key] = value
          },
          setStatus(status: object) {
            span.status = status
          },
          recordException: (exception: unknown) => void span.exceptions.push(exception),
          end: () => ended.push(span),
          spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
        } as unknown as Span
      },
    }
    propagation.setGlobalPropagator({
      inject: (at: Context, carrier: unknown, setter) =>
        setter.set(carrier, 'traceparent', `id ${api.getSpan(at)?.spanContext().spanId}`),
      extract: (at: Context) => at,
      fields: () => ['traceparent'],
    })
    const policy = otel({ tracer: tracer as never, attributes: () => ({ url: 'https://a:b@c.d/', password: 'hunter2', n: 1 }) })
    const caller = callerWith([policy])
    expect(await caller.run({ op: 'ask' }, undefined, async (call) => call.trace)).toEqual({ traceparent: `id ${'b'.repeat(16)}` })
    const error = new SignalboxError({ code: 'remote', message: 'token=abc123', sent: 'yes', status: 500, remoteCode: 'E1' })
    await expect(caller.run({ op: 'ask' }, undefined, () => Promise.reject(error))).rejects.toMatchObject({ code: 'remote' })
    expect(ended).toEqual([
      expect.objectContaining({
        name: 'ccc ask',
        kind: SpanKind.CLIENT,
        attributes: expect.objectContaining({
          'rpc.system': 'ccc',
          'rpc.method': 'ask',
          url: 'https://[redacted]@c.d/',
          password: '[redacted]',
          n: 1,
        }),
        status: {},
      }),
      expect.objectContaining({
        attributes: expect.objectContaining({ 'error.type': 'remote', 'signalbox.sent': 'yes', 'http.response.status_code': 500 }),
        status: { code: SpanStatusCode.ERROR, message: 'token=[redacted]' },
        exceptions: [{ name: 'SignalboxError', message: 'token=[redacted]' }],
      }),
    ])
    const trap = otel({
      attributes() {
        throw new Error('mine')
      },
    })
    expect(await callerWith([trap]).run({ op: 'x' }, undefined, async () => 1)).toBe(1)
  })
})
