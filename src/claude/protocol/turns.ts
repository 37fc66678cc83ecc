/**
 * The turns of one CLI process: ours, which began with a message of ours, and one that the CLI began by itself, for instance when a
 * background agent is done. At most one of each is under way.
 */
import type { SignalboxError } from '../../errors.js'
import { isInit } from '../messages/guards.js'
import type { ClaudeLine } from '../messages/lines.js'
import type { Spent } from '../messages/meter.js'
import { ClaudeError } from '../messages/errors.js'
import type { TurnState } from './turn-state.js'

/** The turn that a line belongs to: ours, the CLI's own, one that begins with this line, or none. */
export type Owner = 'ours' | 'unsolicited' | 'new' | 'nobody'

/** What decides the owner of a line. */
export interface TurnsUnderWay {
  /** Our turn, if its message was written. `started`: the CLI said that it took the message up. */
  readonly ours: { readonly started: boolean } | undefined
  readonly hasUnsolicited: boolean
  /** Newer CLIs say when they take a message up; then lines that come before that belong to another turn. */
  readonly reportsLifecycle: boolean
}

/** The turn that a line belongs to. */
export function ownerOf(line: ClaudeLine, { ours, hasUnsolicited, reportsLifecycle }: TurnsUnderWay): Owner {
  if (ours && (!reportsLifecycle || ours.started)) return 'ours'
  const isOfATurn = isInit(line) || /^(?:assistant|user|result|stream_event)$/.test(line.type)
  if (ours && !isOfATurn) return 'ours'
  if (hasUnsolicited) return 'unsolicited'
  if (isOfATurn && line.isReplay !== true) return 'new'
  return ours ? 'ours' : 'nobody'
}

/** Whether a line says that it answers the message with this uuid. */
export function namesMessage(line: ClaudeLine, uuid: string): boolean {
  const { user_message_uuids: all, user_message_uuid: one } = line
  return one === uuid || (Array.isArray(all) && all.includes(uuid))
}

export interface TurnsOptions {
  /** A turn that nobody asked for begins: give the state that takes it, or undefined to drop its lines. */
  readonly onUnsolicited: () => TurnState | undefined
  /** The number of turns under way may have changed. */
  readonly onChange: () => void
}

export interface Turns {
  readonly ours: TurnState | undefined
  /** Ours, else the CLI's own. */
  readonly current: TurnState | undefined
  readonly underWay: readonly TurnState[]
  isUnderWay(turn: TurnState): boolean
  /** Set when the CLI said at `initialize` that it reports when it takes a message up. */
  reportsLifecycle: boolean
  begin(turn: TurnState): void
  /** Forgets a turn, as when it is over without a line that says so. */
  release(turn: TurnState): void
  /** Gives the line to its turn. A result comes with what it adds to the results before it. */
  take(line: ClaudeLine, bytes: number, spent: Spent | undefined): void
  /** Our turn fails, and is forgotten. */
  fail(error: SignalboxError): void
}

export function createTurns({ onUnsolicited, onChange }: TurnsOptions): Turns {
  let ours: TurnState | undefined
  let unsolicited: TurnState | undefined
  const underWay = (): TurnState[] => [ours, unsolicited].filter((turn) => turn !== undefined)

  const release = (turn: TurnState): void => {
    if (turn === ours) ours = undefined
    if (turn === unsolicited) unsolicited = undefined
    onChange()
  }
  /** A turn that ends between two lines is forgotten too. */
  const watched = <Turn extends TurnState | undefined>(turn: Turn): Turn => {
    if (turn)
      turn.onSettled = () => {
        if (underWay().includes(turn)) release(turn)
      }
    return turn
  }
  const fail = (error: SignalboxError): void => {
    ours?.fail(error)
    if (ours) release(ours)
  }
  const noteLifecycle = ({ command_uuid: uuid, state }: ClaudeLine): void => {
    if (!ours || uuid !== ours.uuid) return
    if (state === 'started') ours.started = true
    // 2.1.329 also writes `cancelled` for a turn that failed; that turn has its result.
    else if (state === 'cancelled' && !ours.started)
      fail(new ClaudeError({ code: 'aborted', message: 'The message was taken out of the queue.', sent: 'yes', op: 'turn' }))
  }
  const turnFor = (line: ClaudeLine): TurnState | undefined => {
    const owner = ownerOf(line, { ours, hasUnsolicited: unsolicited !== undefined, reportsLifecycle: turns.reportsLifecycle })
    if (owner === 'new') unsolicited = watched(onUnsolicited())
    if (owner === 'ours') return ours
    return owner === 'nobody' ? undefined : unsolicited
  }

  const turns: Turns = {
    reportsLifecycle: false,
    get ours() {
      return ours
    },
    get current() {
      return ours ?? unsolicited
    },
    get underWay() {
      return underWay()
    },
    isUnderWay: (turn) => underWay().includes(turn),
    begin(turn) {
      ours = watched(turn)
    },
    release,
    take(line, bytes, spent) {
      if (line.type === 'command_lifecycle') noteLifecycle(line)
      if (ours && turns.reportsLifecycle && !ours.started && namesMessage(line, ours.uuid)) ours.started = true
      const turn = turnFor(line)
      if (turn?.take(line, bytes, spent)) release(turn)
    },
    fail,
  }
  return turns
}
