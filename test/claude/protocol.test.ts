/** The decisions of a connection, without a process: which turn takes a line, when silence is a hang, when an interrupt gives up. */
import { describe, expect, test } from 'vitest'
import { stopTurn } from '../../src/claude/protocol/stop-turn.js'
import { watchSilence } from '../../src/claude/protocol/silence.js'
import { createTurnState, type TurnState } from '../../src/claude/protocol/turn-state.js'
import { createTurns, ownerOf, type Owner, type TurnsUnderWay } from '../../src/claude/protocol/turns.js'
import { SignalboxError, type ErrorCode } from '../../src/errors.js'
import { createRunContext } from '../../src/claude/run/run-context.js'
import { openConnection } from '../../src/claude/run/open.js'
import type { ClaudeLaunch } from '../../src/claude/launch/launch.js'
import { createClaude } from '../../src/claude/index.js'
import type { CloseReason, StreamTransport } from '../../src/transport.js'
import { createClaudeSimulator } from '../../src/testing/index.js'
import { launchForSession, otherLaunch } from '../../src/claude/session/process.js'
import { createFakeClock } from '../../src/testing/clock.js'

const clock = createFakeClock()
const newTurn = (): TurnState => createTurnState({ clock, onEnd: () => {}, onFail: () => {} })

describe('[claude.line-owner] the turn that a line belongs to', () => {
  const none: TurnsUnderWay = { clientTurn: undefined, hasUnsolicited: false, reportsLifecycle: false }
  const cases: readonly (readonly [title: string, line: object, turns: TurnsUnderWay, owner: Owner])[] = [
    ['a line during our turn belongs to the client', { type: 'assistant' }, { ...none, clientTurn: { started: false } }, 'client'],
    [
      'a line before the CLI took our message up begins a turn of its own, if the CLI reports that',
      { type: 'assistant' },
      { clientTurn: { started: false }, hasUnsolicited: false, reportsLifecycle: true },
      'new',
    ],
    [
      'after the CLI took our message up lines are ours',
      { type: 'assistant' },
      { clientTurn: { started: true }, hasUnsolicited: true, reportsLifecycle: true },
      'client',
    ],
    [
      'a line that belongs to no turn is told to ours while it waits',
      { type: 'system', subtype: 'status' },
      { clientTurn: { started: false }, hasUnsolicited: false, reportsLifecycle: true },
      'client',
    ],
    ['without a turn of ours an init line begins one', { type: 'system', subtype: 'init' }, none, 'new'],
    ['the lines after it belong to that turn', { type: 'user' }, { ...none, hasUnsolicited: true }, 'unsolicited'],
    ['a replayed message begins no turn', { type: 'user', isReplay: true }, none, 'nobody'],
    ['a status line without a turn is dropped', { type: 'system', subtype: 'status' }, none, 'nobody'],
  ]
  test.each(cases)('%s', (_title, line, turns, owner) => {
    expect(ownerOf(line as { type: string }, turns)).toBe(owner)
  })
})

test('[claude.line-owner] a message that is cancelled before its start fails its turn, and the next turn can start', () => {
  const turns = createTurns({ onUnsolicited: () => undefined, onChange: () => {} })
  const turn = newTurn()
  turns.reportsLifecycle = true
  turns.begin(turn)
  turns.take({ type: 'command_lifecycle', command_uuid: turn.uuid, state: 'cancelled' }, 1, undefined)
  expect(turn.ended).toBe(true)
  expect(turns.clientTurn).toBeUndefined()
})

test('[claude.idle-watchdog] announced silence is not a hang, and the same silence after it is', async () => {
  let hangs = 0
  const time = createFakeClock()
  const onHang = (): void => {
    hangs += 1
  }
  const watch = watchSilence({ idleMs: 1_000, clock: time, isExplained: () => false, onHang })
  watch.expect(5_000)
  await time.advance(5_500)
  expect(hangs).toBe(0)
  await time.advance(2_000)
  expect(hangs).toBe(1)
  watch.stop()
})

test('[claude.interrupt-stuck] an interrupt without effect is repeated, and then the process is ended', async () => {
  const time = createFakeClock()
  let asked = 0
  let stuckAfter = 0
  const answer = stopTurn({
    turn: newTurn(),
    control: {
      async request() {
        asked += 1
        return { asked }
      },
    },
    options: { timeoutMs: 3_500 },
    clock: time,
    isUnderWay: () => true,
    over: () => new Promise(() => {}),
    async onStuck(patienceMs) {
      stuckAfter = patienceMs
    },
  })
  await time.advance(1_000)
  await time.advance(1_000)
  await time.advance(1_000)
  await time.advance(500)
  expect(await answer).toEqual({ asked: 1 })
  expect(asked).toBe(4)
  expect(stuckAfter).toBe(3_500)
})

