/**
 * A hub that shares its store with other hubs. All of them read one journal and serve any viewer. Each drives the sources whose leases it
 * holds; calls for agents that another hub drives travel to it through the store.
 */
import { sleep } from '../../core/clock.js'
import type { Kv, Store } from '../../store/store.js'
import type { HubParts } from '../api.js'
import type { AskRecord } from '../asks/record.js'
import { sourceName } from '../engine.js'
import type { HubFrame } from '../frame.js'
import { createLedger } from '../guard/budget.js'
import { decodeEntry, fromBytes, toBytes } from '../journal/encode.js'
import { openJournalId } from '../journal/id.js'
import { openJournal } from '../journal/open.js'
import { trimBySize } from '../journal/trim.js'
import { createTrimmer } from '../journal/trimmer.js'
import type { HubEvent } from '../model/event.js'
import type { SharedHubOptions } from '../options.js'
import { markShared } from '../store-parts.js'
import { createTable } from '../table.js'
import type { TurnRecord } from '../turns/record.js'
import { emptyView } from '../view.js'
import { createCalls, type Calls } from './calls.js'
import { saveDrive, type Drive, type DriveParts } from './drive-source.js'
import { follow } from './follow.js'
import { loadView } from './load-view.js'
import type { PreparedSource } from './prepared-source.js'
import { createPresence } from './presence.js'
import type { AgentsRecord, DriveRecord, RequestRecord, Signal } from './records.js'
import { createRequests } from './requests.js'
import { createSlots } from './slots.js'

/** How often the agents of a source are stored, if they changed. */
const SAVE_MS = 10_000
/** The agents of a source are also stored when the journal has grown by this, so that a hub that joins reads no more. */
const SAVE_EVENTS = 5_000
/** Old signals are never read, so few are kept. */
const KEEP_SIGNALS = { maxEvents: 10_000, maxBytes: 4 * 1024 * 1024 }
/** Own events that the reader of the journal has not reached yet. */
const MAX_OWN = 10_000

