/** Cuts the journal: after a number of appended bytes, and at intervals for events that have become too old. */
import type { Clock } from '../../core/clock.js'
import type { Log } from '../../store/store.js'
import { journalLimits, trimByAge, trimBySize, type JournalLimits } from './trim.js'

/** How often the age is checked. */
export const TRIM_EVERY_MS = 60_000

export interface Trimmer {
  /** Counts what was appended and trims when it is time. */
  saw(events: number, bytes: number): void
  trim(): Promise<void>
  /** Removes the older half of the events. */
  makeRoom(): Promise<void>
}

export function createTrimmer(options: {
  readonly log: Log
  readonly clock: Clock
  readonly limits: JournalLimits
  readonly onFailure: (error: unknown) => void
}): Trimmer {
  const { log, clock, onFailure } = options
  const limits = journalLimits(options.limits)
  let events = 0
  let bytes = 0
  let working: Promise<void> | undefined

  const cut = async (): Promise<void> => {
    events = 0
    bytes = 0
    const state = await log.state()
    const bySize = trimBySize(state, limits)
    const byAge = await trimByAge(log, state, clock.now() - limits.maxAgeMs)
    const before = Math.max(bySize, byAge)
    if (before > state.first) await log.trim(before)
  }
  const trim = (): Promise<void> => {
    working ??= cut().finally(() => {
      working = undefined
    })
    return working
  }
  return {
    saw(moreEvents, moreBytes) {
      events += moreEvents
      bytes += moreBytes
      if (events > limits.maxEvents / 8 || bytes > limits.maxBytes / 8) trim().catch(onFailure)
    },
    trim,
    async makeRoom() {
      const { first, next } = await log.state()
      await log.trim(first + Math.ceil((next - first) / 2))
    },
  }
}
