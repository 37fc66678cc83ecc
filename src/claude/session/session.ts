/** A conversation over one process. Messages wait in a queue. Each turn is a separate call for the policies. */
import type { Call } from '../../core/call.js'
import { abortError, createDeadline, raceSignal, type Deadline } from '../../core/deadline.js'
import { deferred } from '../../core/deferred.js'
import type { ErrorCode } from '../../errors.js'
import { namesChecker } from '../launch/known-names.js'
import { isUuid } from '../launch/uuid.js'
import { ClaudeError } from '../messages/errors.js'
import { textIn } from '../messages/guards.js'
import type { ContentBlock } from '../messages/lines.js'
import type { Connection } from '../protocol/connection.js'
import { INTERRUPT_MS, type InterruptOptions } from '../protocol/stop-turn.js'
import type { TurnState } from '../protocol/turn-state.js'
import { contentOf, timeoutOf } from '../run/options.js'
import { interruptedEarly, playTurn, withTurnFacts } from '../run/play-turn.js'
import { createTurn, type Turn } from '../run/turn.js'
import type { ControlAnswer } from '../run/control-answers.js'
import { controlsOf } from '../run/call-controls.js'
import { createSessionProcess } from './process.js'
import { createSessionRecord } from './record.js'
import { createSessionTurn, type SessionTurn } from './turn-of-session.js'
import { SEND_OPTIONS, SESSION_OPTIONS } from './types.js'
import type { SendOptions, Session, SessionOptions, SessionOrigin, SessionParts, SessionStats } from './types.js'

const checkSession = /* @__PURE__ */ namesChecker(SESSION_OPTIONS, 'SessionOptions', 'session')
const checkSend = /* @__PURE__ */ namesChecker(SEND_OPTIONS, 'SendOptions', 'session.turn')

/** Properties of a session that are read from its record. */
const SHOWN = ['createdAt', 'updatedAt', 'turnCount', 'totalCostUsd', 'lastPrompt', 'lastResponse'] as const

/**
 * Long because the turns, the controls and `close` share one session and its queue. The process, the turns and the record have files of
 * their own.
 */
