/** The hub in the process of its sources. */
import { memoryStore } from '../store/memory.js'
import type { HubParts } from './api.js'
import { createEngine } from './engine.js'
import type { HubFrame } from './frame.js'
import { createLedger } from './guard/budget.js'
import type { Hub } from './hub.js'
import { openJournal } from './journal/open.js'
import { createTrimmer } from './journal/trimmer.js'
import { checkNames, openHub } from './open-hub.js'
import type { HubOptions } from './options.js'
import { readHistory, readSessions } from './past.js'
import { closeSession, openSession } from './sessions.js'
import { openStoreParts } from './store-parts.js'

/**
 * Opens a hub over its sources. Resolves when what an earlier run left behind is repaired and every source is open.
 * Rejects with `conflict` when another hub drives the same store.
 *
 * @example
 * ```ts
 * import { createHub, type Source } from 'signalbox/hub'
 *
 * declare const source: Source
 * await using hub = await createHub({ sources: [source] })
 * for (const agent of await hub.agents()) console.log(agent.id, agent.sessions)
 * console.log(await hub.prompt('ccc/backend', 'Run the tests.').text())
 * ```
 */
export async function createHub(options: HubOptions): Promise<Hub> {
  checkNames(options.sources.map(({ name }) => name))
  return await openHub(options, (frame) => openAlone(options, frame))
}

/** A hub that is the only one on its store: one lease and one engine for all sources. */
async function openAlone(options: HubOptions, frame: HubFrame): Promise<HubParts> {
  const { clock, signal, ended, report, fail, onClose } = frame
  const store = options.store ?? memoryStore({ clock })
  if (!options.store) onClose(async () => store[Symbol.asyncDispose]())
  const { sources, limits = {}, waitMs = 0, leaseMs = 15_000 } = options
  const stored = await openStoreParts(store, { clock, leaseMs, waitMs, onLost: fail })
  onClose(stored.close)
  const { journalId: id, log, next } = stored
  const journal = openJournal({ id, log, clock, next, maxEvents: limits.maxEvents ?? 4096, ended })
  onClose(async () => journal.fanout.close())
  const ledger = createLedger(options.budgets ?? [])
  const trimmer = createTrimmer({ log, clock, limits, onFailure: (error) => report('trimming the journal', error) })
  const { publish, view } = journal
  const engine = createEngine({ stored, sources, options, clock, ledger, trimmer, signal, publish, report, fail })
  onClose(engine.stop)
  await engine.start()
  const { context, agents, turns, asks } = engine
  return {
    journal,
    // An agent whose event is not in the journal yet is shown as its source reported it.
    agents: () => [...agents.values()].map((agent) => view.agents.get(agent.id) ?? agent),
    prompt: turns.prompt,
    find: turns.find,
    cancel: turns.cancel,
    asks: asks.open,
    answer: asks.answer,
    history: (agent, query) => readHistory(context, agent, query),
    sessions: (agent, callOptions) => readSessions(context, agent, callOptions),
    openSession: (agent, session, callOptions) => openSession(context, agent, session, callOptions),
    closeSession: (agent, session, callOptions) => closeSession(context, agent, session, callOptions),
    spent: ledger.spent,
    budgets: ledger.states,
  }
}
