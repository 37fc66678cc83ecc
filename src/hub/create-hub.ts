/** The hub in the process of its sources. */
import { systemClock } from '../core/clock.js'
import { createDeadline } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { memoryStore } from '../store/memory.js'
import { createApi, type HubParts } from './api.js'
import { asHubError, hubError } from './context.js'
import { createEngine } from './engine.js'
import { prepareSource, type HubFrame } from './frame.js'
import { createLedger } from './guard/budget.js'
import type { Hub } from './hub.js'
import { openJournal } from './journal/open.js'
import { createTrimmer } from './journal/trimmer.js'
import type { HubOptions } from './options.js'
import { readHistory, readSessions } from './past.js'
import type { Source } from './source.js'
import { openStoreParts } from './store-parts.js'
import { openShared } from './shared/open-shared.js'

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
  const { clock = systemClock, onProblem } = options
  // A factory makes a source once here, for its name. That source is the first one to be opened.
  const sources = options.sources.map(prepareSource)
  checkNames(sources.map(({ name }) => name))
  const life = createDeadline({ clock })
  const closers: (() => Promise<void>)[] = []
  let ended: { readonly error?: SignalboxError } | undefined
  let closing: Promise<void> | undefined

  const report = (what: string, error: unknown): void => {
    // After the hub was closed every pending call fails. That is no problem to report.
    if (life.signal.aborted) return
    try {
      onProblem?.({ type: 'problem', what, error: asHubError(error, what) })
    } catch {
      // A listener that fails must not stop the hub.
    }
  }
  const close = (): Promise<void> => {
    closing ??= (async () => {
      ended ??= {}
      life.abort(new SignalboxError({ code: 'closed', system: 'hub', message: 'The hub is closed.' }))
      for (let next = closers.pop(); next; next = closers.pop()) await next()
      life[Symbol.dispose]()
    })()
    return closing
  }
  const fail = (error: SignalboxError): void => {
    report('driving the journal', error)
    ended ??= { error }
    void close()
  }
  const onClose = (next: () => Promise<void>): void => void closers.push(next)

  try {
    const store = options.store ?? memoryStore({ clock })
    if (!options.store) onClose(async () => store[Symbol.asyncDispose]())
    const { signal } = life
    const frame: HubFrame = { options, sources, store, clock, signal, ended: () => ended, report, fail, onClose }
    const open = options.share ? openShared : openAlone
    return createApi(await open(frame), () => ended, close)
  } catch (error) {
    await close()
    throw error
  }
}

/** A hub that is the only one on its store: one lease and one engine for all sources. */
async function openAlone({
  options,
  sources: prepared,
  store,
  clock,
  signal,
  ended,
  report,
  fail,
  onClose,
}: HubFrame): Promise<HubParts> {
  const { limits = {}, waitMs = 0, leaseMs = 15_000 } = options
  const sources = prepared.map((one) => one.take() as Source)
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
    sessions: (agent, given) => readSessions(context, agent, given),
    spent: ledger.spent,
    budgets: ledger.states,
  }
}

/** The names of the sources must differ: they begin the agent ids. */
function checkNames(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (!/^[^/:#\s]+$/.test(name)) {
      throw hubError({
        code: 'invalid_argument',
        message: `The source name ${JSON.stringify(name)} must not be empty or hold / : # or a space.`,
      })
    }
    if (seen.has(name))
      throw hubError({
        code: 'invalid_argument',
        message: `Two sources are called ${JSON.stringify(name)}.`,
        hint: 'Give one of them another name.',
      })
    seen.add(name)
  }
}
