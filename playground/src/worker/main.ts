/** The worker: simulated systems, the real hub, and a link to the page for each viewer. */
import { SignalboxError } from 'signalbox'
import { createHub, serveHub, type Hub } from 'signalbox/hub'
import { acceptMessagePort, indexedDbStore } from 'signalbox/web'
import { systemClock } from '../../../src/core/clock.js'
import { runPeople } from '../../../src/testing/demo/people.js'
import { createLab } from './lab/lab.js'
import type { FromWorker, ToWorker } from './messages.js'
import { createSystems } from './systems.js'

const DATABASE = 'signalbox-demo'
const LIMITS = { maxEvents: 20_000, maxBytes: 16 * 1024 * 1024, maxAgeMs: 24 * 3600 * 1000 }
/** Small budgets, so that a visitor sees one that is passed. They only warn, so the demo goes on. */
const BUDGETS = [
  { name: 'Claude today', system: 'claude', maxCostUsd: 1, over: 'warn' },
  { name: 'All agents', maxTokens: 200_000, over: 'warn' },
] as const
const tell = (message: FromWorker): void => postMessage(message)

/** The hub with its journal in the browser's database. A second tab cannot drive the same journal, so it keeps its own in memory. */
async function openHub(sources: Parameters<typeof createHub>[0]['sources']): Promise<{ hub: Hub; journal: string }> {
  const options = { sources, budgets: BUDGETS, keepRaw: true, limits: LIMITS, resolveWithinMs: 2_000, askTtlMs: 10 * 60_000 }
  const store = indexedDbStore({ database: DATABASE })
  try {
    const hub = await createHub({ ...options, store, waitMs: 1_000, leaseMs: 5_000 })
    return { hub, journal: 'The journal is kept in this browser and survives a reload.' }
  } catch (error) {
    await Promise.resolve(store[Symbol.asyncDispose]()).catch(() => {})
    const why = SignalboxError.is(error, 'conflict')
      ? 'Another tab keeps the stored journal'
      : 'This browser keeps no database for this page'
    return { hub: await createHub(options), journal: `${why}, so the journal of this tab is in memory and ends with it.` }
  }
}

async function start(): Promise<void> {
  const lab = createLab({ codecs: { cmdop: 'cmdop-1' } })
  const { sources, group } = createSystems(lab.through)
  const { hub, journal } = await openHub(sources)
  let running = true
  void runPeople(hub, group, { clock: systemClock, signal: new AbortController().signal, isPaused: () => !running })
  addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    if (data.type === 'hub') void acceptMessagePort(data.port).then((link) => serveHub(hub, link))
    else if (data.type === 'lab') lab.serve(data.port)
    else running = data.running
  })
  tell({ type: 'ready', journal })
}

start().catch((error: unknown) => tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) }))
