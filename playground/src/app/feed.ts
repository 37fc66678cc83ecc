/** Reads the hub's events into the model, as long as the connection is open. */
import { SignalboxError } from 'signalbox'
import type { Hub, HubCursor, HubEvent } from 'signalbox/hub'
import type { Model, SavedModel } from '../model/model.js'

const RETRY_MS = 2_000

/** Starts reading. Goes on from the saved position, if there is one. Returns the function that stops it. */
export function followHub(hub: Hub, model: Model, saved?: SavedModel): () => void {
  const stop = new AbortController()
  if (saved) model.restore(saved)
  void (async () => {
    while (!stop.signal.aborted) {
      try {
        const { cursor } = model
        const watch = hub.watch({ ...(cursor ? { from: cursor } : {}), signal: stop.signal })
        model.feed.value = { status: 'live' }
        for await (const batch of watch.batches()) {
          const first = model.cursor === undefined
          model.apply(batch, watch.cursor)
          if (first && watch.cursor) await addOlderTurns(hub, model, watch.cursor, stop.signal)
        }
        if (!stop.signal.aborted) throw new SignalboxError({ code: 'closed', message: 'The hub ended the stream.', sent: 'yes' })
      } catch (error) {
        if (stop.signal.aborted) return
        model.feed.value = { status: 'broken', error, retryMs: RETRY_MS }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  })()
  const stopCost = followCost(hub, model)
  return () => {
    stop.abort()
    stopCost()
  }
}

/** How far back the journal is read for turns that run. */
const LOOK_BACK = 5_000
/** When nothing came for this long, everything before the snapshot has been read. */
const QUIET_MS = 300

/** Reads the turns before the snapshot. A snapshot tells the states of agents, and not what they work on. */
async function addOlderTurns(hub: Hub, model: Model, at: HubCursor, signal: AbortSignal): Promise<void> {
  const from = { journal: at.journal, seq: Math.max(0, at.seq - LOOK_BACK) }
  const watch = hub.watch({ from, kinds: ['turn', 'end'], signal })
  const older: HubEvent[] = []
  let timer = setTimeout(() => void watch.close(), QUIET_MS)
  try {
    for await (const batch of watch.batches()) {
      clearTimeout(timer)
      older.push(...batch.filter(({ seq }) => seq <= at.seq))
      if (batch.some(({ seq }) => seq > at.seq)) break
      timer = setTimeout(() => void watch.close(), QUIET_MS)
    }
  } catch {
    // Only the text of running turns is missing then.
  } finally {
    clearTimeout(timer)
    await watch.close()
  }
  model.applyOlder(older)
}

/** Asks the hub for its sum of each agent that used something, at most once a second. */
function followCost(hub: Hub, model: Model): () => void {
  const due = new Set<string>()
  const known = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async (): Promise<void> => {
    const ids = [...due]
    due.clear()
    for (const id of ids) {
      try {
        const { costUsd, basis } = await hub.spent(id)
        model.setCost(id, costUsd, basis)
      } catch {
        // The next usage event of this agent asks again.
      }
    }
    timer = undefined
    if (due.size > 0) plan()
  }
  const plan = (): void => {
    timer ??= setTimeout(() => void ask(), 1_000)
  }
  const stop = model.onEvents((events) => {
    for (const { kind, agent } of events) {
      if (kind !== 'usage' && !(kind === 'agent' && !known.has(agent))) continue
      known.add(agent)
      due.add(agent)
    }
    if (due.size > 0) plan()
  })
  return () => {
    stop()
    clearTimeout(timer)
  }
}
