/**
 * One living CLI process in conversation shape: reads its lines from the first byte on, serves its questions, and routes everything else
 * to the turn that it belongs to. One turn of ours at a time, so that the CLI never merges two; a turn nobody asked for is its own.
 */
import { sleep, systemClock, type Clock } from '../core/clock.js'
import { encodeNdjson, ndjsonDecoder } from '../core/codec/ndjson.js'
import { deferred } from '../core/deferred.js'
import { watchIdle } from '../core/idle.js'
import { batches } from '../core/messages.js'
import { SignalboxError } from '../errors.js'
import type { Link } from '../transport.js'
import { createControl, type Control, type ControlHandler } from './control.js'
import { createAnswer } from './answer.js'
import { classifyResult } from './classify.js'
import { endError } from './end-error.js'
import { CLITimeoutError, ParseError } from './errors.js'
import { hasType, isApiRetry, isInit, isRecord, isResult } from './guards.js'
import type { ClaudeLine, ContentBlock, InitLine, ResultLine } from './lines.js'
import { createCostMeter, type CostMeter } from './turn-end.js'
import type { TurnState } from './turn-state.js'

export interface ConnectionLimits {
  /** Default 32 MiB. */
  readonly maxLineBytes?: number | undefined
}

export interface ConnectionOptions {
  readonly link: Link
  readonly handlers: readonly ControlHandler[]
  /** Fields of `initialize`. */
  readonly initialize: Readonly<Record<string, unknown>>
  readonly controlTimeoutMs: number
  /** Silence during a turn after which the CLI is taken for hung; 0 for never. */
  readonly idleMs: number
  readonly limits?: ConnectionLimits | undefined
  readonly clock?: Clock | undefined
  readonly validate: (line: ClaudeLine) => void
  /** A turn that nobody asked for begins: give the state that is to take it, or undefined to drop its lines. */
  readonly onUnsolicited: () => TurnState | undefined
  /** A line outside any turn, and stdout noise. */
  readonly onStray?: ((line: ClaudeLine | undefined) => void) | undefined
}

export interface Connection {
  /** The answer to `initialize`: commands, models, account. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>
  readonly control: Control
  readonly meter: CostMeter
  readonly init: InitLine | undefined
  readonly alive: boolean
  /** Makes a turn current and writes its message; its lines and its end go to the state. */
  begin(state: TurnState, content: string | readonly ContentBlock[]): Promise<void>
  /** Silence for this long has a reason and is no hang. */
  expectSilence(ms: number): void
  /** Another message of the turn under way, for whoever sends again after a limit. */
  resend(state: TurnState, content: string | readonly ContentBlock[]): Promise<void>
  interrupt(options?: { readonly cancelQueued?: boolean; readonly timeoutMs?: number }): Promise<Readonly<Record<string, unknown>>>
  /** Resolves when no turn of ours is under way. */
  free(): Promise<void>
  /** No more input: the CLI finishes what runs and leaves. Waits until nothing of the protocol is pending. */
  end(): Promise<void>
  close(graceMs?: number): Promise<void>
  /** Resolves when the process is gone and everything has been told. */
  readonly ended: Promise<void>
}

