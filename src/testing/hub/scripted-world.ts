/** The state of a scripted system: what its script changes and its sources read. */
import type { Agent } from '../../hub/model/agent.js'
import type { Answer } from '../../hub/model/ask.js'
import type { Capabilities } from '../../hub/model/capabilities.js'
import type { EndEvent } from '../../hub/model/event.js'
import type { NewSession, SourceEvent, SourcePrompt } from '../../hub/source.js'

/**
 * How a prompt fails. `refuse`: the system refuses it. `lose-before`: the connection breaks and the prompt did not arrive. `lose-
 * after`: it arrived, and then the connection breaks. The hub gets the same error in the last two cases.
 */
export type ScriptedFault = 'refuse' | 'lose-before' | 'lose-after'

/** What the system really received. It may differ from the answers that the hub got. */
export interface ScriptedLedger {
  /** The prompts that arrived, in order. */
  readonly prompts: readonly SourcePrompt[]
  /** The answers that arrived: the ask, its epoch, the answer and its author. */
  readonly answers: readonly { readonly nativeId: string; readonly epoch: string; readonly answer: Answer; readonly by: string }[]
  /** The native ids of the asks that the hub expired. */
  readonly expired: readonly string[]
  /** The turns that the hub cancelled. */
  readonly cancelled: readonly string[]
  /** The sessions that were opened, with their ids. */
  readonly opened: readonly { readonly agent: string; readonly id: string; readonly wanted: NewSession }[]
}

/** The state that the source and the system share. */
export interface ScriptedWorld {
  readonly name: string
  /** `sessions` are those beside the session `main`. */
  readonly agents: Map<string, { epoch: string; readonly can: Capabilities; sessions: readonly string[] }>
  readonly turns: Map<string, { readonly agent: string; end?: EndEvent; readonly cancel: () => void }>
  readonly asks: Map<
    string,
    {
      readonly agent: string
      readonly epoch: string
      readonly event: SourceEvent
      readonly settle: (answer: Answer | undefined) => void
    }
  >
  readonly ledger: {
    prompts: SourcePrompt[]
    answers: ScriptedLedger['answers'][number][]
    expired: string[]
    cancelled: string[]
    opened: ScriptedLedger['opened'][number][]
  }
  readonly faults: ScriptedFault[]
  readonly resolving: { answer?: 'unknown' | 'lost' }
  /** The hub that is connected now. */
  connection: { push(event: SourceEvent): void } | undefined
  run(prompt: SourcePrompt): void
  agentNow(agent: string): Agent
}
