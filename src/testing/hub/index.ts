/** Tests of hubs and of sources: a scripted system, a store that stops at a write, and the rules that every hub keeps. */
import type { Case } from '../case.js'
import { askRules } from './rules-asks.js'
import { crashRules } from './rules-crash.js'
import type { HubRulesContext } from './rules-context.js'
import { journalRules } from './rules-journal.js'
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

/** What every hub does, over a scripted system. Run it over your store, or over your way to a hub: it needs no test runner. */
export const hubRules: readonly Case<HubRulesContext>[] = [...journalRules, ...turnRules, ...askRules, ...crashRules]
export { sourceSuite, type SourceSuiteContext } from './source-suite.js'
