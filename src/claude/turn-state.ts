/** One turn from the connection's side: takes lines, holds them for the reader up to a mark, knows when it is over. */
import { createQueue, type BoundedQueue } from '../core/queue.js'
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import { createAnswer, type Answer } from './answer.js'
import { isResult } from './guards.js'
import type { ClaudeLine, ResultLine } from './lines.js'
import { endOf, type CostMeter, type TurnEnd } from './turn-end.js'

/** Bytes of lines kept for a reader before the process is paused. */
const KEEP_BYTES = 8 * 1024 * 1024

export interface LineBatch {
  readonly lines: readonly ClaudeLine[]
  readonly bytes: number
}

export type Verdict = 'over' | 'goes-on'

export interface TurnOptions {
  readonly uuid: string
  readonly clock: Clock
  /** Lines pass here first, once each: events, usage. */
  readonly onLine?: ((line: ClaudeLine, answer: Answer) => void) | undefined
  /** Is the turn over with this result? Background agents and a limit that is waited for let it go on. */
  readonly judge?: ((end: TurnEnd, answer: Answer) => Verdict) | undefined
  onEnd(end: TurnEnd): void
  onFail(error: SignalboxError): void
}

export interface TurnState {
  /** Of the message on the wire. */
  uuid: string
  readonly answer: Answer
  readonly queue: BoundedQueue<LineBatch>
  started: boolean
  written: boolean
  interrupted: boolean
  readonly lastEnd: TurnEnd | undefined
  /** The end that belongs to a result line; cost and text are settled when the line arrives. */
  endFor(line: ResultLine): TurnEnd | undefined
  /** True when the line ends the turn. */
  take(line: ClaudeLine, bytes: number, meter: CostMeter): boolean
  /** Hands what was taken to the reader; false when the reader is behind. */
  flush(): boolean
  isFull(): boolean
  room(): Promise<void>
  fail(error: SignalboxError): void
  /** The process is gone: over with the last result, or failed without one. */
  over(errorFor: () => SignalboxError): void
}

export function createTurnState(options: TurnOptions): TurnState {
  const { clock, onLine, judge } = options
  const answer = createAnswer()
  const queue = createQueue<LineBatch>({
    overflow: 'pause',
    maxBytes: KEEP_BYTES,
    sizeOf: (batch) => batch.bytes,
    name: 'the lines of a turn',
  })
  const ends = new Map<ResultLine, TurnEnd>()
  let lines: ClaudeLine[] = []
  let bytes = 0
  let lastEnd: TurnEnd | undefined
  let costUsd = 0
  let settled = false

  const flush = (): boolean => {
    if (lines.length === 0) return !isFull()
    const batch = { lines, bytes }
    lines = []
    bytes = 0
    return queue.push([batch])
  }
  const isFull = (): boolean => !queue.ended && queue.bytes > KEEP_BYTES
  const finish = (end: TurnEnd): void => {
    if (settled) return
    settled = true
    flush()
    queue.end()
    options.onEnd(end)
  }

  const state: TurnState = {
    uuid: options.uuid,
    answer,
    queue,
    started: false,
    written: false,
    interrupted: false,
    get lastEnd() {
      return lastEnd
    },
    endFor: (line) => ends.get(line),
    take(line, size, meter) {
      answer.see(line)
      lines.push(line)
      bytes += size
      if (!isResult(line)) {
        onLine?.(line, answer)
        return false
      }
      costUsd += meter.next(line)
      const end = endOf(line, answer, costUsd, state.interrupted, clock.now())
      lastEnd = end
      // One or two: a turn that waits for a limit or for agents may have a few more.
      ends.set(line, end)
      onLine?.(line, answer)
      if (judge?.(end, answer) === 'goes-on') return false
      finish(end)
      return true
    },
    flush,
    isFull,
    room: () => queue.room(),
    fail(error) {
      if (settled) return
      settled = true
      flush()
      queue.fail(error)
      options.onFail(error)
    },
    over(errorFor) {
      if (lastEnd) finish(lastEnd)
      else state.fail(errorFor())
    },
  }
  return state
}
