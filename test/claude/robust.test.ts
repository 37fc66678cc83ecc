/** Odd lines of a peer, callbacks that throw and broken links, and what must continue to work. */
import { expect, test, vi } from 'vitest'
import { createAnswer } from '../../src/claude/messages/answer.js'
import { createConnection } from '../../src/claude/protocol/connection.js'
import { checkLines, type ClaudeClientEvent, createClaude, createFullClaude } from '../../src/claude/index.js'
import type { ClaudeLine } from '../../src/claude/messages/lines.js'
import { createTurnState } from '../../src/claude/protocol/turn-state.js'
import { systemClock } from '../../src/core/clock.js'
import { encodeNdjson } from '../../src/core/codec/ndjson.js'
import { createClaudeSimulator } from '../../src/testing/claude/simulator.js'
import { concurrency } from '../../src/core/policy/index.js'
import { memoryPair } from '../../src/testing/memory-link.js'
import { SignalboxError } from '../../src/errors.js'
import type { Link } from '../../src/transport.js'
import { scripted, speak, type Line } from './scripted.js'

const RESULT = { type: 'result', subtype: 'success', is_error: false, result: 'fine', session_id: 's' }

const connect = (link: Link) =>
  createConnection({
    link,
    handlers: [],
    initialize: {},
    controlTimeoutMs: 1_000,
    idleMs: 0,
    clock: systemClock,
    validate: () => {},
    onUnsolicited: () => undefined,
    onNoise: () => {},
  })
const turnState = () => {
  const ends: unknown[] = []
  const tell = (end: unknown): void => void ends.push(end)
  return { ends, state: createTurnState({ clock: systemClock, onEnd: tell, onFail: tell }) }
}

test.each(['at once', 'later'])(
  '[claude.unsolicited] an onTurn that throws %s is reported, and the session continues',
  async (when) => {
    const simulated = createClaudeSimulator()
    const events: ClaudeClientEvent[] = []
    const claude = createClaude({ transport: simulated.transport, onEvent: (event) => void events.push(event) })
    const error = new Error('broken')
    const onTurn = when === 'later' ? vi.fn(() => Promise.reject(error)) : vi.fn(() => expect.fail(error.message))
    const session = claude.createSession({ onTurn: onTurn as () => void })
    expect(await session.sendMessage('FAKE:echo:ours').text()).toBe('ours')
    simulated.speak('FAKE:echo:a background agent is done')
    await expect.poll(() => events).toMatchObject([{ type: 'callback_failed', what: 'onTurn', error: { message: 'broken' } }])
    expect(await session.sendMessage('FAKE:echo:ours again').text()).toBe('ours again')
    expect([onTurn.mock.calls.length, simulated.runs.length]).toEqual([1, 1])
    await claude.close()
  },
)

test('[claude.classify] an error name such as constructor is an unknown failure', async () => {
  const fail = async (...lines: Line[]) => {
    const claude = createClaude({ transport: scripted(() => lines) })
    const session = claude.createSession()
    const error = await session
      .sendMessage('x')
      .result()
      .catch((reason) => reason)
    await claude.close()
    return error
  }
  const failed = { ...RESULT, is_error: true }
  expect(await fail({ ...failed, subtype: 'constructor' })).toMatchObject({ code: 'remote', remoteCode: 'constructor' })
  const message = { id: 'm', model: 'x', role: 'assistant', content: [] }
  const named = { type: 'assistant', parent_tool_use_id: null, error: 'constructor', message }
  expect(await fail(named, failed)).toMatchObject({ code: 'remote', remoteCode: 'unknown' })
  const status = { ...failed, api_error_status: 'constructor' }
  expect(await fail(status)).toMatchObject({ code: 'remote', remoteCode: 'unknown' })
  for (const resetsAt of ['soon', 1e300, null]) {
    const limit = { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt } }
    const error = await fail(limit, failed)
    expect(error).toMatchObject({ name: 'RateLimitError', remoteCode: 'usage_limit_reached' })
    expect([error.resetsAtMs, error.retryAfterMs]).toEqual([undefined, undefined])
  }
})

test('[claude.lines-checked] a line type such as constructor is an unknown type', () => {
  const check = checkLines('strict', () => {})
  for (const type of ['constructor', 'toString', '__proto__']) expect(() => check({ type } as ClaudeLine)).not.toThrow()
})

test('[claude.session-queue] a message that was removed from the queue does not block the process', async () => {
  const [near, far] = memoryPair()
  const cancelled = ({ uuid }: Line) => [{ type: 'command_lifecycle', state: 'cancelled', command_uuid: uuid }]
  void speak(far, cancelled, ['msg_lifecycle_v1'])
  const connection = connect(near)
  await connection.ready
  const { state, ends } = turnState()
  await connection.begin(state, 'x')
  await connection.free()
  expect(ends).toMatchObject([{ code: 'aborted' }])
  await connection.close()
})

test('[claude.process-dies] a link whose closed promise rejects still ends its turn and its close', async () => {
  const [near, far] = memoryPair()
  void speak(far, () => [])
  const broken = new Error('no reason')
  const closed = Promise.reject(broken)
  closed.catch(() => {})
  const close = async () => {
    await near.close()
    return closed
  }
  const connection = connect({ ...near, info: near.info, close, closed })
  await connection.ready
  const { state, ends } = turnState()
  await connection.begin(state, 'x')
  await connection.close()
  expect(ends).toMatchObject([{ code: 'closed', sent: 'maybe', cause: broken }])
})

test('[claude.slow-reader] a turn has one reader', async () => {
  const { state } = turnState()
  const first = state.read()
  await expect(state.read()).rejects.toMatchObject({ code: 'invalid_argument' })
  state.discard()
  expect(await first).toBeNull()
})

