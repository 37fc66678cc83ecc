/** Tests of hubs and of sources: a scripted system, a store that stops at a write, and the rules that every hub keeps. */
import type { Case } from '../case.js'
import { askRules } from './rules-asks.js'
import { crashRules } from './rules-crash.js'
import type { HubRulesContext } from './rules-context.js'
import { journalRules } from './rules-journal.js'
import { agentRules } from './rules-agents.js'
import { turnRules } from './rules-turns.js'

export { createCrashingStore, type CrashingStore, type CrashOptions } from './crashing-store.js'
export type { HubRulesContext } from './rules-context.js'
export {
  createScriptedSystem,
  FULL_CAPABILITIES,
  type Script,
  type ScriptedEvent,
  type ScriptedFault,
  type ScriptedLedger,
  type ScriptedSystem,
  type ScriptedSystemOptions,
  type ScriptedTurn,
} from './scripted-system.js'

/**
 * The rules that every hub keeps, as cases over a scripted system. Run them over your own store or your own connection to a hub,
 * with `runCases` or in a test runner.
 */
export const hubRules: readonly Case<HubRulesContext>[] = [...journalRules, ...turnRules, ...agentRules, ...askRules, ...crashRules]
export { sourceSuite, type SourceSuiteContext } from './source-suite.js'
