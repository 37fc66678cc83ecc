/** Drives one source: takes its lease, repairs what its last driver left, opens it, and ends when another hub has the lease. */
import type { Clock } from '../../core/clock.js'
import { createDeadline } from '../../core/deadline.js'
import { deferred } from '../../core/deferred.js'
import type { SignalboxError } from '../../errors.js'
import type { Kv, Lease, Log } from '../../store/store.js'
import type { AskRecord } from '../asks/record.js'
import { asHubError, hubError, hubEvent } from '../context.js'
import { createEngine, sourceName, type Engine } from '../engine.js'
import type { PreparedSource } from './prepared-source.js'
import type { Ledger } from '../guard/budget.js'
import type { OpenJournal } from '../journal/open.js'
import type { Trimmer } from '../journal/trimmer.js'
import type { HubEvent } from '../model/event.js'
import type { HubOptions } from '../options.js'
import { createTable, type Table } from '../table.js'
import type { TurnRecord } from '../turns/record.js'
import { saveAgents } from './agents-table.js'
import { isOutage, storeAway } from './outage.js'
import { createSourceLease, leaseKey } from './lease.js'
import type { AgentsRecord, DriveRecord } from './records.js'
import { createSteady } from './steady.js'

export interface Drive {
  readonly engine: Engine
  /** Rejects when no prompt can be accepted now, because the store or the source is away. */
  checkPrompt(promptId: string): Promise<void>
  readonly token: number
  /** Set while the hub only shows the agents as offline. */
  readonly standIn: boolean
  /** Resolves when the drive has ended. */
  readonly over: Promise<void>
  /** Gives the source up, for another hub or because the hub closes. */
  stop(): Promise<void>
}

/** Values that all drives of one hub share. */
export interface DriveParts {
  readonly hub: string
  readonly name: string
  readonly options: Omit<HubOptions, 'sources'>
  readonly clock: Clock
  readonly ttlMs: number
  readonly signal: AbortSignal
  readonly lease: Lease
  readonly log: Log
  readonly turns: Kv
  readonly asks: Kv
  readonly drives: Table<DriveRecord>
  readonly agents: Table<AgentsRecord>
  readonly journal: OpenJournal
  readonly ledger: Ledger
  readonly trimmer: Trimmer
  /** Called with events that this hub wrote. Viewers get them when the reader of the journal reaches them. */
  readonly wrote: (events: readonly HubEvent[]) => void
  readonly report: (what: string, error: unknown) => void
}