/** Long because all parts of a shared hub are made and connected here. */
export async function openShared(
  options: SharedHubOptions,
  sources: readonly PreparedSource[],
  frame: HubFrame,
): Promise<HubParts> {
  const { clock, signal, ended, report, onClose } = frame
  const { store, name, limits = {}, leaseMs: ttlMs = 15_000, callTimeoutMs = ttlMs * 2 } = options
  const hub = crypto.randomUUID()
  const stored = await openSharedStore(store, onClose)
  const { log, signals, lease, kvs } = stored
  await markShared(kvs.meta, lease, ttlMs)
  const turnTable = createTable<TurnRecord>(kvs.turns)
  const askTable = createTable<AskRecord>(kvs.asks)
  const agentsTable = createTable<AgentsRecord>(kvs.agents)
  const view = emptyView()
  const signalsFrom = (await signals.state()).next
  const next = await loadView({ log, agents: agentsTable, asks: askTable, view })
  const id = await openJournalId(kvs.meta)
  const journal = openJournal({ id, log, clock, next, view, maxEvents: limits.maxEvents ?? 4096, ended })
  onClose(async () => journal.fanout.close())

  const ledger = createLedger(options.budgets ?? [])
  const trimmer = createTrimmer({ log, clock, limits, onFailure: (error) => report('trimming the journal', error) })
  const presence = createPresence(clock, hub, ttlMs)
  const own = new Map<number, HubEvent>()
  const changed = new Set<string>()
  const notify = async (message: Signal): Promise<void> => void (await signals.append([toBytes(message)]))
  const parts: DriveParts = {
    hub,
    name,
    options,
    clock,
    ttlMs,
    signal,
    lease,
    log,
    turns: kvs.turns,
    asks: kvs.asks,
    drives: createTable<DriveRecord>(kvs.drives),
    agents: agentsTable,
    journal,
    ledger,
    trimmer,
    wrote(events) {
      for (const event of events) if (event.seq >= journal.fanout.next && own.size < MAX_OWN) own.set(event.seq, event)
    },
    report,
  }
  const requests = createRequests({
    table: createTable<RequestRecord>(kvs.requests),
    clock,
    signal,
    notify,
    timeoutMs: callTimeoutMs,
    report,
  })
  const later = (what: string, work: Promise<unknown>): void => void work.catch((error) => report(what, error))
  /** Counted, because positions may have large holes. */
  let events = 0
  const savedAt = new Map<string, number>()
  const save = async (source: string): Promise<void> => {
    changed.delete(source)
    savedAt.set(source, events)
    try {
      await saveDrive(parts, source)
    } catch (error) {
      changed.add(source)
      throw error
    }
  }
  const onDrive = (source: string, drive: Drive): void => {
    later('storing the agents', save(source))
    later('telling that the hub drives a source', beat())
    later('carrying out calls of other hubs', requests.takeAll(source, drive.token, calls.serve(drive)))
  }
  const slots = createSlots({ parts, sources, presence, notify, onDrive })
  const calls: Calls = createCalls({ journal, ledger, slots, requests, presence, turnTable })
  const beat = (): Promise<void> => notify({ kind: 'beat', hub, name, sources: slots.all().map(([source]) => source) })

  const takeSignal = (message: Signal): void => {
    presence.take(message)
    switch (message.kind) {
      case 'free':
        for (const source of message.sources) slots.wake(source)
        return
      case 'want':
        return slots.yieldTo(message.source)
      case 'request': {
        const drive = slots.get(message.source)
        if (!drive) return
        const taking = requests.take(message.id, message.source, drive.token, calls.serve(drive))
        return later('carrying out a call of another hub', taking)
      }
      case 'done':
        return requests.done(message.id)
    }
  }
  const takeEvent = (event: HubEvent): void => {
    const { kind, agent } = event
    if (kind === 'agent' || kind === 'state') changed.add(sourceName(agent))
    if ((kind !== 'usage' && kind !== 'end') || slots.get(sourceName(agent))) return
    ledger.take(event, view.agents.get(agent)?.system ?? '')
  }
  const following = [
    follow({
      log,
      from: next,
      clock,
      signal,
      async onPage({ entries, gap }) {
        if (gap) {
          // Other hubs trimmed events that this hub had not read yet.
          own.clear()
          const fresh = emptyView()
          await loadView({ log, agents: agentsTable, asks: askTable, view: fresh, before: gap.to ?? 0 })
          for (const part of ['agents', 'asks', 'epochs'] as const) replace<unknown>(view[part], fresh[part])
          journal.fanout.restart(gap.to ?? 0)
        }
        events += entries.length
        const news = entries.map((entry) => {
          const ownEvent = own.get(entry.sequence)
          own.delete(entry.sequence)
          return ownEvent ?? decodeEntry(entry)
        })
        journal.publish(news)
        for (const event of news) takeEvent(event)
      },
    }),
    follow({
      log: signals,
      from: signalsFrom,
      clock,
      signal,
      onPage({ entries }) {
        for (const { bytes } of entries) takeSignal(fromBytes<Signal>(bytes))
      },
    }),
  ]
  onClose(async () => void (await Promise.all(following)))

  /** Work that is repeated until the hub closes. */
  const repeat = async (ms: number, what: string, work: () => unknown): Promise<void> => {
    while (!signal.aborted) {
      try {
        await work()
      } catch (error) {
        report(what, error)
      }
      await sleep(clock, ms, signal).catch(() => {})
    }
  }
  onClose(async () => {
    const driven = slots.all().map(([source]) => source)
    await slots.stop()
    if (driven.length > 0) await notify({ kind: 'free', hub, sources: driven }).catch(() => {})
  })
  const grown = (source: string): boolean => events - (savedAt.get(source) ?? 0) > SAVE_EVENTS
  const working = [
    repeat(Math.ceil(ttlMs / 3), 'telling that the hub is alive', beat),
    repeat(Math.ceil(ttlMs / 4), 'standing in for sources', slots.standIn),
    repeat(SAVE_MS, 'storing the agents', async () => {
      for (const [source] of slots.all()) if (changed.has(source) || grown(source)) await save(source)
    }),
    repeat(60_000, 'forgetting old calls', requests.sweep),
    repeat(60_000, 'trimming the signals', async () => signals.trim(trimBySize(await signals.state(), KEEP_SIGNALS))),
  ]
  onClose(async () => void (await Promise.all(working)))
  await slots.start()
  return { ...calls, journal }
}

function replace<Value>(map: Map<string, Value>, by: ReadonlyMap<string, Value>): void {
  map.clear()
  for (const [key, value] of by) map.set(key, value)
}

interface SharedStore {
  readonly log: Awaited<ReturnType<Store['log']>>
  readonly signals: Awaited<ReturnType<Store['log']>>
  readonly lease: Awaited<ReturnType<Store['lease']>>
  readonly kvs: Readonly<Record<'meta' | 'turns' | 'asks' | 'drives' | 'agents' | 'requests', Kv>>
}

async function openSharedStore(store: Store, onClose: HubFrame['onClose']): Promise<SharedStore> {
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    onClose(async () => {
      // A part that cannot be closed must not keep the others open.
      await Promise.resolve(part[Symbol.asyncDispose]()).catch(() => {})
    })
    return part
  }
  const kv = async (name: string): Promise<Kv> => keep(await store.kv(name))
  return {
    lease: keep(await store.lease('hub')),
    log: keep(await store.log('hub')),
    signals: keep(await store.log('hub-signals')),
    kvs: {
      meta: await kv('hub'),
      turns: await kv('hub-turns'),
      asks: await kv('hub-asks'),
      drives: await kv('hub-drives'),
      agents: await kv('hub-agents'),
      requests: await kv('hub-requests'),
    },
  }
}