export function createSessionWith(parts: SessionParts, session: SessionOptions, origin: SessionOrigin = {}): Session {
  checkSession(session)
  const { context, events } = parts
  const { options = {}, whileBusy = 'queue', maxQueued = 100, onTurn } = session
  const record = createSessionRecord({ context, events, session, origin })
  const { sessionId } = record.state
  const refusal = (code: ErrorCode, message: string, hint?: string): ClaudeError =>
    new ClaudeError({ code, message, hint, sessionId, op: 'session.turn' })
  if (session.sessionId !== undefined && !isUuid(sessionId))
    throw refusal('invalid_argument', `sessionId is not a UUID: ${sessionId}.`, 'Leave it out to get one.')
  const life = createDeadline({ clock: context.clock })
  const deadlines = new Set<Deadline>()
  /** One function for each turn that is not over, oldest first. The first turn runs or is the next to run. */
  const interrupts: ((options?: InterruptOptions) => Promise<ControlAnswer>)[] = []
  let queued = 0
  let tail: Promise<void> = Promise.resolve()
  let closing: Promise<SessionStats> | undefined

  const closedError = (): ClaudeError => refusal('closed', 'The session is closed.', 'Resume it with resumeSession.')
  const checkOpen = (): void => {
    if (closing) throw closedError()
  }
  const process = createSessionProcess({ context, options, sessionId, origin, checkOpen, onUnsolicited: () => handUnsolicited() })
  const turnParts = { context, process, record, options, life: life.signal }

  const controls = controlsOf(async (work, signal) => {
    checkOpen()
    const call = { signal: signal ?? life.signal }
    return context.caller.run({ op: 'session.control' }, call, async (at) => work(await process.open(at)))
  })

  /** Gives a turn that the CLI began by itself to `onTurn`. */
  const handUnsolicited = (): TurnState => {
    const { state, finished } = createSessionTurn({ ...turnParts, prompt: '' })
    void context.track(finished)
    const interrupt = async (): Promise<void> => void (await process.connection?.interrupt({}, state))
    // The turn has begun: the CLI has written its first line.
    const begun = deferred<Connection>()
    if (process.connection) begun.resolve(process.connection)
    const turn = createTurn({
      state,
      finished,
      begun: begun.promise,
      controls,
      interrupt,
      abandon: async () => {},
      unsolicited: true,
    })
    const read = (): void => void turn.result().catch(() => {})
    // This runs in the reader of the process. A callback that throws or rejects must not end the session.
    const hand = async (): Promise<void> => (onTurn ?? read)(turn)
    hand().catch((error: unknown) => {
      context.onEvent({ type: 'callback_failed', what: 'onTurn', error })
      read()
    })
    return state
  }

  /** Waits for the turns before this one, and runs it. */
  const runQueued = async (
    turn: SessionTurn,
    prompt: Content,
    content: Content,
    deadline: Deadline,
    timeoutMs: number,
    onBegun: (on: Connection) => void,
  ): Promise<TurnState> => {
    const before = tail
    queued += 1
    const free = deferred()
    tail = free.promise
    const attempt = async (call: Call): Promise<TurnState> => {
      const on = await process.open(call)
      // An interrupt keeps the process. A process that does not react to it is closed.
      const giveUp = (): void => void (on.busy && context.track(on.interrupt().catch(() => on.close())))
      if (!call.signal.aborted) turn.begun()
      return await playTurn({ on, call, state: turn.state, content, over: turn.finished, onBegun, giveUp })
    }
    try {
      await raceSignal(before, deadline.signal).catch(() => {
        throw abortError(deadline.signal, { system: 'claude', op: 'session.turn', sent: 'no' })
      })
      checkOpen()
      return await context.caller.run({ op: 'session.turn', args: { prompt } }, { signal: deadline.signal, timeoutMs }, attempt)
    } finally {
      queued -= 1
      // The next turn begins when the CLI is done with this one. That can be after the deadline of this turn's caller.
      void before.then(() => process.connection?.free()).then(free.resolve, free.resolve)
    }
  }

  const startTurn = (prompt: Content, send: SendOptions): Turn => {
    const content = contentOf(prompt, { ...options, context: send.context ?? options.context }, 'Turn Context')
    const deadline = createDeadline({ signal: send.signal, clock: context.clock })
    const turn = createSessionTurn({
      ...turnParts,
      prompt: typeof prompt === 'string' ? prompt : textIn(prompt),
      resend: async (again) => await process.connection?.resend(again, content).catch(() => {}),
    })
    const { state } = turn
    const interrupt = async (interruption?: InterruptOptions): Promise<ControlAnswer> => {
      if (state.ended) return {}
      state.interrupted = true
      turn.stopWaiting()
      if (!state.written) deadline.abort(interruptedEarly())
      const answer = state.written ? await process.connection?.interrupt(interruption, state) : undefined
      await finished.catch(() => {})
      return answer ?? {}
    }
    deadlines.add(deadline)
    interrupts.push(interrupt)
    const begun = deferred<Connection>()
    const timeoutMs = timeoutOf(options, send.timeoutMs, context.timeoutMs)
    const run = runQueued(turn, prompt, content, deadline, timeoutMs, begun.resolve).finally(() => {
      interrupts.splice(interrupts.indexOf(interrupt), 1)
      deadlines.delete(deadline)
      deadline[Symbol.dispose]()
    })
    const finished = context.track(withTurnFacts(run, state, sessionId))
    return createTurn({
      state,
      finished,
      begun: begun.promise,
      controls,
      outputSchema: options.outputSchema,
      interrupt: async () => void (await interrupt()),
      async abandon(reason) {
        deadline.abort(reason)
        await finished.catch(() => {})
        await process.connection?.free()
      },
    })
  }

  const shut = async (): Promise<SessionStats> => {
    // Stop the running turn, so that it causes no more cost while we wait for the process to exit.
    const reason = closedError()
    life.abort(reason)
    for (const deadline of deadlines) deadline.abort(reason)
    await tail
    const { connection } = process
    if (connection?.alive) await connection.leave(INTERRUPT_MS)
    await connection?.close()
    await record.closed()
    parts.onClosed?.(self)
    return record.stats()
  }
  const close = (): Promise<SessionStats> => {
    closing ??= context.track(shut())
    return closing
  }

  const self = {
    ...controls,
    sessionId,
    options,
    get isClosed() {
      return closing !== undefined
    },
    get tags() {
      return [...record.state.tags]
    },
    addTag: (tag: string) => record.setTags([...record.state.tags, tag]),
    removeTag: (tag: string) => record.setTags(record.state.tags.filter((existing) => existing !== tag)),
    toState: record.toState,
    async interrupt(interruption) {
      const [oldest] = interrupts
      if (oldest) return await oldest(interruption)
      return process.connection?.alive ? await process.connection.interrupt(interruption) : {}
    },
    sendMessage(content, send = {}) {
      checkOpen()
      checkSend(send)
      if (queued > 0 && whileBusy === 'reject')
        throw refusal('conflict', 'A turn is under way.', "Await it, or use whileBusy: 'queue'.")
      if (queued > maxQueued) throw refusal('rate_limited', `${maxQueued} messages already wait.`, 'Raise maxQueued.')
      return startTurn(content, send)
    },
    fork({ at, sessionId: id } = {}) {
      if (!process.known) throw refusal('not_found', 'There is nothing to fork before the first turn.')
      return createSessionWith(parts, { ...session, sessionId: id }, { fork: { from: sessionId, at } })
    },
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  } satisfies Omit<Session, (typeof SHOWN)[number]> as unknown as Session
  for (const name of SHOWN) Object.defineProperty(self, name, { get: () => record.state[name], enumerable: true })
  parts.onOpened?.(self)
  return self
}

type Content = string | readonly ContentBlock[]