test('[claude.slow-reader] every byte of a line counts once, for any number of chunks', async () => {
  const [near, far] = memoryPair()
  const lineOf = (bytes: number): Uint8Array =>
    encodeNdjson({ type: 'assistant', message: { content: [] }, parent_tool_use_id: null, more: 'z'.repeat(bytes) })
  void speak(far, () => [])
  const connection = connect(near)
  await connection.ready
  const { state } = turnState()
  await connection.begin(state, 'x')
  for (let count = 0; count < 40; count += 1) await far.write(lineOf(65_536))
  await expect.poll(() => state.answer.lines).toBe(40)
  expect(state.isFull).toBe(false)
  const long = lineOf(9_000_000)
  for (let at = 0; at < long.byteLength; at += 65_536) await far.write(long.subarray(at, at + 65_536))
  await expect.poll(() => state.answer.lines).toBe(41)
  expect(state.isFull).toBe(true)
  state.discard()
  await connection.close()
})

test('[claude.text-from-blocks] text before a tool call does not count against the maximum answer length', () => {
  const answer = createAnswer()
  const say = (content: readonly unknown[]): void =>
    answer.see({ type: 'assistant', parent_tool_use_id: null, message: { content } } as unknown as ClaudeLine)
  const long = 'y'.repeat(40 * 1024 * 1024)
  say([{ type: 'text', text: long }])
  say([{ type: 'tool_use', id: 't', name: 'Bash', input: {} }])
  say([{ type: 'text', text: long }])
  expect(answer.text.length).toBe(long.length)
})

test('[claude.classify] failures of the layers keep their layer and their cause', async () => {
  const cause = new Error('below')
  const whereItHappened = (): never => {
    throw new SignalboxError({ code: 'unavailable', message: 'Not now.', cause })
  }
  const claude = createClaude({ transport: scripted(() => []), interceptors: [async () => whereItHappened()] })
  const error = await claude.querySimple('x').catch((reason) => reason)
  expect(error).toMatchObject({ name: 'ClaudeError', code: 'unavailable', cause })
  expect(error.stack).toContain('whereItHappened')
  await claude.close()
})

test('[claude.control] a control request is not a turn: it neither waits for a permit nor uses one', async () => {
  const simulated = createClaudeSimulator()
  const limiter = concurrency({ maxConcurrent: 1, maxQueued: 0 })
  const claude = createClaude({ transport: simulated.transport, limiter })
  const session = claude.createSession()
  const turn = session.sendMessage('FAKE:slow:10000', { timeoutMs: 0 })
  turn.result().catch(() => {})
  await expect.poll(() => turn.sessionId).toBe(session.sessionId)
  await session.setPermissionMode('plan')
  expect(limiter.stats).toMatchObject({ acquired: 1, refused: 0 })
  await expect(claude.querySimple('x')).rejects.toMatchObject({ code: 'rate_limited', sent: 'no' })
  await claude.close()
})

test('[claude.classify] the text of the CLI ends before the hint starts', async () => {
  const claude = createClaude({ transport: createClaudeSimulator({ env: {} }).transport })
  await expect(claude.querySimple('x')).rejects.toThrow(/run \/login\. Sign in/)
  await claude.close()
})

test('[claude.malformed] a line with broken fields is delivered or reported, and never a TypeError', async () => {
  const broken: readonly unknown[] = [undefined, null, 0, 'text', [], [null], {}, [{ type: 'text' }, null, 7]]
  const sound: readonly Line[] = [
    { type: 'assistant', message: { id: 'm', content: [{ type: 'text', text: 'hi' }] }, error: 'unknown' },
    { type: 'user', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'done' }] } },
    { type: 'stream_event', event: { type: 'content_block_delta', delta: { text: 'x' } } },
    { type: 'system', subtype: 'init', session_id: 's', model: 'm', tools: [] },
    { type: 'system', subtype: 'api_retry', attempt: 1, max_retries: 2, retry_delay_ms: 5, error_status: 429 },
    { type: 'system', subtype: 'background_tasks_changed', tasks: [{ task_type: 'local_agent' }] },
    { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1 } },
    { type: 'command_lifecycle', command_uuid: 'x', state: 'started' },
  ]
  const lines: Line[] = []
  const breakEach = (value: unknown, rebuild: (inner: unknown) => Line): void => {
    for (const one of broken) lines.push(rebuild(one))
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'type') continue
      const put = (changed: unknown) => (Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed })
      breakEach(inner, (changed) => rebuild(put(changed)))
    }
  }
  for (const line of sound)
    for (const [key, value] of Object.entries(line)) {
      if (key !== 'type' && key !== 'subtype') breakEach(value, (changed) => ({ ...line, [key]: changed }))
    }
  const result = { type: 'result', subtype: 'success', is_error: false, result: 'over', session_id: 's' }
  const results = [
    'errors',
    'result',
    'usage',
    'modelUsage',
    'total_cost_usd',
    'stop_reason',
    'model_usage_since_last_result',
  ].flatMap((key) =>
    broken.flatMap((value) => ['success', 'error_during_execution'].map((subtype) => ({ ...result, subtype, [key]: value }))),
  )
  for (const end of results) {
    const claude = createFullClaude({ transport: scripted(() => [...lines, end]), limiter: false, retry: false, breaker: false })
    claude.events.on(() => {})
    const turn = claude.createSession().sendMessage('x')
    const outcome = await turn.result().catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toMatchObject({ name: expect.stringMatching(/^(?:CLI|RateLimit)/) })
    for await (const message of turn) expect(message.type).toBeTypeOf('string')
    await claude.close()
  }
}, 180_000)
