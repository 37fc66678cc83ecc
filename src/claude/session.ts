/** A conversation over one living process, which is started again with `--resume` when it died. Sends queue; each turn is its own call. */
import type { Call } from '../core/call.js'
import { sleep } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import { abortError, createScope, raceSignal, type Scope } from '../core/scope.js'
import { SignalboxError } from '../errors.js'
import type { Connection } from './connection.js'
import { asClaudeError, ClaudeError } from './errors.js'
import { isUuid } from './launch-check.js'
import type { ClaudeLaunch } from './launch.js'
import type { ContentBlock } from './lines.js'
import { openConnection } from './open.js'
import { contentOf, launchOf, timeoutOf } from './options.js'
import { resendDelay } from './resend.js'
import { sessionControls } from './session-controls.js'
import { createSessionRecord, type OpenTurn, type SessionStats } from './session-record.js'
import type { SendOptions, Session, SessionOptions, SessionOrigin, SessionParts } from './session-types.js'
import { createTurn, type Turn } from './turn.js'
import { createTurnState, type TurnState } from './turn-state.js'

/** How long an interrupted turn may take to say so. */
const INTERRUPT_MS = 5_000

export function createSessionWith(parts: SessionParts, session: SessionOptions, origin: SessionOrigin = {}): Session {
  const { core, events } = parts
  const { options = {}, whileBusy = 'queue', maxQueued = 100, onTurn } = session
  if (session.sessionId !== undefined && !isUuid(session.sessionId)) {
    throw new ClaudeError({
      code: 'invalid_argument',
      message: `sessionId is not a UUID: ${session.sessionId}.`,
      hint: 'Leave it out to get one.',
    })
  }
  const record = createSessionRecord({ core, events, session, origin })
  const life = createScope({ clock: core.clock })
  let connection: Connection | undefined
  let opening: Promise<Connection> | undefined
  /** The CLI has the session: it may be resumed. */
  let known = origin.resume !== undefined
  let forking = origin.fork
  const scopes = new Set<Scope>()
  let queued = 0
  let tail: Promise<void> = Promise.resolve()
  let closing: Promise<SessionStats> | undefined

  const launchFor = (asNew: boolean): ClaudeLaunch => {
    const { sessionId: _id, resume: _resume, forkSession: _fork, continueSession: _continue, ...rest } = options
    const base = launchOf(rest)
    if (forking) {
      const at = forking.at === undefined ? {} : { resumeSessionAt: forking.at }
      return { ...base, resume: forking.from, forkSession: true, sessionId: record.id, ...at }
    }
    return asNew ? { ...base, sessionId: record.id } : { ...base, resume: record.id }
  }

  const start = async (call: Call): Promise<Connection> => {
    const open = (asNew: boolean): Promise<Connection> =>
      openConnection(core, { launch: launchFor(asNew), options, call, onUnsolicited: unsolicited })
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
    opening ??= start(call).finally(() => {
      opening = undefined
    })
    const opened = await opening
    connection = opened
    if (closing) {
      void opened.close()
      throw closedError()
    }
    forking = undefined
    return opened
  }

  const unsolicited = (): TurnState => {
    const turn = newTurn('', undefined, true)
    core.track(turn.finished).catch(() => {})
    const handed = createTurn({
      state: turn.state,
      finished: turn.finished,
      interrupt: async () => void (await connection?.interrupt()),
      abandon: async () => {},
      unsolicited: true,
    })
    if (onTurn) onTurn(handed)
    else handed.result().catch(() => {})
    return turn.state
  }

  const newTurn = (prompt: string, again: (() => Promise<void>) | undefined, isUnsolicited: boolean) => {
    const over = deferred<TurnState>()
    over.promise.catch(() => {})
    // Counted when it is sent, not when it is queued.
    let turn: OpenTurn | undefined
    const begun = (): void => {
      turn ??= record.turnStarted(prompt, isUnsolicited)
    }
    if (isUnsolicited) begun()
    const state: TurnState = createTurnState({
      uuid: crypto.randomUUID(),
      clock: core.clock,
      onLine(line, answer) {
        if (answer.init && !known) known = true
        core.observe?.(line, answer, line.type === 'result' ? state.lastEnd?.costUsd : undefined)
      },
      judge(end) {
        const delayMs = again === undefined ? undefined : resendDelay(end, options.resendAfterReset)
        if (delayMs === undefined) return 'over'
        connection?.expectSilence(delayMs)
        void core.track(sleep(core.clock, delayMs, life.signal).then(again, () => {}))
        return 'goes-on'
      },
      onEnd(end) {
        if (turn) record.turnEnded(turn, end)
        over.resolve(state)
      },
      onFail(error) {
        record.turnFailed(error)
        over.reject(error)
      },
    })
    return { state, begun, finished: over.promise }
  }

  const runTurn = (content: string | readonly ContentBlock[], send: SendOptions): Turn => {
    const prompt =
      typeof content === 'string' ? content : content.map((block) => ('text' in block ? String(block.text) : '')).join('')
    const message = contentOf(content, { ...options, context: send.context ?? options.context }, 'Turn Context')
    const scope = createScope({ signal: send.signal, clock: core.clock })
    scopes.add(scope)
    const leave = (): void => {
      scopes.delete(scope)
      scope[Symbol.dispose]()
    }
    const {
      state,
      begun,
      finished: over,
    } = newTurn(
      prompt,
      async () => {
        await connection?.resend(state, message).catch(() => {})
      },
      false,
    )

    const attempt = async (call: Call): Promise<TurnState> => {
      const on = await ensure(call)
      const abort = (): void => void core.track(giveUp(on))
      call.signal.addEventListener('abort', abort, { once: true })
      try {
        call.signal.throwIfAborted()
        begun()
        await on.begin(state, message)
        const done = await over
        if (done.lastEnd?.error) throw done.lastEnd.error
        return done
      } finally {
        call.signal.removeEventListener('abort', abort)
      }
    }
    const run = async (): Promise<TurnState> => {
      const before = tail
      queued += 1
      const free = deferred()
      tail = free.promise
      try {
        await waitFor(before, scope.signal)
        if (closing) throw closedError()
        const timeoutMs = timeoutOf(options, send.timeoutMs, core.timeoutMs)
        return await core.caller.run({ op: 'session.turn', args: { prompt } }, { signal: scope.signal, timeoutMs }, attempt)
      } finally {
        queued -= 1
        // The next turn begins when the CLI is done with this one, which may be later than its caller's patience.
        void Promise.all([before, connection?.free()]).then(
          () => free.resolve(),
          () => free.resolve(),
        )
      }
    }
    const finished = core.track(
      run().then(
        (done) => {
          leave()
          return done
        },
        (error: unknown) => {
          leave()
          const typed = SignalboxError.is(error)
            ? asClaudeError(error, { sessionId: record.id, partialText: state.answer.text })
            : error
          if (!state.lastEnd?.error) state.fail(typed as SignalboxError)
          throw typed
        },
      ),
    )
    finished.catch(() => {})
    return createTurn({
      state,
      finished,
      async interrupt() {
        await connection?.interrupt()
      },
      async abandon(reason) {
        scope.abort(reason)
        await finished.catch(() => {})
        await connection?.free()
      },
    })
  }

  /** Keeps the session if the CLI lets us: interrupts, and ends the process only when that brings no end. */
  const giveUp = async (on: Connection): Promise<void> => {
    on.interrupt({ timeoutMs: INTERRUPT_MS }).catch(() => {})
    const patience = new AbortController()
    const late = sleep(core.clock, INTERRUPT_MS, patience.signal).then(
      () => on.close(),
      () => {},
    )
    await Promise.race([on.free(), late])
    patience.abort()
  }

  const closedError = (): ClaudeError =>
    new ClaudeError({
      code: 'closed',
      message: 'The session is closed.',
      hint: 'Resume it with resumeSession.',
      sessionId: record.id,
      op: 'session.turn',
    })

  const shut = async (): Promise<SessionStats> => {
    // A turn under way is stopped, so that it does not go on spending while we wait for the process to leave.
    const reason = closedError()
    life.abort(reason)
    for (const scope of scopes) scope.abort(reason)
    await tail
    const on = connection
    if (on) {
      if (on.alive) {
        await on.end().catch(() => {})
        const patience = new AbortController()
        await Promise.race([on.ended, sleep(core.clock, INTERRUPT_MS, patience.signal).catch(() => {})])
        patience.abort()
      }
      await on.close()
    }
    await record.closed()
    parts.onClosed?.(self)
    return record.stats()
  }

  const controls = sessionControls(async (work, signal) => {
    if (closing) throw closedError()
    const call = { signal: signal ?? life.signal }
    return core.caller.run({ op: 'session.control' }, call, async (at) => work(await ensure(at)))
  })

  const self: Session = {
    ...controls,
    get sessionId() {
      return record.id
    },
    options,
    get createdAt() {
      return record.createdAt
    },
    get updatedAt() {
      return record.updatedAt
    },
    get turnCount() {
      return record.turnCount
    },
    get isClosed() {
      return closing !== undefined
    },
    get tags() {
      return record.tags
    },
    get totalCostUsd() {
      return record.totalCostUsd
    },
    get lastPrompt() {
      return record.lastPrompt
    },
    get lastResponse() {
      return record.lastResponse
    },
    addTag: (tag) => record.addTag(tag),
    removeTag: (tag) => record.removeTag(tag),
    toState: () => record.toState(),
    async interrupt(interruption) {
      if (!connection?.alive) return {}
      return await connection.interrupt(interruption)
    },
    sendMessage(content, send = {}) {
      if (closing) throw closedError()
      if (queued > 0 && whileBusy === 'reject') {
        throw new ClaudeError({
          code: 'conflict',
          message: 'A turn is under way.',
          hint: "Await it, or use whileBusy: 'queue'.",
          sessionId: record.id,
        })
      }
      if (queued > maxQueued) {
        throw new ClaudeError({
          code: 'rate_limited',
          message: `${maxQueued} messages already wait.`,
          hint: 'Send less at once, or raise maxQueued.',
        })
      }
      return runTurn(content, send)
    },
    fork({ at, sessionId } = {}) {
      if (!known)
        throw new ClaudeError({
          code: 'not_found',
          message: 'There is nothing to fork before the first turn.',
          sessionId: record.id,
        })
      return createSessionWith(parts, { ...session, sessionId }, { fork: { from: record.id, at } })
    },
    close() {
      closing ??= core.track(shut())
      return closing
    },
    async [Symbol.asyncDispose]() {
      await self.close()
    },
  }
  parts.onOpened?.(self)
  return self
}

async function waitFor(before: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await raceSignal(before, signal)
  } catch {
    throw abortError(signal, { system: 'claude', op: 'session.turn', sent: 'no' })
  }
}
