/** Creates the parts of a hub and connects them. */
import type { Clock, Timer } from '../core/clock.js'
import { createDeadline, raceSignal } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { createAsks, type Asks } from './asks/asks.js'
import { asHubError, hubError, hubEvent, isoTime, type HubContext } from './context.js'
import { createLedger, type Ledger } from './guard/budget.js'
import { createEpochs, createSink, type IntakeOptions } from './intake.js'
import { createFanout } from './journal/fanout.js'
import { createTrimmer, TRIM_EVERY_MS } from './journal/trimmer.js'
import type { Journal } from './journal/watch.js'
import { createJournalWriter } from './journal/writer.js'
import type { Agent, AgentId } from './model/agent.js'
import type { HubOptions } from './options.js'
import { recoverAsks, recoverTurns, sweep } from './recover.js'
import type { Source } from './source.js'
import type { StoreParts } from './store-parts.js'
import { createTurns, type Turns } from './turns/turns.js'
import { applyEvent, emptyView, snapshotOf, type HubView } from './view.js'

export interface Engine {
  readonly context: HubContext
  readonly journal: Journal
  readonly asks: Asks
  readonly turns: Turns
  readonly ledger: Ledger
  /** The agents as the sources reported them; `view` has them as the journal shows them. */
  readonly agents: ReadonlyMap<AgentId, Agent>
  readonly view: HubView
  /** Repairs what an earlier run left, and opens the sources. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface EngineParts {
  readonly stored: StoreParts
  readonly options: HubOptions
  readonly clock: Clock
  /** Ends with the hub. */
  readonly signal: AbortSignal
  readonly report: (what: string, error: unknown) => void
  /** Stops the hub with an error, because it cannot go on. */
  readonly fail: (error: SignalboxError) => void
  readonly ended: Journal['ended']
}

const SWEEP_MS = 30_000

export function createEngine(parts: EngineParts): Engine {
  const { stored, options, clock, report, ended } = parts
  const { log, fence, journalId, next, turnTable, askTable } = stored
  const { limits = {}, keepRaw = false } = options
  const { maxEventBytes = 1024 * 1024, maxWaiting = 100_000, keepEnded = 1000 } = limits
  const view = emptyView()
  const agents = new Map<AgentId, Agent>()
  const epochs = createEpochs()
  const fanout = createFanout({ clock, next, maxEvents: Math.min(4096, limits.maxEvents ?? 4096) })
  const trimmer = createTrimmer({ log, clock, limits, onFailure: (error) => report('trimming the journal', error) })
  const writer = createJournalWriter({
    log,
    fence,
    clock,
    next,
    maxEventBytes,
    maxWaiting,
    publish(events, bytes) {
      for (const event of events) applyEvent(view, event)
      fanout.publish(events)
      trimmer.saw(events.length, bytes)
    },
    makeRoom: trimmer.makeRoom,
    onFailure: parts.fail,
  })
  const sources = new Map(options.sources.map((source) => [source.name, source]))
  const context: HubContext = {
    clock,
    fence: fence.token,
    writer,
    agent: (id) => agents.get(id),
    sourceOf: (id) => sources.get(sourceName(id)),
    epochOf: epochs.of,
    within: (work, ms) => within(work, ms, parts.signal, clock),
    report,
  }
  const asks = createAsks(context, askTable, {
    policies: options.policy ?? [],
    askTtlMs: options.askTtlMs,
    answerTimeoutMs: options.answerTimeoutMs ?? 30_000,
    keepClosed: keepEnded,
  })
  const ledger = createLedger(options.budgets ?? [])
  const turns = createTurns(context, turnTable, {
    journalId,
    maxQueued: limits.maxQueued,
    resolveWithinMs: options.resolveWithinMs ?? 300_000,
    keepEnded,
    forbid(id) {
      const budget = ledger.blocks(id, agents.get(id)?.system ?? '')
      if (budget)
        throw hubError({ code: 'permission_denied', op: 'prompt', message: `The budget ${budget.name} of ${id} is spent.` })
    },
    beforeEnd: asks.endTurn,
    signal: parts.signal,
  })
  const stopForBudget: IntakeOptions['onBudget'] = (name, id, stop) => {
    for (const turn of stop ? turns.runningOf(id) : []) {
      turns.cancel(turn, `budget:${name}`).catch((error) => report('stopping a turn for its budget', error))
    }
  }
  const intake: IntakeOptions = { context, asks, turns, ledger, keepRaw, agents, epochs, onBudget: stopForBudget }
  const recovery = { context, log, turns, turnTable, asks, askTable }
  const repeat = createRepeater(clock, report)

  const openSource = async (source: Source): Promise<void> => {
    for (const agentNow of await source.open(createSink(source, intake))) {
      agents.set(agentNow.id, agentNow)
      writer.push(hubEvent(context, { agent: agentNow.id }, { kind: 'agent', change: 'present', agentNow }))
    }
  }

  return {
    context,
    journal: {
      id: journalId,
      log,
      fanout,
      snapshot: (seq) => snapshotOf(view, seq, isoTime(clock)),
      gap: (fields, seq) => ({ v: 1, seq, epoch: '', at: isoTime(clock), agent: '', origin: 'live', kind: 'gap', ...fields }),
      ended,
    },
    asks,
    turns,
    ledger,
    agents,
    view,
    async start() {
      // Asks first: a source that opens says which of them are still open.
      await recoverAsks(recovery)
      await Promise.all(options.sources.map(openSource))
      for (const { agent } of asks.open()) if (!agents.has(agent)) asks.agentGone(agent)
      await recoverTurns(recovery)
      repeat.every(SWEEP_MS, () => sweep(recovery))
      repeat.every(TRIM_EVERY_MS, trimmer.trim)
    },
    async stop() {
      repeat.stop()
      asks.stop()
      // Events that the sources push while they close are still written.
      for (const source of options.sources) await settle(source, report)
      await writer.close()
      fanout.close()
    },
  }
}

/** A source that fails to close must not keep the hub from closing. */
async function settle(source: Source, report: EngineParts['report']): Promise<void> {
  try {
    await source[Symbol.asyncDispose]()
  } catch (error) {
    report('closing a source', error)
  }
}

/** `laptop:ccc/backend` belongs to the source `laptop`, `ccc/backend` to `ccc`. */
function sourceName(agent: AgentId): string {
  const end = agent.search(/[/:]/)
  return end < 0 ? agent : agent.slice(0, end)
}

async function within<Result>(work: Promise<Result>, ms: number, life: AbortSignal, clock: Clock): Promise<Result> {
  const limit = createDeadline({ signal: life, timeoutMs: ms, clock })
  try {
    return await raceSignal(work, limit.signal)
  } catch (error) {
    if (!limit.signal.aborted || SignalboxError.is(error)) throw error
    throw hubError({ code: 'deadline_exceeded', message: `The source did not answer within ${ms} ms.`, sent: 'maybe' })
  } finally {
    limit[Symbol.dispose]()
  }
}

/** Work that is done again and again until the hub stops. */
function createRepeater(clock: Clock, report: (what: string, error: unknown) => void) {
  const timers = new Set<Timer>()
  let stopped = false
  const every = (ms: number, run: () => Promise<void>): void => {
    const timer = clock.after(ms, () => {
      timers.delete(timer)
      const again = (): void => (stopped ? undefined : every(ms, run))
      run().then(again, (error) => {
        report('keeping order', asHubError(error, 'keeping order'))
        again()
      })
    })
    timers.add(timer)
  }
  return {
    every,
    stop() {
      stopped = true
      for (const timer of timers) timer.cancel()
    },
  }
}
