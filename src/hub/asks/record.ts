/** The record of an ask, and its possible changes. Pure. */
import type { Ask, AskOutcome, AskStatus, Delivered } from '../model/ask.js'

export interface AskRecord {
  readonly ask: Ask
  readonly nativeId: string
  readonly epoch: string
  /** The fence of the hub that wrote this record last. */
  readonly fence: number
  /** The `ask` event has this position or a later one. */
  readonly from: number
  readonly answeredAt?: string
  /** The answer, unless it is a secret. */
  readonly answer?: unknown
  readonly note?: string | undefined
  readonly outcome?: AskOutcome
  readonly delivered?: Delivered
  /** The `ask_resolved` event has this position or a later one. */
  readonly closeFrom?: number
  /** The `ask_resolved` event is in the journal. */
  readonly closed?: true
}

/** A change of an ask. */
export type AskStep =
  /** An answer wins. */
  | {
      readonly to: 'answering'
      readonly by: string
      readonly answeredAt: string
      readonly answer?: unknown
      readonly note?: string | undefined
    }
  /** The ask is closed; its event is not in the journal yet. */
  | { readonly to: AskOutcome; readonly delivered: Delivered; readonly closeFrom: number; readonly by?: string | undefined }
  /** The event is in the journal. */
  | { readonly to: 'closed' }

const OPEN: readonly AskStatus[] = ['open']
const ALLOWED: Readonly<Record<AskOutcome | 'answering', readonly AskStatus[]>> = {
  answering: OPEN,
  answered: ['open', 'answering'],
  expired: OPEN,
  withdrawn: OPEN,
  lost: OPEN,
}

/** The record after a step; undefined when the step comes too late. No step undoes an answer that won. */
export function stepAsk(record: AskRecord, step: AskStep, fence: number): AskRecord | undefined {
  if (step.to === 'closed') return record.outcome ? { ...record, closed: true, fence } : undefined
  if (!ALLOWED[step.to].includes(record.ask.status)) return undefined
  if (step.to === 'answering') {
    const { by, answeredAt, answer, note } = step
    const ask: Ask = { ...record.ask, status: 'answering', by }
    return {
      ...record,
      ask,
      answeredAt,
      fence,
      ...(answer === undefined ? {} : { answer }),
      ...(note === undefined ? {} : { note }),
    }
  }
  const { to: outcome, delivered, closeFrom, by = record.ask.by } = step
  const ask: Ask = { ...record.ask, status: outcome, ...(by === undefined ? {} : { by }) }
  return { ...record, ask, outcome, delivered, closeFrom, fence }
}

/** What a hub must do about an ask that an earlier run left behind. */
export type AskRepair =
  | { readonly do: 'nothing' }
  /** The ask stays open until its source reports which asks are open. `begin`: its event is missing in the journal. */
  | { readonly do: 'keep'; readonly begin: boolean }
  /** The answer won and the hub died: it is unknown whether the answer arrived. */
  | { readonly do: 'close'; readonly outcome: 'answered'; readonly delivered: 'maybe' }
  /** The ask is closed, and its event may be missing. */
  | { readonly do: 'finish'; readonly append: boolean }

export function repairAsk(record: AskRecord, traces: { readonly begun: boolean; readonly resolved: boolean }): AskRepair {
  if (record.closed) return { do: 'nothing' }
  if (record.outcome) return { do: 'finish', append: !traces.resolved }
  return record.ask.status === 'answering'
    ? { do: 'close', outcome: 'answered', delivered: 'maybe' }
    : { do: 'keep', begin: !traces.begun }
}
