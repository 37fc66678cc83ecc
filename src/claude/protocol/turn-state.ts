/**
 * The state of one turn: keeps its lines for a reader, up to a limit, and decides when the turn is over. The queue of `core` does not fit,
 * because only the connection has the number of bytes of a line, and because a turn ends with its result, whether or not the lines were read.
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

/** The process is paused when the unread lines of a turn exceed this size. */
const KEEP_BYTES = 8 * 1024 * 1024

/** The limit for a turn that is awaited and not iterated. Above it the lines are dropped, and the turn can no longer be iterated. */
const KEEP_UNREAD_BYTES = 1024 * 1024

export type Verdict = 'over' | 'goes-on'

export interface TurnOptions {
  readonly clock: Clock
  /** The caller gave a schema, so a turn that ends without structured output has failed. */
  readonly wantsOutput?: boolean
  /** Called once with each line, before the reader gets the line. A result comes with its own cost and tokens. For events and usage. */
  readonly onLine?: ((line: ClaudeLine, answer: Answer, spent?: Spent) => void) | undefined
  /** Decides whether a result ends the turn. A turn goes on for background agents, or after the wait for a usage limit. */
  readonly judge?: ((end: TurnEnd, answer: Answer) => Verdict) | undefined
  onEnd(end: TurnEnd): void
  onFail(error: SignalboxError): void
}

export interface TurnState {
  /** The id of the message that began the turn. */
  uuid: string
  readonly answer: Answer
  started: boolean
  written: boolean
  interrupted: boolean
  readonly lastEnd: TurnEnd | undefined
  /** Messages that were sent while the turn ran. */
  readonly inputs: Inputs
  /** Tells the connection when the turn ends without a line that ends it. */
  onSettled: (() => void) | undefined
  /** The end that was made from a result line when the line arrived. */
  endFor(line: ResultLine): TurnEnd | undefined
  /** Takes a line; true when the line ends the turn. `spent` is what the meter of the process found for a result. */
  take(line: ClaudeLine, bytes: number, spent?: Spent): boolean
  /** Returns all kept lines, or null at the end. Only one reader may wait. A failure rejects after all kept lines were read. */
  read(): Promise<ClaudeLine[] | null>
  /** Says that the turn is awaited. Its lines are kept for a later reader up to a limit and then dropped, so that the process is not paused. */
  awaitOnly(): void
  /** Says that a reader begins. Throws when lines were dropped before. */
  beginReading(): void
  /** Says that the reader has left. Later lines are processed and not kept. */
  discard(): void
  readonly ended: boolean
  /** Whether the reader is behind, so that the process must wait. */
  readonly isFull: boolean
  /** Resolves when the reader has taken lines, or when the turn is over. */
  readerCaughtUp(): Promise<void>
  fail(error: SignalboxError): void
  /** Says that the caller gave the turn up. The error is used when the turn ends without a result. */
  giveUp(error: SignalboxError): void
  /** Ends the turn because the process has ended: with the last result, or as a failure when there is none. */
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
  /** The reader waits for lines, or the process waits for the reader. Both at once cannot happen: a reader waits only without kept lines. */
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
    const lines = kept
    kept = []
    bytes = 0
    wake()
    return lines
  }
  const settle = (tell: () => void): void => {
    if (settled) return
    settled = true
    inputs.close()
    wake()
    tell()
    state.onSettled?.()
  }
  // Called when the last open input was withdrawn, or the source of inputs has ended, after the CLI had answered all others.
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
        // The reader runs after the whole batch, so it is woken once for all lines of the batch.
        wake()
      }
      if (!isResult(line) || !spent) {
        onLine?.(line, answer)
        return false
      }
      costUsd = roundUsd(costUsd + spent.costUsd)
      const end = endOf(line, answer, { costUsd, interrupted: state.interrupted, wantsOutput, nowMs: clock.now() })
      lastEnd = end
      // A turn has one or two results, and a few more when it waits for a usage limit or for background agents.
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
      // With a message that the CLI has not taken up, the last result is not the end of the turn.
      if (lastEnd && inputs.waiting.length === 0) finish(lastEnd)
      else state.fail(givenUp ?? errorFor())
    },
  }
  return state
}
