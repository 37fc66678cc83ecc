/** The hub in the process of its sources. */
import { systemClock } from '../core/clock.js'
import { createDeadline } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { memoryStore } from '../store/memory.js'
import { asHubError, hubError } from './context.js'
import { createEngine, type Engine } from './engine.js'
import type { Hub, WatchOptions } from './hub.js'
import { openWatch } from './journal/watch.js'
import type { HubOptions } from './options.js'
import { readHistory, readSessions } from './past.js'
import type { Source } from './source.js'
import { openStoreParts, type StoreParts } from './store-parts.js'
import { createTurn, type TurnAccess } from './turns/turn.js'

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
  const { clock = systemClock, waitMs = 0, leaseMs = 15_000, onProblem } = options
  checkNames(options.sources)
  const ownStore = options.store ? undefined : memoryStore({ clock })
  const store = options.store ?? (ownStore as NonNullable<typeof ownStore>)
  const life = createDeadline({ clock })
  let ended: { readonly error?: SignalboxError } | undefined
  let stored: StoreParts | undefined
  let engine: Engine | undefined
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
      await engine?.stop()
      await stored?.close()
      await ownStore?.[Symbol.asyncDispose]()
      life[Symbol.dispose]()
    })()
    return closing
  }
  const fail = (error: SignalboxError): void => {
    report('driving the journal', error)
    ended ??= { error }
    void close()
  }

  try {
    stored = await openStoreParts(store, { clock, leaseMs, waitMs, onLost: fail })
    engine = createEngine({ stored, options, clock, signal: life.signal, report, fail, ended: () => ended })
    await engine.start()
  } catch (error) {
    await close()
    throw error
  }
  return createApi(engine, () => ended, close)
}

function createApi(engine: Engine, ended: () => { readonly error?: SignalboxError } | undefined, close: () => Promise<void>): Hub {
  const { context, journal, asks, turns, ledger, agents, view } = engine
  const call = async <Result>(run: () => Result | Promise<Result>): Promise<Result> => {
    const end = ended()
    if (end) throw end.error ?? hubError({ code: 'closed', message: 'The hub is closed.' })
    return await run()
  }
  const access: TurnAccess = {
    watch: (given: WatchOptions) => openWatch(journal, given),
    find: (promptId) => call(() => turns.find(promptId)),
    cancel: (promptId, by = 'user') => call(() => turns.cancel(promptId, by)),
  }
  return {
    // An agent whose event is not in the journal yet is shown as its source reported it.
    agents: () => call(() => [...agents.values()].map((agent) => view.agents.get(agent.id) ?? agent)),
    watch: (given) => openWatch(journal, given),
    prompt(agent, text, given = {}) {
      const { promptId = crypto.randomUUID() } = given
      const starting = call(() => turns.prompt(agent, text, { ...given, promptId }))
      return createTurn(access, promptId, agent, starting)
    },
    turn: (promptId) => createTurn(access, promptId, undefined),
    asks: () => call(() => asks.open()),
    answer: (askId, answer, { by = 'user' } = {}) => call(() => asks.answer(askId, answer, by)),
    history: (agent, query = {}) => call(() => readHistory(context, agent, query)),
    sessions: (agent, given = {}) => call(() => readSessions(context, agent, given)),
    spent: (agent) => call(() => ledger.spent(agent)),
    budgets: () => call(() => ledger.states()),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The names of the sources must differ: they begin the agent ids. */
function checkNames(sources: readonly Source[]): void {
  const seen = new Set<string>()
  for (const { name } of sources) {
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