describe('[claude.session-launch] the launch of a session', () => {
  const sessionId = '11111111-2222-4333-8444-555555555555'
  test('a new session gets its id and a known session is resumed, with every combination of session options', () => {
    const options = { model: 'sonnet', resume: 'other', continueSession: true }
    expect(launchForSession(options, { sessionId, asNew: true, fork: undefined })).toEqual({ model: 'sonnet', sessionId })
    expect(launchForSession(options, { sessionId, asNew: false, fork: undefined })).toEqual({ model: 'sonnet', resume: sessionId })
  })

  test('a fork resumes its parent under an id of its own, up to a message if one is named', () => {
    expect(launchForSession({}, { sessionId, asNew: true, fork: { from: 'parent', at: 'message' } })).toEqual({
      resume: 'parent',
      forkSession: true,
      sessionId,
      resumeSessionAt: 'message',
    })
  })

  const error = (code: ErrorCode, op = 'control.initialize') => new SignalboxError({ code, message: code, op })
  test('a session that the CLI has is resumed; a saved session that the CLI lacks begins as a new one', () => {
    expect(otherLaunch(error('conflict'), { asNew: true, isOurs: true, isRestart: false })).toBe(false)
    expect(otherLaunch(error('not_found'), { asNew: false, isOurs: true, isRestart: false })).toBe(true)
  })

  test('an unknown session id of the caller and a missing CLI are errors', () => {
    expect(otherLaunch(error('not_found'), { asNew: false, isOurs: false, isRestart: false })).toBeUndefined()
    expect(otherLaunch(error('not_found', 'open'), { asNew: false, isOurs: true, isRestart: false })).toBeUndefined()
  })
})

test('[claude.early-abort] a start that is aborted while its answer arrives never gives a connection that is closing', async () => {
  for (let ticks = 0; ticks < 60; ticks += 1) {
    const controller = new AbortController()
    const simulator = createClaudeSimulator()
    const answering: StreamTransport<ClaudeLaunch> = {
      ...simulator.transport,
      async open(launch, options) {
        const link = await simulator.transport.open(launch, options)
        const read = async (): Promise<Uint8Array | null> => {
          const chunk = await link.read()
          // The answer to `initialize` is the first chunk. The abort comes some steps after it, while it is worked on.
          void (async () => {
            for (let tick = 0; tick < ticks; tick += 1) await undefined
            controller.abort()
          })()
          return chunk
        }
        return { ...link, read, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
      },
    }
    const context = createRunContext({ transport: answering })
    const opened = await context.caller
      .run({ op: 'query' }, { signal: controller.signal }, async (call) => {
        const connection = await openConnection(context, { launch: {}, options: {}, call, onUnsolicited: () => undefined })
        return connection.alive ? 'usable' : 'closing'
      })
      .catch(() => 'refused')
    expect([ticks, opened]).not.toEqual([ticks, 'closing'])
    simulator.kill()
  }
})

describe('[claude.restart-hidden] a session whose first process ended before its first line, over links that hide why a process ends', () => {
  /** As a gateway does it: no exit status and no stderr. */
  const hidden = (transport: StreamTransport<ClaudeLaunch>): StreamTransport<ClaudeLaunch> => ({
    ...transport,
    async open(launch, options) {
      const link = await transport.open(launch, options)
      const closed = link.closed.then((reason): CloseReason => (reason.kind === 'exit' ? { kind: 'peer' } : reason))
      return { ...link, closed, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
    },
  })

  test.each(['2.0.76', '2.1.329'])('on %s the next turn is a normal one', async (version) => {
    const simulator = createClaudeSimulator({ version })
    const claude = createClaude({ transport: hidden(simulator.transport) })
    const session = claude.createSession()
    await session.initialization()
    // The CLI has stored the session, and the client has seen no line of it.
    simulator.sessions.set(session.sessionId, [{ role: 'user', content: 'FAKE:echo:stored' }])
    simulator.kill()
    await expect.poll(() => simulator.running).toBe(0)
    expect(await session.sendMessage('FAKE:recall now').text()).toContain('seen: 2')
    await claude.close()
  })

  test('a process that ends again for another reason gives the first error', async () => {
    const simulator = createClaudeSimulator()
    let launches = 0
    const broken: StreamTransport<ClaudeLaunch> = {
      ...simulator.transport,
      async open(launch, options) {
        const link = await simulator.transport.open(launch, options)
        launches += 1
        if (launches !== 2) return link
        const closed = Promise.resolve<CloseReason>({ kind: 'peer' })
        return { ...link, closed, read: async () => null, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
      },
    }
    const claude = createClaude({ transport: broken })
    const session = claude.createSession()
    await session.initialization()
    simulator.kill()
    await expect.poll(() => simulator.running).toBe(0)
    await expect(session.sendMessage('hi').text()).rejects.toMatchObject({ code: 'closed', sent: 'no' })
    expect(launches).toBe(3)
    await claude.close()
  })
})

test.each([
  ['2.0.76', 'conflict'],
  ['2.1.329', undefined],
])(
  '[claude.sim-empty-session] the simulated %s keeps an id without a message only where the real one does',
  async (version, code) => {
    const { transport } = createClaudeSimulator({ version })
    const sessionId = crypto.randomUUID()
    const claude = createClaude({ transport })
    const first = claude.createSession({ sessionId })
    await first.initialization()
    await first.close()
    const outcome = await claude
      .query('FAKE:echo:hi', { sessionId })
      .text()
      .catch((error: SignalboxError) => error.code)
    expect(outcome).toBe(code ?? 'hi')
    await claude.close()
  },
)
