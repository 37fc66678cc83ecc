/** A conversation over one living process, which is started again with `--resume` when it died. Sends queue; each turn is its own call. */
import type { Call } from '../../core/call.js'
import { sleep } from '../../core/clock.js'
import { deferred } from '../../core/deferred.js'
import { abortError, createDeadline, raceSignal, type Deadline } from '../../core/deadline.js'
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { Connection } from '../protocol/connection.js'
import { INTERRUPT_MS, type InterruptOptions } from '../protocol/stop-turn.js'
import { ClaudeError } from '../messages/errors.js'
import { textIn } from '../messages/guards.js'
import { isUuid } from '../launch/check.js'
import type { ClaudeLaunch } from '../launch/launch.js'
import type { ContentBlock } from '../messages/lines.js'
import { openConnection } from '../run/open.js'
import { contentOf, launchOf, timeoutOf } from '../run/options.js'
import { resendDelay } from '../run/resend.js'
import { interruptedEarly, play, told } from '../run/play-turn.js'
import { sessionControls, type ControlAnswer } from './controls.js'
import { createSessionRecord, type OpenTurn } from './record.js'
import type { SendOptions, Session, SessionOptions, SessionOrigin, SessionParts, SessionStats } from './types.js'
import { createTurn, type Turn } from '../run/turn.js'
import { createTurnState, type TurnState } from '../protocol/turn-state.js'

/** What a session shows of its record as it stands. */
const SHOWN = ['createdAt', 'updatedAt', 'turnCount', 'totalCostUsd', 'lastPrompt', 'lastResponse'] as const

