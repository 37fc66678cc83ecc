/**
 * One CLI process that holds a conversation. Reads its lines from the start, answers its control requests, and passes every other line to
 * the turn that the line belongs to. The client starts one turn at a time, because newer CLIs merge waiting messages into one turn.
 */
import type { Clock } from '../../core/clock.js'
import { encodeNdjson } from '../../core/codec/ndjson.js'
import { deferred } from '../../core/deferred.js'
import { withinTime } from '../../core/within-time.js'
import { SignalboxError, type ErrorCode } from '../../errors.js'
import type { CloseReason, Link } from '../../transport.js'
import { createAnswer } from '../messages/answer.js'
import { classifyResult } from '../messages/classify.js'
import { ClaudeError, CLIExecutionError, CLITimeoutError, ParseError, type ClaudeErrorFacts } from '../messages/errors.js'
import { isApiRetry, isResult } from '../messages/guards.js'
import type { ClaudeLine, ContentBlock, ResultLine } from '../messages/lines.js'
import { createMeter } from '../messages/meter.js'
import { createControl, type Control, type ControlHandler } from './control.js'
import { endError } from './end-error.js'
import { readLines } from './read-lines.js'
import { watchSilence, type SilenceWatch } from './silence.js'
import { stopTurn, type InterruptOptions } from './stop-turn.js'
import type { TurnState } from './turn-state.js'
import { createTurns } from './turns.js'

export interface ConnectionOptions {
  readonly link: Link
  readonly handlers: readonly ControlHandler[]
  /** Fields of `initialize`. */
  readonly initialize: Readonly<Record<string, unknown>>
  readonly controlTimeoutMs: number
  /** A CLI that writes nothing for this long during a turn counts as hung; 0 for never. */
  readonly idleMs: number
  readonly limits?: { readonly maxLineBytes?: number } | undefined
  readonly clock: Clock
  readonly validate: (line: ClaudeLine) => void
  /** Called when the CLI begins a turn by itself. Returns the state that takes its lines, or undefined to drop them. */
  readonly onUnsolicited: () => TurnState | undefined
  /** Messages reach the model unchanged: the CLI expands nothing in them. */
  readonly verbatim?: boolean | undefined
  /** The CLI repeats each message that it has accepted. */
  readonly replays?: boolean | undefined
  /** Called for output on stdout that is not a line of the protocol. */
  readonly onNoise: () => void
}

/** When the model reads a message that is sent into a running turn. */
export type InputPriority = 'now' | 'next' | 'later'

export interface InputOptions {
  readonly priority?: InputPriority | undefined
}

export interface Connection {
  /** The answer to `initialize`: commands, models, account. */
  readonly ready: Promise<Readonly<Record<string, unknown>>>
  readonly control: Control
  readonly alive: boolean
  /** Begins a turn: writes its message, and passes its lines and its end to the state. */
  begin(state: TurnState, content: string | readonly ContentBlock[]): Promise<void>
  /** The next silence of up to this length does not count as a hang. */
  expectSilence(ms: number): void
  /** Sends the message of the running turn again, after a usage limit. */
  resend(state: TurnState, content: string | readonly ContentBlock[]): Promise<void>
  /** Sends a message into the running turn and returns its uuid. */
  input(state: TurnState, content: string | readonly ContentBlock[], options?: InputOptions): Promise<string>
  /**
   * Stops a turn, by default the running one, and resolves when that turn is over. A CLI that does not stop in time is ended, and the
   * turn fails as `aborted`. When no turn runs, the request is sent too, and the CLI does nothing.
   */
  interrupt(options?: InterruptOptions, turn?: TurnState): Promise<Readonly<Record<string, unknown>>>
  /** Ends the bookkeeping of a turn that gets no more lines. The next turn may begin. */
  release(state: TurnState): void
  /** Whether a turn that this client started is running. */
  readonly busy: boolean
  /** Resolves when no turn that this client started is running. */
  free(): Promise<void>
  /** Ends the input, so that the CLI finishes its turn and exits. First waits until every control request of the CLI is answered. */
  end(): Promise<void>
  /** Like `end`, but closes a process that has not exited within this time. */
  leave(patienceMs: number): Promise<void>
  close(graceMs?: number): Promise<void>
  /** Resolves when the process is gone and every turn has its end. */
  readonly ended: Promise<void>
}

/**
 * Long because reading, control requests and turns share the state of one process. Their decisions are in `turns.ts`, `silence.ts`,
 * `stop-turn.ts`, `read-lines.ts` and `end-error.ts`.
 */
