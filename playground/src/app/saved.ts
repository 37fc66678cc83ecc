/** Keeps the position in the journal and what the fleet shows over a reload of this tab, so that the page resumes and misses nothing. */
import type { Model, SavedModel } from '../model/model.js'

const KEY = 'signalbox.page'

/** What was kept for this kind of connection. */
export function readSaved(mode: string): SavedModel | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as { mode: string; model: SavedModel } | null
    return kept?.mode === mode ? kept.model : undefined
  } catch {
    return undefined
  }
}

/** Keeps the model when the page goes away. `mode` says which connection is open. */
export function saveOnLeave(model: Model, mode: () => string | undefined): void {
  addEventListener('pagehide', () => {
    const now = mode()
    try {
      if (now === undefined || !model.cursor) sessionStorage.removeItem(KEY)
      else sessionStorage.setItem(KEY, JSON.stringify({ mode: now, model: model.save() }))
    } catch {
      // Too large for the browser: the next visit begins with a snapshot.
      sessionStorage.removeItem(KEY)
    }
  })
}