export function createSessionWith(parts: SessionParts, session: SessionOptions, origin: SessionOrigin = {}): Session {
  const { context, events } = parts
  const { options = {}, whileBusy = 'queue', maxQueued = 100, onTurn } = session
  const record = createSessionRecord({ context, events, session, origin })
  const { sessionId } = record.state
  const refusal = (code: ErrorCode, message: string, hint?: string): ClaudeError =>
    new ClaudeError({ code, message, hint, sessionId, op: 'session.turn' })
  if (session.sessionId !== undefined && !isUuid(sessionId))
    throw refusal('invalid_argument', `sessionId is not a UUID: ${sessionId}.`, 'Leave it out to get one.')
  const life = createDeadline({ clock: context.clock })
  let connection: Connection | undefined
  let opening: { readonly work: Promise<Connection>; readonly by: AbortSignal } | undefined
  /** The CLI has the session: it may be resumed. */
  let known = origin.resume !== undefined
  let forking = origin.fork
  const deadlines = new Set<Deadline>()
  /** Interrupts each turn that is not over, oldest first: the first one runs, or is about to. */
  const interrupts: ((options?: InterruptOptions) => Promise<ControlAnswer>)[] = []
  let queued = 0
  let tail: Promise<void> = Promise.resolve()
  let closing: Promise<SessionStats> | undefined

  const launchFor = (asNew: boolean): ClaudeLaunch => {
    const { sessionId: _, resume: _resume, forkSession: _fork, continueSession: _continue, ...rest } = options
    const base = launchOf(rest)
    if (forking) {
      const at = forking.at === undefined ? {} : { resumeSessionAt: forking.at }
      return { ...base, resume: forking.from, forkSession: true, sessionId, ...at }
    }
    return asNew ? { ...base, sessionId } : { ...base, resume: sessionId }
  }

  const start = async (call: Call): Promise<Connection> => {
    const open = (asNew: boolean): Promise<Connection> =>
      openConnection(context, { launch: launchFor(asNew), options, call, onUnsolicited: unsolicited })
    try {
      return await open(!known)
    } catch (error) {
      // What a first turn left behind depends on how far it came: the CLI knows, so take its word for it.
      const other = otherWay(error)
      if (other === undefined) throw error
      return await open(other)
    }
  }
  const otherWay = (error: unknown): boolean | undefined => {
    if (forking || options.noSessionPersistence) return undefined
    if (!known && SignalboxError.is(error, 'conflict')) return false
    return known && origin.resume === undefined && SignalboxError.is(error, 'not_found') && error.op !== 'open' ? true : undefined
  }

  const ensure = async (call: Call): Promise<Connection> => {
    if (connection?.alive) return connection
    await connection?.ended
    // An opening that its caller gave up takes a while to end, and fails for that caller alone.
    while (opening?.by.aborted && !call.signal.aborted) await opening.work.catch(() => {})
    const clear = (): void => {
      opening = undefined
    }
    opening ??= { work: start(call).finally(clear), by: call.signal }
    const { work, by } = opening
    const opened = await work.catch((error: unknown) => {
      if (!by.aborted || by === call.signal) throw error
      return ensure(call)
    })
    connection = opened
    if (closing) {
      void opened.close()
      throw closedError()
    }
    forking = undefined
    return opened
  }

  const unsolicited = (): TurnState => {
    const turn = newTurn('', true)
    void context.track(turn.finished)
    const handed = createTurn({
      state: turn.state,
      finished: turn.finished,
      interrupt: async () => void (await connection?.interrupt({}, turn.state)),
      abandon: async () => {},
      unsolicited: true,
    })
    const read = (): void => void handed.result().catch(() => {})
    // Called from the reader of the process: what a callback throws, at once or later, must not end the session.
    const hand = async (): Promise<void> => (onTurn ?? read)(handed)
    hand().catch((error: unknown) => {
      context.onEvent({ type: 'callback_failed', what: 'onTurn', error })
      read()
    })
    return turn.state
  }

  const newTurn = (prompt: string, isUnsolicited: boolean, again?: () => Promise<void>) => {
    const over = deferred<TurnState>()
    over.promise.catch(() => {})
    // Counted when it is sent, not when it is queued.
    let turn: OpenTurn | undefined
    const begun = (): void => {
      turn ??= record.turnStarted(prompt, isUnsolicited)
    }
    if (isUnsolicited) begun()
    /** The wait for a usage limit to end. */
    let waiting: Deadline | undefined
    const sendAgain = async (delayMs: number): Promise<void> => {
      const deadline = createDeadline({ signal: life.signal, clock: context.clock })
      waiting = deadline
      try {
        await sleep(context.clock, delayMs, deadline.signal)
        await again?.()
      } catch {
        // Interrupted, or closed: the limit is the end of the turn.
        connection?.release(state)
        state.over(interruptedEarly)
      } finally {
        waiting = undefined
        deadline[Symbol.dispose]()
      }
    }
    const state: TurnState = createTurnState({
      clock: context.clock,
      onLine(line, answer, spent) {
        known ||= answer.init !== undefined
        context.observe?.(line, answer, spent)
      },
      judge(end) {
        const delayMs = resendDelay(end, options.resendAfterReset)
        if (!again || delayMs === undefined || state.interrupted) return 'over'
        connection?.expectSilence(delayMs)
        void context.track(sendAgain(delayMs))
        return 'goes-on'
      },
      onEnd(end) {
        const settle = (): void => over.resolve(state)
        // What is kept of the session is complete when its caller hears of the end.
        if (turn) void context.track(record.turnEnded(turn, end)).then(settle, settle)
        else settle()
      },
      onFail(error) {
        record.turnFailed(error)
        over.reject(error)
      },
    })
    return { state, begun, finished: over.promise, stopWaiting: () => waiting?.abort() }
  }

  const runTurn = (prompt: string | readonly ContentBlock[], send: SendOptions): Turn => {
    const content = contentOf(prompt, { ...options, context: send.context ?? options.context }, 'Turn Context')
    const deadline = createDeadline({ signal: send.signal, clock: context.clock })
    deadlines.add(deadline)
    const turn = newTurn(typeof prompt === 'string' ? prompt : textIn(prompt), false, async () => {
      await connection?.resend(turn.state, content).catch(() => {})
    })
    const { state } = turn

    const attempt = async (call: Call): Promise<TurnState> => {
      const on = await ensure(call)
      const giveUp = (): void => void context.track(stop(on))
      if (!call.signal.aborted) turn.begun()
      return await play({ on, call, state, content, over: turn.finished, giveUp })
    }
    const run = async (): Promise<TurnState> => {
      const before = tail
      queued += 1
      const free = deferred()
      tail = free.promise
      try {
        await raceSignal(before, deadline.signal).catch(() => {
          throw abortError(deadline.signal, { system: 'claude', op: 'session.turn', sent: 'no' })
        })
        if (closing) throw closedError()
        const timeoutMs = timeoutOf(options, send.timeoutMs, context.timeoutMs)
        return await context.caller.run({ op: 'session.turn', args: { prompt } }, { signal: deadline.signal, timeoutMs }, attempt)
      } finally {
        queued -= 1
        // The next turn begins when the CLI is done with this one, which may be later than its caller's patience.
        void before.then(() => connection?.free()).then(free.resolve, free.resolve)
        interrupts.splice(interrupts.indexOf(interrupt), 1)
        deadlines.delete(deadline)
        deadline[Symbol.dispose]()
      }
    }
    const interrupt = async (interruption?: InterruptOptions): Promise<ControlAnswer> => {
      if (state.ended) return {}
      state.interrupted = true
      turn.stopWaiting()
      if (!state.written) deadline.abort(interruptedEarly())
      const answer = state.written ? await connection?.interrupt(interruption, state) : undefined
      await finished.catch(() => {})
      return answer ?? {}
    }
    interrupts.push(interrupt)
    const finished = context.track(told(run(), state, sessionId))
    return createTurn({
      state,
      finished,
      interrupt: async () => void (await interrupt()),
      async abandon(reason) {
        deadline.abort(reason)
        await finished.catch(() => {})
        await connection?.free()
      },
    })
  }

  /** Keeps the session if the CLI lets us: interrupts, and ends the process only when that brings no end. */
  const stop = async (on: Connection): Promise<void> => {
    // Our own turn only: without one the session is left alone.
    if (on.busy) await on.interrupt().catch(() => on.close())
  }

  const closedError = (): ClaudeError => refusal('closed', 'The session is closed.', 'Resume it with resumeSession.')

  const shut = async (): Promise<SessionStats> => {
    // A turn under way is stopped, so that it does not go on spending while we wait for the process to leave.
    const reason = closedError()
    life.abort(reason)
    for (const deadline of deadlines) deadline.abort(reason)
    await tail
    if (connection?.alive) await connection.leave(INTERRUPT_MS)
    await connection?.close()
    await record.closed()
    parts.onClosed?.(self)
    return record.stats()
  }

  const controls = sessionControls(async (work, signal) => {
    if (closing) throw closedError()
    const call = { signal: signal ?? life.signal }
    return context.caller.run({ op: 'session.control' }, call, async (at) => work(await ensure(at)))
  })

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
    removeTag: (tag: string) => record.setTags(record.state.tags.filter((one) => one !== tag)),
    toState: record.toState,
    async interrupt(interruption) {
      const [oldest] = interrupts
      if (oldest) return await oldest(interruption)
      return connection?.alive ? await connection.interrupt(interruption) : {}
    },
    sendMessage(content, send = {}) {
      if (closing) throw closedError()
      if (queued > 0 && whileBusy === 'reject')
        throw refusal('conflict', 'A turn is under way.', "Await it, or use whileBusy: 'queue'.")
      if (queued > maxQueued) throw refusal('rate_limited', `${maxQueued} messages already wait.`, 'Raise maxQueued.')
      return runTurn(content, send)
    },
    fork({ at, sessionId: id } = {}) {
      if (!known) throw refusal('not_found', 'There is nothing to fork before the first turn.')
      return createSessionWith(parts, { ...session, sessionId: id }, { fork: { from: sessionId, at } })
    },
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  } satisfies Omit<Session, (typeof SHOWN)[number]> as unknown as Session
  for (const name of SHOWN) Object.defineProperty(self, name, { get: () => record.state[name], enumerable: true })
  parts.onOpened?.(self)
  return self
}