export function createConnection(options: ConnectionOptions): Connection {
  const { link, idleMs, clock, onNoise } = options
  const { transport } = link.info
  let alive = true
  let stdinOpen = true
  /** The process is not read at the moment, because the reader of a turn is behind. */
  let paused = false
  /** Interrupts that wait for the end of their turn. Until then the process is read even if a reader is slow. */
  let interrupts = 0
  let changed = deferred()
  let isReady = false
  let isVersion20 = false
  /** True until the first output on stdout. */
  let silent = true
  /** A result that came before any message. A session that cannot be resumed ends with one. */
  let startFailure: ResultLine | undefined
  const ended = deferred()

  const failure = (code: ErrorCode, message: string, more?: Partial<ClaudeErrorFacts>, Kind = ClaudeError): ClaudeError =>
    new Kind({ transport, op: 'turn', code, message, ...more })
  const write = (line: unknown): Promise<void> => link.write(encodeNdjson(line))
  const onChange = (): void => {
    changed.resolve()
    changed = deferred()
  }
  const nextChange = (): Promise<void> => Promise.race([changed.promise, ended.promise])

  const turns = createTurns({ onUnsolicited: options.onUnsolicited, onChange })
  const isUnderWay = (turn: TurnState): boolean => alive && turns.isUnderWay(turn)
  const control = createControl({
    write,
    handlers: options.handlers,
    timeoutMs: options.controlTimeoutMs,
    clock,
    transport,
    isVersion20: () => isVersion20,
    onInterrupt() {
      if (turns.current) turns.current.interrupted = true
    },
    onChange() {
      onChange()
      silence?.touch()
    },
  })
  const silence: SilenceWatch | undefined = watchSilence({
    idleMs,
    clock,
    isExplained: () => !turns.clientTurn || turns.clientTurn.inputs.isIdle || paused || control.serving > 0,
    onHang() {
      const hint = 'Raise idleMs if its tools may be silent for longer.'
      const partialText = turns.clientTurn?.answer.partialText
      const facts = { sent: 'yes', hint, partialText } as const
      turns.fail(failure('deadline_exceeded', `The CLI said nothing for ${idleMs} ms during a turn.`, facts, CLITimeoutError))
      void close()
    },
  })

  const meter = createMeter()
  const route = (line: ClaudeLine, bytes: number): void => {
    if (isApiRetry(line)) silence?.expect(line.retry_delay_ms)
    if (!isReady && isResult(line)) startFailure = line
    // The meter sees every result, also one that no turn takes. Otherwise the next turn would get the cost of this one.
    else turns.take(line, bytes, isResult(line) ? meter(line) : undefined)
  }

  /** Waits while a reader is behind. Does not wait while a control request of ours is open, because its answer must be read. */
  const waitForReaders = async (): Promise<void> => {
    for (const turn of turns.underWay)
      while (turn.isFull && alive && control.waiting === 0 && interrupts === 0) {
        paused = true
        await Promise.race([turn.readerCaughtUp(), changed.promise])
      }
    paused = false
  }
  const reading = readLines({
    link,
    limits: options.limits,
    onNoise,
    onBatch() {
      silence?.touch()
      silent = false
    },
    onLine(line, bytes) {
      if (control.handle(line)) return
      options.validate(line)
      route(line, bytes)
    },
    async afterBatch() {
      await waitForReaders()
      silence?.touch()
    },
  })

  const finish = async (fault: unknown): Promise<void> => {
    alive = false
    silence?.stop()
    const reason = await withinTime(link.closed, 2_000, clock)
      .then((early) => early ?? link.close({ graceMs: 1_000 }))
      .catch((error: unknown): CloseReason => ({ kind: 'error', error }))
    const known = { reason, fault: fault ? readingFault(fault) : undefined, transport, silent }
    const errorFor = (op: string, turn?: TurnState): SignalboxError =>
      (startFailure && classifyResult(startFailure, createAnswer(), false, clock.now())) ?? endError({ ...known, op, turn })
    control.close(errorFor)
    for (const turn of turns.underWay) turn.over(() => errorFor('turn', turn))
    await link.close({ graceMs: 1_000 })
  }
  void reading.then(finish, finish).then(ended.resolve, ended.resolve)

  const close = (graceMs = 2_000): Promise<void> => {
    stdinOpen = false
    void link.close({ graceMs }).catch(() => {})
    return ended.promise
  }
  const end = async (): Promise<void> => {
    stdinOpen = false
    while (alive && control.serving > 0) await nextChange()
    await link.end()
  }

  const ready = control.request('initialize', options.initialize).then((answer) => {
    turns.reportsLifecycle = Array.isArray(answer.capabilities) && answer.capabilities.includes('msg_lifecycle_v1')
    // CLI 2.1 also reports `agents` and `pid`.
    isVersion20 = Array.isArray(answer.commands) && !('agents' in answer) && !('pid' in answer)
    isReady = true
    return answer
  })
  ready.catch(() => {})

  const send = (uuid: string, content: string | readonly ContentBlock[], more: object = {}): Promise<void> => {
    silence?.touch()
    const composed = options.verbatim ? { client_composed: true } : {}
    return write({
      type: 'user',
      message: { role: 'user', content },
      parent_tool_use_id: null,
      session_id: '',
      uuid,
      ...composed,
      ...more,
    })
  }
  /**
   * Throws when a message cannot be sent into the turn. The CLI must report which messages it has taken up: otherwise a result may end the
   * turn or only a part of it, and nothing shows which of the two.
   */
  const checkInput = (state: TurnState, priority: InputPriority | undefined): void => {
    if (!isUnderWay(state) || !stdinOpen || state.inputs.closed) throw failure('closed', 'The turn is over.', { sent: 'no' })
    if (isVersion20 && priority !== undefined && priority !== 'next')
      throw failure('unsupported', `CLI 2.0 reads every message at the next pause, not ${priority}.`, { sent: 'no' })
    if (turns.reportsLifecycle || options.replays) return
    const hint = 'Start it with replayUserMessages: true.'
    throw failure('unsupported', 'This CLI does not say when it takes up a message.', { sent: 'no', hint })
  }
  /** Removes waiting messages from the CLI's queue, because an interrupt stops only the model. */
  const withdrawInputs = ({ inputs }: TurnState): void => {
    inputs.close()
    if (isVersion20) return
    for (const uuid of inputs.waiting) {
      const withdrawn = control.request('cancel_async_message', { message_uuid: uuid })
      withdrawn.then(({ cancelled }) => cancelled === true && inputs.dropped(uuid)).catch(() => {})
    }
  }
  const onStuck = async (turn: TurnState, patienceMs: number): Promise<void> => {
    const message = `The CLI did not stop the turn within ${patienceMs} ms of an interrupt, so its process was ended.`
    if (!turn.lastEnd) turn.fail(failure('aborted', message, { sent: 'yes' }, CLIExecutionError))
    await close()
  }

  return {
    ready,
    control,
    get alive() {
      return alive && stdinOpen
    },
    async begin(state, content) {
      if (!alive) throw endError({ reason: await link.closed, op: 'turn', transport, silent: false })
      if (turns.clientTurn) throw failure('conflict', 'A turn is under way.')
      turns.begin(state)
      state.written = true
      await send(state.uuid, content)
    },
    expectSilence: (ms) => silence?.expect(ms),
    async resend(state, content) {
      state.started = false
      // A new uuid, because the CLI acknowledges a message with a known uuid and does not run it.
      state.uuid = crypto.randomUUID()
      await send(state.uuid, content)
    },
    async input(state, content, { priority } = {}) {
      checkInput(state, priority)
      const uuid = crypto.randomUUID()
      state.inputs.sent(uuid)
      try {
        await send(uuid, content, priority === undefined ? {} : { priority })
      } catch (error) {
        state.inputs.dropped(uuid)
        throw error
      }
      return uuid
    },
    async interrupt(interruption = {}, turn = turns.current) {
      if (!turn || !isUnderWay(turn)) {
        const { cancelQueued, timeoutMs } = interruption
        return await control.request('interrupt', cancelQueued ? { cancel_queued: true } : {}, { timeoutMs })
      }
      const over = async (): Promise<void> => {
        while (isUnderWay(turn)) await nextChange()
      }
      interrupts += 1
      onChange()
      withdrawInputs(turn)
      try {
        return await stopTurn({
          turn,
          control,
          options: interruption,
          clock,
          isUnderWay: () => isUnderWay(turn),
          over,
          onStuck: (patienceMs) => onStuck(turn, patienceMs),
        })
      } finally {
        interrupts -= 1
      }
    },
    release: turns.release,
    get busy() {
      return alive && turns.clientTurn !== undefined
    },
    async free() {
      while (alive && turns.clientTurn) await nextChange()
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

function readingFault(error: unknown): SignalboxError {
  if (SignalboxError.is(error)) {
    const { code, message } = error
    const isBrokenLine = code === 'too_large' || code === 'invalid_message'
    return isBrokenLine ? new ParseError({ code, message, sent: 'yes', cause: error }) : error
  }
  const detail = error instanceof Error ? error.message : String(error)
  return new ClaudeError({ code: 'closed', message: `Reading from the CLI failed: ${detail}`, sent: 'maybe', cause: error })
}
