/** Limits how fast one credential may send. A client that sends faster is read later: it waits, and no byte is lost. */
import type { Clock } from '../core/clock.js'
import { raceSignal } from '../core/deadline.js'

/** The byte rates of all credentials. */
export interface ByteRates {
  /** Counts bytes of this credential. Returns a promise when the client has to wait before more is read. */
  spend(grantId: string, bytes: number, signal: AbortSignal): Promise<void> | undefined
}

/** The most entries that are kept: new credentials are issued for as long as the gateway runs. */
const MAX_ENTRIES = 4_096

/** A bucket for each credential: a burst of two seconds is free. */
export function createByteRates(bytesPerSecond: number, clock: Clock): ByteRates {
  const burst = bytesPerSecond * 2
  const spent = new Map<string, { bytes: number; atMs: number }>()

  const entryOf = (grantId: string): { bytes: number; atMs: number } => {
    const now = clock.monotonic()
    const existing = spent.get(grantId)
    const entry = existing ?? { bytes: 0, atMs: now }
    entry.bytes = Math.max(0, entry.bytes - ((now - entry.atMs) / 1_000) * bytesPerSecond)
    entry.atMs = now
    if (!existing) {
      if (spent.size >= MAX_ENTRIES) for (const [id, { bytes }] of spent) if (bytes < burst) spent.delete(id)
      spent.set(grantId, entry)
    }
    return entry
  }
  return {
    spend(grantId, bytes, signal) {
      const entry = entryOf(grantId)
      entry.bytes += bytes
      if (entry.bytes <= burst) return undefined
      const waitMs = ((entry.bytes - burst) / bytesPerSecond) * 1_000
      const waited = new Promise<void>((resolve) => clock.after(waitMs, resolve))
      return raceSignal(waited, signal)
    },
  }
}
