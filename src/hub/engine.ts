/** Creates the parts of a hub and connects them. */
import type { Clock, Timer } from '../core/clock.js'
import { createDeadline, raceSignal } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { createAsks, type Asks } from './asks/asks.js'
import { afterEffect, asHubError, hubError, hubEvent, withoutRaw, type HubContext } from './context.js'
import type { Ledger } from './guard/budget.js'
import { createEpochs, createSink, type IntakeOptions } from './intake.js'
import { TRIM_EVERY_MS, type Trimmer } from './journal/trimmer.js'
import { createJournalWriter } from './journal/writer.js'
import { isOutage } from './shared/outage.js'
import type { Agent, AgentId } from './model/agent.js'
import type { HubEvent } from './model/event.js'
import type { HubOptions } from './options.js'
import { recoverAsks, recoverTurns, sweep } from './recover.js'
import type { Source } from './source.js'
import type { StoreParts } from './store-parts.js'
import { createTurns, type Turns } from './turns/turns.js'

/** Serves the agents of some sources under one lease: writes their events, runs their turns and keeps their asks. */
export interface Engine {
  readonly context: HubContext
  readonly asks: Asks
  readonly turns: Turns
  /** The agents as the sources reported them; the view of the journal has them as its events show them. */
  readonly agents: ReadonlyMap<AgentId, Agent>
  /** Repairs what an earlier run left, and opens the sources. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface EngineParts {
  readonly stored: Pick<StoreParts, 'log' | 'fence' | 'journalId' | 'next' | 'turnTable' | 'askTable'>
  readonly sources: readonly Source[]
  readonly options: Omit<HubOptions, 'sources'>
  readonly clock: Clock
  readonly ledger: Ledger
  readonly trimmer: Trimmer
  /** Ends with the lease. */
  readonly signal: AbortSignal
  /** Called with events in order, once they are in the log. */
  readonly publish: (events: readonly HubEvent[]) => void
  readonly report: (what: string, error: unknown) => void
  /** The engine cannot go on. */
  readonly fail: (error: SignalboxError) => void
  /** Only for hubs that share a store. */
  readonly shared?: SharedParts
}

export interface SharedParts {
  /** A position that the journal has reached by the events of other hubs. */
  floor(): number
  /** Undefined while the hub may act for its agents. Otherwise settles when it may act again, and rejects when another hub may. */
  pause(): Promise<void> | undefined
}

const SWEEP_MS = 30_000

export function createEngine(parts: EngineParts): Engine {
  const { stored, options, clock, report, ledger, trimmer, shared } = parts
  const { log, fence, journalId, next, turnTable, askTable } = stored
  const { limits = {}, keepRaw = false } = options
  const { maxEventBytes = 1024 * 1024, maxWaiting = 100_000, keepEnded = 1000 } = limits
  const agents = new Map<AgentId, Agent>()
  const epochs = createEpochs()
  const writer = createJournalWriter({
    log,
    fence,
    clock,
    next,
    maxEventBytes,
    maxWaiting,
    publish(events, bytes) {
      parts.publish(events)
      trimmer.saw(events.length, bytes)
    },
    makeRoom: async (error) => {
      // A shared store that cannot be reached is not full: nothing must be cut.
      if (shared && isOutage(error)) throw error
      await trimmer.makeRoom()
    },
    onFailure: parts.fail,
    ...(shared ? { floor: shared.floor } : {}),
  })
  const sources = new Map(parts.sources.map((source) => [source.name, source]))
  const context: HubContext = {
    clock,
    fence: fence.token,
    keepRaw,
    writer,
    agent: (id) => agents.get(id),
    sourceOf: (id) => sources.get(sourceName(id)),
    epochOf: epochs.of,
    within: (work, ms) => within(work, ms, parts.signal, clock),
    pause: shared?.pause ?? (() => undefined),
    report,
  }
  const asks = createAsks(context, askTable, {
    policies: options.policy ?? [],
    askTtlMs: options.askTtlMs,
    answerTimeoutMs: options.answerTimeoutMs ?? 30_000,
    keepClosed: keepEnded,
  })
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
  const intake: IntakeOptions = { context, asks, turns, ledger, agents, epochs, onBudget: stopForBudget }
  const recovery = { context, log, turns, turnTable, asks, askTable }
  const repeat = createRepeater(clock, report)

  const openSource = async (source: Source): Promise<void> => {
    for (const agent of await source.open(createSink(source, intake))) {
      const agentNow = keepRaw ? agent : withoutRaw(agent)
      agents.set(agentNow.id, agentNow)
      writer.push(hubEvent(context, { agent: agentNow.id }, { kind: 'agent', change: 'present', agentNow }))
    }
  }

  return {
    context,
    asks,
    turns,
    agents,
    async start() {
      // Asks first: a source that opens reports which of them are still open.
      await recoverAsks(recovery)
      const repairTurns = await recoverTurns(recovery)
      await Promise.all(parts.sources.map(openSource))
      for (const { agent } of asks.open()) if (!agents.has(agent)) asks.agentGone(agent)
      await repairTurns()
      repeat.every(SWEEP_MS, () => sweep(recovery))
      repeat.every(TRIM_EVERY_MS, trimmer.trim)
    },
    async stop() {
      repeat.stop()
      asks.stop()
      // Events that the sources push while they close are still written.
      for (const source of parts.sources) await settle(source, report)
      await writer.close()
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
export function sourceName(agent: AgentId): string {
  const end = agent.search(/[/:]/)
  return end < 0 ? agent : agent.slice(0, end)
}

async function within<Result>(work: Promise<Result>, ms: number, signal: AbortSignal, clock: Clock): Promise<Result> {
  const limit = createDeadline({ signal, timeoutMs: ms, clock })
  try {
    return await raceSignal(work, limit.signal)
  } catch (error) {
    // The hub stopped. The source may still carry out the call.
    if (signal.aborted && error === signal.reason) throw afterEffect(error, 'a call to the source')
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
