/** Reads the hub's events into the model, as long as the connection is open. */
import { SignalboxError } from 'signalbox'
import type { Hub } from 'signalbox/hub'
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
        for await (const batch of watch.batches()) model.apply(batch, watch.cursor)
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
