/**
 * One turn from the connection's side: takes lines, holds them for the reader up to a mark, knows when it is over. No queue of `core`:
 * what a line weighs is known to whoever read its bytes, not from the line, and a turn is over by its result, whether it is read or not.
 */
import { deferred, type Deferred } from '../../core/deferred.js'
import type { Clock } from '../../core/clock.js'
import type { SignalboxError } from '../../errors.js'
import { createAnswer, type Answer } from '../messages/answer.js'
import { ClaudeError } from '../messages/errors.js'
import { isResult } from '../messages/guards.js'
import type { ClaudeLine, ResultLine } from '../messages/lines.js'
import { roundUsd, type Spent } from '../messages/meter.js'
import { endOf, type TurnEnd } from '../messages/turn-end.js'
import { createInputs, type Inputs } from './inputs.js'

/** Bytes of lines kept for a reader before the process is paused. */
const KEEP_BYTES = 8 * 1024 * 1024

/** The same for a turn that is only awaited. Beyond it its lines are dropped, and it can no longer be iterated. */
const KEEP_UNREAD_BYTES = 1024 * 1024

export type Verdict = 'over' | 'goes-on'

export interface TurnOptions {
  readonly clock: Clock
  /** A schema was given: an end without structured output is a failure. */
  readonly wantsOutput?: boolean
  /** Lines pass here first, once each, a result with what it alone has cost: events, usage. */
  readonly onLine?: ((line: ClaudeLine, answer: Answer, spent?: Spent) => void) | undefined
  /** Is the turn over with this result? Background agents and a limit that is waited for let it go on. */
  readonly judge?: ((end: TurnEnd, answer: Answer) => Verdict) | undefined
  onEnd(end: TurnEnd): void
  onFail(error: SignalboxError): void
}

export interface TurnState {
  /** Of the message on the wire. */
  uuid: string
  readonly answer: Answer
  started: boolean
  written: boolean
  interrupted: boolean
  readonly lastEnd: TurnEnd | undefined
  /** Messages that were sent while the turn ran. */
  readonly inputs: Inputs
  /** The connection that runs the turn is told when the turn ends between two lines. */
  onSettled: (() => void) | undefined
  /** The end that belongs to a result line; cost and text are settled when the line arrives. */
  endFor(line: ResultLine): TurnEnd | undefined
  /** True when the line ends the turn. A result comes with what the meter of its process made of it. */
  take(line: ClaudeLine, bytes: number, spent?: Spent): boolean
  /** For the one reader: everything that waits, or null at the end. A failure rejects, after all kept lines. */
  read(): Promise<ClaudeLine[] | null>
  /** The turn is only awaited. Lines are kept for a later reader up to a limit, then dropped, so that the process is not paused. */
  awaitOnly(): void
  /** A reader takes over. Throws when lines were dropped before it came. */
  beginReading(): void
  /** The reader has left. Later lines are processed but not kept. */
  discard(): void
  readonly ended: boolean
  /** Whether the reader is behind, so that the process must wait. */
  readonly isFull: boolean
  /** Resolves when the reader has taken something, or the turn is over. */
  readerCaughtUp(): Promise<void>
  fail(error: SignalboxError): void
  /** The caller gave the turn up: if the turn ends without a result, this is why. */
  giveUp(error: SignalboxError): void
  /** The process is gone: over with the last result, or failed without one. */
  over(errorFor: () => SignalboxError): void
}

/** Long because each kind of line changes the state of the same turn. */
export function createTurnState(options: TurnOptions): TurnState {
  const { clock, onLine, judge, wantsOutput = false } = options
  const answer = createAnswer()
  const ends = new Map<ResultLine, TurnEnd>()
  let kept: ClaudeLine[] = []
  let bytes = 0
  let left = false
  let reader: 'none' | 'awaited' | 'reading' | 'dropped' = 'none'
  let fault: { readonly error: SignalboxError } | undefined
  /** The reader waits for lines, or the process waits for the reader. Never both: a reader that waits has taken every line. */
  let waiting: Deferred<void> | undefined
  let lastEnd: TurnEnd | undefined
  let givenUp: SignalboxError | undefined
  let costUsd = 0
  let settled = false

  const wake = (): void => {
    waiting?.resolve()
    waiting = undefined
  }
  const change = (): Promise<void> => {
    waiting ??= deferred()
    return waiting.promise
  }
  const drain = (): ClaudeLine[] => {
    const some = kept
    kept = []
    bytes = 0
    wake()
    return some
  }
  const settle = (tell: () => void): void => {
    if (settled) return
    settled = true
    inputs.close()
    wake()
    tell()
    state.onSettled?.()
  }
  // The last input was withdrawn, or the stream of inputs has ended, after the CLI had answered everything.
  const inputs = createInputs(() => {
    if (!settled && lastEnd && judge?.(lastEnd, answer) !== 'goes-on') finish(lastEnd)
  })
  const finish = (end: TurnEnd): void => settle(() => options.onEnd(end))

  const dropUnread = (): void => {
    if (reader !== 'awaited' || bytes <= KEEP_UNREAD_BYTES) return
    reader = 'dropped'
    state.discard()
  }

  const state: TurnState = {
    uuid: crypto.randomUUID(),
    answer,
    started: false,
    written: false,
    interrupted: false,
    inputs,
    onSettled: undefined,
    get lastEnd() {
      return lastEnd
    },
    endFor: (line) => ends.get(line),
    take(line, size, spent) {
      answer.see(line)
      inputs.see(line)
      if (!left && !settled) {
        kept.push(line)
        bytes += size
        dropUnread()
        // Woken once for all lines of a batch: they are taken in one turn of the event loop.
        wake()
      }
      if (!isResult(line) || !spent) {
        onLine?.(line, answer)
        return false
      }
      costUsd = roundUsd(costUsd + spent.costUsd)
      const end = endOf(line, answer, { costUsd, interrupted: state.interrupted, wantsOutput, nowMs: clock.now() })
      lastEnd = end
      // One or two: a turn that waits for a limit or for agents may have a few more.
      ends.set(line, end)
      onLine?.(line, answer, spent)
      if (inputs.isBusy || judge?.(end, answer) === 'goes-on') return false
      finish(end)
      return true
    },
    async read() {
      while (kept.length === 0) {
        if (left) return null
        if (fault) throw fault.error
        if (settled) return null
        if (waiting) throw new ClaudeError({ code: 'invalid_argument', message: 'The turn already has a reader that waits.' })
        await change()
      }
      return drain()
    },
    awaitOnly() {
      if (reader !== 'none') return
      reader = 'awaited'
      dropUnread()
    },
    beginReading() {
      if (reader === 'dropped') {
        const message = 'The lines of this turn were dropped: it was awaited, nobody read it, and they became too many to keep.'
        throw new ClaudeError({
          code: 'invalid_argument',
          message,
          hint: 'Start to iterate before or right after result().',
          op: 'turn',
        })
      }
      reader = 'reading'
    },
    discard() {
      left = true
      drain()
    },
    get ended() {
      return settled
    },
    get isFull() {
      return !settled && bytes > KEEP_BYTES
    },
    readerCaughtUp: change,
    fail(error) {
      if (!settled) fault = { error }
      settle(() => options.onFail(error))
    },
    giveUp(error) {
      givenUp ??= error
    },
    over(errorFor) {
      // A message that the CLI has not taken up has no answer.
      if (lastEnd && inputs.waiting.length === 0) finish(lastEnd)
      else state.fail(givenUp ?? errorFor())
    },
  }
  return state
}
