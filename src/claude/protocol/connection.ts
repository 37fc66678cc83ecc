/**
 * One living CLI process in conversation shape: reads its lines from the first byte on, serves its questions, and routes everything else
 * to the turn that it belongs to. One turn of ours at a time, so that the CLI never merges two; a turn nobody asked for is its own.
 */
import type { Clock } from '../../core/clock.js'
import { encodeNdjson, ndjsonDecoder } from '../../core/codec/ndjson.js'
import { deferred } from '../../core/deferred.js'
import { watchIdle, type IdleWatch } from '../../core/idle.js'
import { batches } from '../../core/messages.js'
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { CloseReason, Link } from '../../transport.js'
import { createControl, type Control, type ControlHandler } from './control.js'
import { createAnswer } from '../messages/answer.js'
import { classifyResult } from '../messages/classify.js'
import { endError } from './end-error.js'
import { ClaudeError, CLIExecutionError, CLITimeoutError, ParseError, type ClaudeErrorFacts } from '../messages/errors.js'
import { hasType, isApiRetry, isInit, isResult } from '../messages/guards.js'
import { withinTime } from '../../core/within-time.js'
import type { ClaudeLine, ContentBlock, ResultLine } from '../messages/lines.js'
import { createMeter } from '../messages/meter.js'
import type { TurnState } from './turn-state.js'

export interface ConnectionOptions {
  readonly link: Link
  readonly handlers: readonly ControlHandler[]
  /** Fields of `initialize`. */
  readonly initialize: Readonly<Record<string, unknown>>
  readonly controlTimeoutMs: number
  /** Silence during a turn after which the CLI is taken for hung; 0 for never. */
  readonly idleMs: number
  readonly limits?: { readonly maxLineBytes?: number } | undefined
  readonly clock: Clock
  readonly validate: (line: ClaudeLine) => void
  /** A turn that nobody asked for begins: give the state that is to take it, or undefined to drop its lines. */
  readonly onUnsolicited: () => TurnState | undefined
  /** What stands on stdout and is no line of the protocol. */
  readonly onNoise: () => void
}

export interface Connection {
  /** The answer to `initialize`: commands, models, account. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>
  readonly control: Control
  readonly alive: boolean
  /** Makes a turn current and writes its message; its lines and its end go to the state. */
  begin(state: TurnState, content: string | readonly ContentBlock[]): Promise<void>
  /** Silence for this long has a reason and is no hang. */
  expectSilence(ms: number): void
  /** Another message of the turn under way, for whoever sends again after a limit. */
  resend(state: TurnState, content: string | readonly ContentBlock[]): Promise<void>
  /**
   * Stops the turn under way and resolves when that turn is over. A CLI that does not stop in time is ended, and the turn fails as
   * `aborted`. Without a turn the CLI is asked all the same and does nothing.
   */
  interrupt(options?: InterruptOptions, turn?: TurnState): Promise<Readonly<Record<string, unknown>>>
  /** The turn brings nothing more: the CLI is idle, and the next turn may begin. */
  release(state: TurnState): void
  /** A turn of ours is under way. */
  readonly busy: boolean
  /** Resolves when no turn of ours is under way. */
  free(): Promise<void>
  /** No more input: the CLI finishes what runs and leaves. Waits until nothing of the protocol is pending. */
  end(): Promise<void>
  /** The same, and when the process has not left by itself in this time it is closed. */
  leave(patienceMs: number): Promise<void>
  close(graceMs?: number): Promise<void>
  /** Resolves when the process is gone and everything has been told. */
  readonly ended: Promise<void>
}

export interface InterruptOptions {
  /** Also removes messages that wait inside the CLI (newer CLIs only). */
  readonly cancelQueued?: boolean
  /** How long the CLI may take to stop the turn before its process is ended. Default 5 seconds. */
  readonly timeoutMs?: number | undefined
}

/** How long the CLI may take to stop a turn. */
export const INTERRUPT_MS = 5_000

/** An interrupt that shows no effect for this long is repeated. */
const ASK_AGAIN_MS = 1_000

