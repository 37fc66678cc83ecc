/**
 * The turns of one CLI process: one that the client began with a message (`ours`), and one that the CLI began by itself (`unsolicited`),
 * for example when a background agent is done. At most one of each runs at a time.
 */
import type { SignalboxError } from '../../errors.js'
import { isInit } from '../messages/guards.js'
import type { ClaudeLine } from '../messages/lines.js'
import type { Spent } from '../messages/meter.js'
import { ClaudeError } from '../messages/errors.js'
import type { TurnState } from './turn-state.js'

/** The turn that a line belongs to: ours, the CLI's own, one that begins with this line, or none. */
export type Owner = 'ours' | 'unsolicited' | 'new' | 'nobody'

/** The facts from which `ownerOf` finds the turn of a line. */
export interface TurnsUnderWay {
  /** Our turn, if its message was written. `started`: the CLI said that it took the message up. */
  readonly ours: { readonly started: boolean } | undefined
  readonly hasUnsolicited: boolean
  /** Newer CLIs report when they begin with a message. Then lines before that report belong to another turn. */
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
  /** Called when the CLI begins a turn by itself. Returns the state that takes its lines, or undefined to drop them. */
  readonly onUnsolicited: () => TurnState | undefined
  /** The number of turns under way may have changed. */
  readonly onChange: () => void
}

export interface Turns {
  readonly ours: TurnState | undefined
  /** The turn of the client, otherwise that of the CLI. */
  readonly current: TurnState | undefined
  readonly underWay: readonly TurnState[]
  isUnderWay(turn: TurnState): boolean
  /** Set after `initialize`, when the CLI has announced that it reports when it begins with a message. */
  reportsLifecycle: boolean
  begin(turn: TurnState): void
  /** Forgets a turn. For a turn that is over without a line that ends it. */
  release(turn: TurnState): void
  /** Passes the line to its turn. `spent` is what a result adds to the results before it. */
  take(line: ClaudeLine, bytes: number, spent: Spent | undefined): void
  /** Fails the turn of the client and forgets it. */
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
  /** Makes sure that a turn which ends between two lines is forgotten too. */
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
    // CLI 2.1.329 also writes `cancelled` for a turn that has failed. Such a turn was started and has a result.
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
