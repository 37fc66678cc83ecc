/** The record of a turn, and the order of its changes. Pure: the driver stores, sends and appends. */
import type { AgentId } from '../model/agent.js'
import type { EndEvent } from '../model/event.js'

/**
 * `accepted`: the prompt is stored; nothing was sent. `sending`: it may have reached the system. `resolving`: the hub asks the system
 * for the outcome. `ending`: the end is decided and maybe in the journal. `ended`: the end is in the journal.
 */
export type TurnState = 'accepted' | 'sending' | 'resolving' | 'ending' | 'ended'

export interface TurnRecord {
  readonly promptId: string
  readonly agent: AgentId
  readonly session?: string | undefined
  readonly by: string
  readonly text: string
  readonly at: string
  /** The fence of the hub that wrote this record last. */
  readonly fence: number
  /** Every event of the turn has this position or a later one. */
  readonly from: number
  readonly state: TurnState
  readonly receipt?: unknown
  readonly end?: EndEvent
  /** The end has this position or a later one. */
  readonly endFrom?: number
  readonly endSeq?: number
}

/** A change of a turn. */
export type TurnStep =
  | { readonly to: 'sending'; readonly receipt?: unknown; readonly session?: string | undefined }
  | { readonly to: 'resolving' }
  | { readonly to: 'ending'; readonly end: EndEvent; readonly endFrom: number }
  | { readonly to: 'ended'; readonly endSeq: number }

const ALLOWED: Readonly<Record<TurnStep['to'], readonly TurnState[]>> = {
  sending: ['accepted'],
  resolving: ['sending', 'resolving'],
  ending: ['accepted', 'sending', 'resolving'],
  ended: ['ending'],
}

/** The record after a step; undefined when the step comes too late, such as a second end. */
export function stepTurn(record: TurnRecord, step: TurnStep, fence: number): TurnRecord | undefined {
  if (!ALLOWED[step.to].includes(record.state)) return undefined
  const { to: state, ...fields } = step
  return { ...record, ...fields, state, fence }
}

/** What the journal shows of a turn that another run of the hub left behind. */
export interface TurnTraces {
  readonly begun: boolean
  /** The position of its end. */
  readonly endSeq?: number | undefined
}

/** What a hub must do about a turn that it finds when it starts. */
export type TurnRepair =
  | { readonly do: 'nothing' }
  /** The end is in the journal: only the record is behind. */
  | { readonly do: 'mark'; readonly endSeq: number }
  /** The end is decided and not in the journal. */
  | { readonly do: 'append'; readonly end: EndEvent }
  /** Nothing was sent. `begin` says that its `turn` event is missing too. */
  | { readonly do: 'lose'; readonly begin: boolean }
  /** It may have reached the system. */
  | { readonly do: 'resolve' }

export function repairTurn(record: TurnRecord, traces: TurnTraces): TurnRepair {
  if (record.state === 'ended') return { do: 'nothing' }
  if (record.state === 'ending' && record.end) {
    return traces.endSeq === undefined ? { do: 'append', end: record.end } : { do: 'mark', endSeq: traces.endSeq }
  }
  return record.state === 'accepted' ? { do: 'lose', begin: !traces.begun } : { do: 'resolve' }
}

/** The end of a prompt that the hub accepted and never sent. */
export const neverSent = (message: string): EndEvent => ({
  kind: 'end',
  outcome: 'lost',
  sent: 'no',
  error: { code: 'unavailable', message },
})

/** The end of a prompt whose outcome cannot be found out. */
export const lostTurn = (message: string): EndEvent => ({
  kind: 'end',
  outcome: 'lost',
  sent: 'maybe',
  error: { code: 'unavailable', message },
})