export function createConnection(options: ConnectionOptions): Connection {
  const { link, idleMs, clock, onNoise } = options
  const { transport } = link.info
  const decoder = ndjsonDecoder<unknown>({
    ...options.limits,
    // Noise on stdout is skipped; a broken last line is a message that was lost, and the missing result tells of it.
    onInvalid: () => void onNoise(),
  })
  const meter = createMeter()
  let active: TurnState | undefined
  let unsolicited: TurnState | undefined
  let lifecycle = false
  let alive = true
  let stdinOpen = true
  let paused = false
  let interrupts = 0
  let quietUntil = 0
  let changed = deferred()
  let silent = true
  let isReady = false
  let startFailure: ResultLine | undefined
  let bytesRead = 0
  const ended = deferred()

  const failure = (code: ErrorCode, message: string, more?: Partial<ClaudeErrorFacts>, Kind = ClaudeError): ClaudeError =>
    new Kind({ transport, op: 'turn', code, message, ...more })
  const write = (line: unknown): Promise<void> => link.write(encodeNdjson(line))
  const tellChange = (): void => {
    changed.resolve()
    changed = deferred()
  }
  const control = createControl({
    write,
    handlers: options.handlers,
    timeoutMs: options.controlTimeoutMs,
    clock,
    transport,
    onInterrupt: markInterrupted,
    onChange() {
      tellChange()
      idle?.touch()
    },
  })
  function markInterrupted(): void {
    const turn = active ?? unsolicited
    if (turn) turn.interrupted = true
  }
  const expectSilence = (ms: number): void => {
    quietUntil = Math.max(quietUntil, clock.monotonic() + ms + idleMs)
  }

  const onSilence = (): void => {
    // A consumer that reads slowly, a human who decides, a retry that was announced: silence with a reason.
    if (!active || paused || control.serving > 0 || clock.monotonic() < quietUntil) {
      idle = watchIdle(idleMs, onSilence, clock)
      return
    }
    const message = `The CLI said nothing for ${idleMs} ms during a turn.`
    const hint = 'Raise idleMs if its tools may be silent for longer.'
    const { partialText } = active.answer
    active.fail(failure('deadline_exceeded', message, { sent: 'yes', hint, partialText }, CLITimeoutError))
    active = undefined
    void close()
  }
  let idle: IdleWatch | undefined = watchIdle(idleMs, onSilence, clock)

  /** The turn that a line belongs to. */
  const owner = (line: ClaudeLine): TurnState | undefined => {
    if (active && (!lifecycle || active.started)) return active
    const speaks = isInit(line) || /^(?:assistant|user|result|stream_event)$/.test(line.type)
    if (active && !speaks) return active
    if (unsolicited) return unsolicited
    if (!speaks || line.isReplay === true) return active
    unsolicited = options.onUnsolicited()
    return unsolicited
  }

  const noteLifecycle = (line: ClaudeLine): void => {
    if (!active || line.command_uuid !== active.uuid) return
    if (line.state === 'started') active.started = true
    // Newer CLIs also call a turn so that failed; one that was begun has its result to speak for it.
    else if (line.state === 'cancelled' && !active.started) {
      active.fail(failure('aborted', 'The message was taken out of the queue.', { sent: 'yes' }))
      active = undefined
      tellChange()
    }
  }

  const route = (line: ClaudeLine, bytes: number): void => {
    if (line.type === 'command_lifecycle') noteLifecycle(line)
    else if (isApiRetry(line)) expectSilence(line.retry_delay_ms)
    if (active && lifecycle && !active.started && namesMessage(line, active.uuid)) active.started = true
    if (!isReady && isResult(line)) {
      // A session that cannot be resumed ends so, before anything was asked.
      startFailure = line
      return
    }
    // Whoever takes it, or nobody: what it counts is not for the next turn.
    const spent = isResult(line) ? meter(line) : undefined
    const turn = owner(line)
    if (turn?.take(line, bytes, spent)) {
      if (turn === active) active = undefined
      if (turn === unsolicited) unsolicited = undefined
      tellChange()
    }
  }

  const pump = async (): Promise<void> => {
    const source = {
      async read() {
        const chunk = await link.read()
        bytesRead += chunk?.byteLength ?? 0
        return chunk
      },
    }
    for await (const batch of batches(source, decoder)) {
      idle?.touch()
      silent = false
      // A line may come in many chunks: all of them are held for it.
      const share = bytesRead / batch.length
      bytesRead = 0
      for (const line of batch) {
        if (!hasType(line)) onNoise()
        else if (!control.handle(line)) {
          options.validate(line)
          route(line, share)
        }
      }
      // A slow consumer pauses the process, but not while an answer or the end of an interrupted turn is expected.
      for (const slow of [active, unsolicited])
        while (slow?.isFull && alive && control.waiting === 0 && interrupts === 0) {
          paused = true
          await Promise.race([slow.room(), changed.promise])
        }
      paused = false
      idle?.touch()
    }
  }

  const finish = async (fault: unknown): Promise<void> => {
    alive = false
    idle?.stop()
    const reason = await withinTime(link.closed, 2_000, clock)
      .then((early) => early ?? link.close({ graceMs: 1_000 }))
      .catch((error: unknown): CloseReason => ({ kind: 'error', error }))
    const known = { reason, fault: fault ? faultOf(fault) : undefined, transport, silent }
    const errorFor = (op: string, turn?: TurnState): SignalboxError =>
      (startFailure && classifyResult(startFailure, createAnswer(), false, clock.now())) ?? endError({ ...known, op, turn })
    control.close(errorFor)
    for (const turn of new Set([active, unsolicited])) turn?.over(() => errorFor('turn', turn))
    await link.close({ graceMs: 1_000 })
  }
  void pump().then(finish, finish).then(ended.resolve, ended.resolve)

  const close = (graceMs = 2_000): Promise<void> => {
    stdinOpen = false
    void link.close({ graceMs }).catch(() => {})
    return ended.promise
  }
  const end = async (): Promise<void> => {
    stdinOpen = false
    while (alive && control.serving > 0) await Promise.race([changed.promise, ended.promise])
    await link.end()
  }

  const ready = control.request('initialize', options.initialize).then((answer) => {
    lifecycle = Array.isArray(answer.capabilities) && answer.capabilities.includes('msg_lifecycle_v1')
    isReady = true
    return answer
  })
  ready.catch(() => {})

  const isUnderWay = (turn: TurnState): boolean => alive && (turn === active || turn === unsolicited)

  /** Asks until the turn is over or the time is up. Gives the answer to the first request. */
  const stopTurn = async (turn: TurnState, fields: Readonly<Record<string, unknown>>, patienceMs: number) => {
    const until = clock.monotonic() + patienceMs
    let first: Promise<Readonly<Record<string, unknown>>> | undefined
    turn.interrupted = true
    interrupts += 1
    tellChange()
    try {
      for (let left = patienceMs; left > 0 && isUnderWay(turn); left = until - clock.monotonic()) {
        // A request that fails leaves its turn running, which is what counts.
        const asked = control.request('interrupt', fields, { timeoutMs: left }).catch(() => ({}))
        first ??= asked
        await withinTime(whileUnderWay(turn), Math.min(left, ASK_AGAIN_MS), clock)
      }
    } finally {
      interrupts -= 1
    }
    if (isUnderWay(turn)) {
      if (!turn.lastEnd) {
        const message = `The CLI did not stop the turn within ${patienceMs} ms of an interrupt, so its process was ended.`
        turn.fail(failure('aborted', message, { sent: 'yes' }, CLIExecutionError))
      }
      await close()
    }
    // Usually here before the turn is over; after an interrupt that came too late, it follows the result.
    return (first && (await withinTime(first, ASK_AGAIN_MS, clock))) ?? {}
  }
  const whileUnderWay = async (turn: TurnState): Promise<void> => {
    while (isUnderWay(turn)) await Promise.race([changed.promise, ended.promise])
  }

  const send = (uuid: string, content: string | readonly ContentBlock[]): Promise<void> => {
    idle?.touch()
    return write({ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null, session_id: '', uuid })
  }

  return {
    ready,
    control,
    get alive() {
      return alive && stdinOpen
    },
    get busy() {
      return alive && active !== undefined
    },
    release(state) {
      if (active === state) active = undefined
      tellChange()
    },
    async begin(state, content) {
      if (!alive) throw endError({ reason: await link.closed, op: 'turn', transport, silent: false })
      if (active) throw failure('conflict', 'A turn is under way.')
      active = state
      state.written = true
      await send(state.uuid, content)
    },
    expectSilence,
    async resend(state, content) {
      state.started = false
      // A uuid that was seen is acknowledged but not run.
      state.uuid = crypto.randomUUID()
      await send(state.uuid, content)
    },
    async interrupt({ cancelQueued, timeoutMs = INTERRUPT_MS } = {}, turn = active ?? unsolicited) {
      const fields = cancelQueued ? { cancel_queued: true } : {}
      return turn && isUnderWay(turn)
        ? await stopTurn(turn, fields, timeoutMs)
        : await control.request('interrupt', fields, { timeoutMs })
    },
    async free() {
      while (alive && active) await Promise.race([changed.promise, ended.promise])
    },
    end,
    async leave(patienceMs) {
      await end().catch(() => {})
      await withinTime(ended.promise, patienceMs, clock)
      await close()
    },
    close,
    ended: ended.promise,
  }
}

function namesMessage(line: ClaudeLine, uuid: string): boolean {
  const { user_message_uuids: all, user_message_uuid: one } = line
  return one === uuid || (Array.isArray(all) && all.includes(uuid))
}

function faultOf(error: unknown): SignalboxError {
  if (SignalboxError.is(error)) {
    const { code, message } = error
    const broken = code === 'too_large' || code === 'invalid_message'
    return broken ? new ParseError({ code, message, sent: 'yes', cause: error }) : error
  }
  const detail = error instanceof Error ? error.message : String(error)
  return new ClaudeError({ code: 'closed', message: `Reading from the CLI failed: ${detail}`, sent: 'maybe', cause: error })
}
