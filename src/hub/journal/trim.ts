/** Where a journal is cut. The first of three bounds that is passed decides: count, bytes or age. */
import type { Log, LogState } from '../../store/store.js'
import { decodeEntry } from './encode.js'

/** What a journal may hold. */
export interface JournalLimits {
  /** The most events. Default 200,000. */
  readonly maxEvents?: number
  /** The most bytes. Default 48 MiB. */
  readonly maxBytes?: number
  /** Older events are removed. Default 7 days. */
  readonly maxAgeMs?: number
}

/** The limits with their defaults. */
export const journalLimits = ({
  maxEvents = 200_000,
  maxBytes = 48 * 1024 * 1024,
  maxAgeMs = 7 * 24 * 3_600_000,
}: JournalLimits): Required<JournalLimits> => ({ maxEvents, maxBytes, maxAgeMs })

/** The position before which every event can be removed, by count and bytes. The oldest position when no bound is passed. */
export function trimBySize(
  state: LogState,
  { maxEvents, maxBytes }: Pick<Required<JournalLimits>, 'maxEvents' | 'maxBytes'>,
): number {
  const { first, next, entries, bytes } = state
  // Sequences have holes and entries differ in size, so a share is an estimate. The next check corrects it.
  const without = (excess: number, total: number): number =>
    excess > 0 ? first + Math.ceil(((next - first) * excess) / total) : first
  const byCount = without(entries - maxEvents, entries)
  const byBytes = without(bytes - maxBytes, bytes)
  return Math.min(Math.max(first, byCount, byBytes), next)
}

/** The first position whose event is not older than `oldest`, found in a few reads: times rise with positions. */
export async function trimByAge(log: Log, { first, next }: LogState, oldest: number): Promise<number> {
  const isOld = async (position: number): Promise<boolean> => {
    const entry = (await log.read(position, { maxEntries: 1 })).entries[0]
    return entry !== undefined && Date.parse(decodeEntry(entry).at) < oldest
  }
  // Most checks find no old event.
  if (first === next || !(await isOld(first))) return first
  let old = first
  let young = next
  while (young - old > 1) {
    const middle = (old + young) >> 1
    if (await isOld(middle)) old = middle
    else young = middle
  }
  return young
}