export function createConnection(options: ConnectionOptions): Connection {
  const { link, idleMs, clock = systemClock } = options
  const system = { system: 'claude', transport: link.info.transport } as const
  const decoder = ndjsonDecoder<unknown>({
    ...(options.limits?.maxLineBytes === undefined ? {} : { maxLineBytes: options.limits.maxLineBytes }),
    // Noise on stdout is skipped; a broken last line is a message that was lost, and the missing result tells of it.
    onInvalid: () => {
      options.onStray?.(undefined)
      return undefined
    },
  })
  const meter = createCostMeter()
  let active: TurnState | undefined
  let init: InitLine | undefined
  let lifecycle = false
  let alive = true
  let stdinOpen = true
  let paused = false
  let quietUntil = 0
  let changed = deferred()
  let stdoutBytes = 0
  let isReady = false
  let startFailure: ResultLine | undefined
  let bytesRead = 0
  const ended = deferred()

  const write = async (line: unknown): Promise<void> => link.write(encodeNdjson(line))
  const control = createControl({
    write,
    handlers: options.handlers,
    timeoutMs: options.controlTimeoutMs,
    clock,
    transport: link.info.transport,
    onChange() {
      tellChange()
      idle?.touch()
    },
  })
  function tellChange(): void {
    changed.resolve()
    changed = deferred()
  }

  let idle = watch()
  function watch(): ReturnType<typeof watchIdle> | undefined {
    if (idleMs <= 0) return undefined
    return watchIdle(idleMs, onSilence, clock)
  }
  function onSilence(): void {
    idle = undefined
    if (!alive) return
    // A consumer that reads slowly, a human who decides, a retry that was announced: silence with a reason.
    const excused = !active || paused || control.serving > 0 || clock.monotonic() < quietUntil
    if (excused) {
      idle = watch()
      return
    }
    const message = `The CLI said nothing for ${idleMs} ms in the middle of a turn.`
    const hint = 'Raise idleMs if its tools may be silent for longer; otherwise the API or the CLI hangs.'
    active?.fail(
      new CLITimeoutError({
        ...system,
        code: 'deadline_exceeded',
        op: 'turn',
        sent: 'yes',
        message,
        hint,
        partialText: active.answer.text,
      }),
    )
    active = undefined
    void close(2_000)
  }

  /** The turn that a line belongs to. */
  let unsolicited: TurnState | undefined
  const owner = (line: ClaudeLine): TurnState | undefined => {
    if (active && (!lifecycle || active.started)) return active
    const speaks =
      isInit(line) || line.type === 'assistant' || line.type === 'user' || line.type === 'result' || line.type === 'stream_event'
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
      active.fail(
        new SignalboxError({
          ...system,
          code: 'aborted',
          op: 'turn',
          sent: 'yes',
          message: 'The message was taken out of the queue.',
        }),
      )
      active = undefined
    }
  }

  const route = (line: ClaudeLine, bytes: number): TurnState | undefined => {
    if (line.type === 'command_lifecycle') noteLifecycle(line)
    else if (line.type === 'system') {
      if (isInit(line)) init = line
      else if (isApiRetry(line)) quietUntil = Math.max(quietUntil, clock.monotonic() + line.retry_delay_ms + idleMs)
    }
    if (active && lifecycle && !active.started && namesMessage(line, active.uuid)) active.started = true
    if (!isReady && isResult(line)) {
      // A session that cannot be resumed ends so, before anything was asked.
      startFailure = line
      return undefined
    }
    const turn = owner(line)
    if (!turn) {
      options.onStray?.(line)
      return undefined
    }
    const over = turn.take(line, bytes, meter)
    if (over) {
      if (turn === active) active = undefined
      if (turn === unsolicited) unsolicited = undefined
      tellChange()
    }
    return turn
  }

  const pump = async (): Promise<unknown> => {
    const source = {
      async read() {
        const chunk = await link.read()
        bytesRead = chunk?.byteLength ?? 0
        return chunk
      },
    }
    for await (const batch of batches(source, decoder)) {
      idle?.touch()
      stdoutBytes += bytesRead
      const share = bytesRead / batch.length
      // Handed on once for the batch: a reader pays one promise for it.
      let current: TurnState | undefined
      for (const line of batch) {
        if (!hasType(line)) {
          options.onStray?.(undefined)
          continue
        }
        if (control.handle(line)) continue
        options.validate(line)
        const turn = route(line, share)
        if (turn === current) continue
        current?.flush()
        current = turn
      }
      const slow = current?.flush() === false ? current : undefined
      // Questions are served even to a consumer that does not read: only bytes wait, and not while an answer is expected.
      while (slow && alive && control.waiting === 0 && slow.isFull()) {
        paused = true
        await Promise.race([slow.room(), changed.promise])
      }
      paused = false
      idle?.touch()
    }
    return undefined
  }

  const finish = async (fault: unknown): Promise<void> => {
    alive = false
    idle?.stop()
    idle = undefined
    const patience = new AbortController()
    const gone = await Promise.race([
      link.closed,
      sleep(clock, 2_000, patience.signal).then(
        () => undefined,
        () => undefined,
      ),
    ])
    patience.abort()
    const reason = gone ?? (await link.close({ graceMs: 1_000 }))
    const failure = fault === undefined ? undefined : faultOf(fault)
    const errorFor = (op: string, turn?: TurnState): SignalboxError =>
      (startFailure && classifyResult(startFailure, createAnswer(), false, clock.now())) ??
      endError({ reason, fault: failure, op, turn, transport: link.info.transport, silent: stdoutBytes === 0 })
    control.close((op) => errorFor(op))
    for (const turn of new Set([active, unsolicited])) turn?.over(() => errorFor('turn', turn))
    active = undefined
    unsolicited = undefined
    await link.close({ graceMs: 1_000 })
    ended.resolve()
  }
  const running = pump().then(finish, finish)
  running.catch(() => {})

  function close(graceMs = 2_000): Promise<void> {
    stdinOpen = false
    void link.close({ graceMs })
    return ended.promise
  }

  const ready = control.request('initialize', options.initialize).then((answer) => {
    const capabilities = Array.isArray(answer.capabilities) ? answer.capabilities : []
    lifecycle = capabilities.includes('msg_lifecycle_v1')
    isReady = true
    return answer
  })
  ready.catch(() => {})

  const send = (uuid: string, content: string | readonly ContentBlock[]): Promise<void> =>
    write({ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null, session_id: '', uuid })

  return {
    ready,
    control,
    meter,
    get init() {
      return init
    },
    get alive() {
      return alive && stdinOpen
    },
    async begin(state, content) {
      if (!alive) throw endError({ reason: await link.closed, op: 'turn', transport: link.info.transport, silent: false })
      if (active)
        throw new SignalboxError({ ...system, code: 'conflict', op: 'turn', message: 'A turn is under way on this process.' })
      active = state
      idle?.touch()
      state.written = true
      await send(state.uuid, content)
    },
    expectSilence(ms) {
      quietUntil = Math.max(quietUntil, clock.monotonic() + ms + idleMs)
    },
    async resend(state, content) {
      state.started = false
      // A uuid that was seen is acknowledged but not run.
      state.uuid = crypto.randomUUID()
      idle?.touch()
      await send(state.uuid, content)
    },
    interrupt({ cancelQueued, timeoutMs } = {}) {
      const turn = active ?? unsolicited
      if (turn) turn.interrupted = true
      return control.request('interrupt', cancelQueued ? { cancel_queued: true } : {}, { timeoutMs })
    },
    async free() {
      while (alive && active) await Promise.race([changed.promise, ended.promise])
    },
    async end() {
      stdinOpen = false
      while (alive && control.serving > 0) await Promise.race([changed.promise, ended.promise])
      await link.end()
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
    if (error.code !== 'too_large' && error.code !== 'invalid_message') return error
    return new ParseError({ code: error.code, message: error.message, sent: 'yes', cause: error })
  }
  const detail = isRecord(error) && typeof error.message === 'string' ? error.message : String(error)
  return new SignalboxError({ code: 'closed', message: `Reading from the CLI failed: ${detail}`, sent: 'maybe', cause: error })
}
