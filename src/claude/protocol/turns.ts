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

/** The turn that a line belongs to: a turn of the client, a turn that the CLI began itself, a new one that begins with this line, or none. */
export type Owner = 'client' | 'unsolicited' | 'new' | 'nobody'

/** The facts from which `ownerOf` finds the turn of a line. */
export interface TurnsUnderWay {
  /** The turn of the client, if its message was written. `started`: the CLI reported that it began with the message. */
  readonly clientTurn: { readonly started: boolean } | undefined
  readonly hasUnsolicited: boolean
  /** Newer CLIs report when they begin with a message. Then lines before that report belong to another turn. */
  readonly reportsLifecycle: boolean
}

/** The turn that a line belongs to. */
export function ownerOf(line: ClaudeLine, { clientTurn, hasUnsolicited, reportsLifecycle }: TurnsUnderWay): Owner {
  if (clientTurn && (!reportsLifecycle || clientTurn.started)) return 'client'
  const isOfATurn = isInit(line) || /^(?:assistant|user|result|stream_event)$/.test(line.type)
  if (clientTurn && !isOfATurn) return 'client'
  if (hasUnsolicited) return 'unsolicited'
  if (isOfATurn && line.isReplay !== true) return 'new'
  return clientTurn ? 'client' : 'nobody'
}

/** Whether a line says that it answers the message with this uuid. */
function namesMessage(line: ClaudeLine, uuid: string): boolean {
  const { user_message_uuids: all, user_message_uuid: singleUuid } = line
  return singleUuid === uuid || (Array.isArray(all) && all.includes(uuid))
}

export interface TurnsOptions {
  /** Called when the CLI begins a turn by itself. Returns the state that takes its lines, or undefined to drop them. */
  readonly onUnsolicited: () => TurnState | undefined
  /** The number of turns under way may have changed. */
  readonly onChange: () => void
}

export interface Turns {
  readonly clientTurn: TurnState | undefined
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
  let clientTurn: TurnState | undefined
  let unsolicited: TurnState | undefined
  const underWay = (): TurnState[] => [clientTurn, unsolicited].filter((turn) => turn !== undefined)

  const release = (turn: TurnState): void => {
    if (turn === clientTurn) clientTurn = undefined
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
    clientTurn?.fail(error)
    if (clientTurn) release(clientTurn)
  }
  const noteLifecycle = ({ command_uuid: uuid, state }: ClaudeLine): void => {
    if (!clientTurn || uuid !== clientTurn.uuid) return
    if (state === 'started') clientTurn.started = true
    // CLI 2.1.329 also writes `cancelled` for a turn that has failed. Such a turn was started and has a result.
    else if (state === 'cancelled' && !clientTurn.started)
      fail(new ClaudeError({ code: 'aborted', message: 'The message was taken out of the queue.', sent: 'yes', op: 'turn' }))
  }
  const turnFor = (line: ClaudeLine): TurnState | undefined => {
    const owner = ownerOf(line, {
      clientTurn,
      hasUnsolicited: unsolicited !== undefined,
      reportsLifecycle: turns.reportsLifecycle,
    })
    if (owner === 'new') unsolicited = watched(onUnsolicited())
    if (owner === 'client') return clientTurn
    return owner === 'nobody' ? undefined : unsolicited
  }

  const turns: Turns = {
    reportsLifecycle: false,
    get clientTurn() {
      return clientTurn
    },
    get current() {
      return clientTurn ?? unsolicited
    },
    get underWay() {
      return underWay()
    },
    isUnderWay: (turn) => underWay().includes(turn),
    begin(turn) {
      clientTurn = watched(turn)
    },
    release,
    take(line, bytes, spent) {
      if (line.type === 'command_lifecycle') noteLifecycle(line)
      if (clientTurn && turns.reportsLifecycle && !clientTurn.started && namesMessage(line, clientTurn.uuid))
        clientTurn.started = true
      const turn = turnFor(line)
      if (turn?.take(line, bytes, spent)) release(turn)
    },
    fail,
  }
  return turns
}