/** Undefined while another hub has the lease. The `DriveRecord` names that hub. */
export async function driveSource(parts: DriveParts, prepared: PreparedSource, standInReason?: string): Promise<Drive | undefined> {
  const { clock, ttlMs, lease, log, drives, journal, hub, name } = parts
  const { name: sourceId } = prepared
  const heldLease = await lease.acquire(leaseKey(sourceId), { ttlMs })
  if (!heldLease) return undefined
  const lifetime = createDeadline({ clock })
  const over = deferred()
  const isMine = (agent: string): boolean => sourceName(agent) === sourceId
  const { signal } = lifetime
  let engine: Engine | undefined
  let checkPrompt: Drive['checkPrompt'] = async () => {}
  let stopping: Promise<void> | undefined
  let failure: SignalboxError | undefined

  const report = (what: string, error: unknown): void => {
    // After the end of a drive its writes fail. Such failures are not reported.
    if (!signal.aborted) parts.report(what, error)
  }
  const sourceLease = createSourceLease({
    lease,
    held: heldLease,
    source: sourceId,
    log,
    drives,
    clock,
    ttlMs,
    signal,
    onLost: (error) => fail(error),
  })
  const end = async (): Promise<void> => {
    sourceLease.hurry()
    lifetime.abort(failure ?? hubError({ code: 'closed', message: `The hub no longer drives the source ${sourceId}.` }))
    if (engine) await engine.stop().catch((error) => parts.report('stopping a source', error))
    await sourceLease.release()
    lifetime[Symbol.dispose]()
    over.resolve()
  }
  const stop = (): Promise<void> => (stopping ??= end())
  const fail = (error: SignalboxError): void => {
    report('driving a source', error)
    failure ??= error
    void stop()
  }

  try {
    const record: DriveRecord = {
      source: sourceId,
      hub,
      name,
      token: heldLease.token,
      ...(standInReason === undefined ? {} : { standIn: true }),
    }
    const before = await claim(drives, record)
    // From now on the log refuses an earlier driver.
    await log.append([], { fence: heldLease })
    // Every event of an earlier driver lies before it.
    const next = await endOf(log, journal.fanout.next)
    const steady = createSteady({ lease: sourceLease, clock, signal, isMine })
    const fence = { token: heldLease.token, of: (record: { readonly fence: number }) => record.fence }
    const stored = {
      log: steady.log(log, next),
      fence: heldLease,
      journalId: journal.id,
      next,
      turnTable: createTable<TurnRecord>(steady.kv(parts.turns, { createOnce: true }), { fence }),
      askTable: createTable<AskRecord>(steady.kv(parts.asks), { fence }),
    }
    const checkOpen = (): void => {
      if (standInReason !== undefined) throw hubError({ code: 'unavailable', message: standInReason, retryable: true })
      const paused = sourceLease.pause()
      paused?.catch(() => {})
      if (paused || steady.waiting) throw storeAway('prompt')
    }
    const { options, ledger, trimmer, wrote: publish } = parts
    checkPrompt = async (promptId) => {
      checkOpen()
      // A call of the engine would wait for the store.
      await parts.turns.get(promptId).catch((error: unknown) => {
        throw isOutage(error) ? storeAway('prompt', error) : error
      })
    }
    const shared = { pause: sourceLease.pause, floor: () => journal.fanout.next }
    const source = prepared.take()
    if (!source) throw hubError({ code: 'closed', message: `The source ${sourceId} was opened before.` })
    const sources = [source]
    engine = createEngine({ stored, sources, options, clock, ledger, trimmer, signal, publish, report, fail, shared })
    const { context } = engine
    if (before) {
      for (const { id } of [...journal.view.agents.values()].filter((agent) => isMine(agent.id))) {
        const epoch = journal.view.epochs.get(id)
        context.writer.push(hubEvent(context, { agent: id, epoch }, { kind: 'gap', reason: 'reconnect' }))
      }
    }
    await engine.start()
    for (const { id } of journal.view.agents.values()) {
      if (isMine(id) && !engine.agents.has(id)) {
        context.writer.push(hubEvent(context, { agent: id }, { kind: 'agent', change: 'gone' }))
      }
    }
  } catch (error) {
    failure ??= asHubError(error, 'driving a source')
    await stop()
    throw error
  }
  return { engine, checkPrompt, token: heldLease.token, standIn: standInReason !== undefined, over: over.promise, stop }
}

/** The position of the next entry, read on from a position that was reached. */
async function endOf(log: Log, from: number): Promise<number> {
  for (let at = from; ; ) {
    const { entries, next } = await log.read(at)
    if (entries.length === 0) return Math.max(at, next)
    at = next
  }
}

/** Writes who drives the source now. Gives what was there before. */
async function claim(drives: Table<DriveRecord>, record: DriveRecord): Promise<DriveRecord | undefined> {
  for (;;) {
    const before = await drives.get(record.source)
    if (!before) {
      if (await drives.create(record.source, record)) return undefined
      continue
    }
    if (before.record.token > record.token) {
      throw hubError({ code: 'conflict', message: `Another hub drives the source ${record.source} now.` })
    }
    if (await drives.change(record.source, (now) => (now.token > record.token ? undefined : record), before)) return before.record
  }
}

/** Stores the agents of a source for hubs that join later. */
export async function saveDrive({ agents, journal }: DriveParts, source: string): Promise<void> {
  const { view, fanout } = journal
  await saveAgents(agents, source, view, fanout.next - 1, (agent) => sourceName(agent) === source)
}
