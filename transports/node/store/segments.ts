/** The files of a log: found on disk, continued in a new file when one is full, and removed when they hold nothing that is kept. */
import { constants } from 'node:fs'
import { open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { SYNCED_WRITES, syncDirectory } from './disk.js'
import type { LogDamage } from './damage.js'
import { openSegment, type Segment, type SegmentEntry } from './segment.js'

const segmentName = (start: number): string => `${String(start).padStart(16, '0')}.ndjson`

export async function findSegments(directory: string, reportDamage: (damage: LogDamage) => void): Promise<Segment[]> {
  const files = (await readdir(directory)).filter((file) => /^\d{16}\.ndjson$/.test(file)).sort()
  const segments: Segment[] = []
  for (const file of files) segments.push(await openSegment(join(directory, file), Number(file.slice(0, 16)), reportDamage))
  return segments
}

/** The sequence behind the last one that these files hold, or lost. */
export const endOf = ({ entries, start, lost }: Segment): number => (entries.at(-1)?.sequence ?? start - 1) + 1 + lost

/** The file that the next record goes to. */
export async function activeSegment(
  segments: Segment[],
  directory: string,
  next: number,
  { segmentBytes, sync }: { readonly segmentBytes: number; readonly sync: boolean },
): Promise<Segment> {
  const last = segments.at(-1)
  const flags = constants.O_RDWR | (sync ? (SYNCED_WRITES ?? 0) : 0)
  if (last && last.end < segmentBytes) {
    last.handle ??= await open(last.path, flags)
    return last
  }
  const path = join(directory, segmentName(next))
  const handle = await open(path, flags | constants.O_CREAT | constants.O_EXCL, 0o600)
  if (sync) await syncDirectory(directory)
  await last?.handle?.close()
  if (last) last.handle = undefined
  const made: Segment = { path, start: next, entries: [], lost: 0, end: 0, handle }
  segments.push(made)
  return made
}

/** Removes files whose entries all stand below `first`. The last file stays: its name says where the sequences go on. */
export async function removeBelow(segments: Segment[], first: number): Promise<void> {
  while (segments.length > 1 && (segments[0]?.entries.at(-1)?.sequence ?? 0) < first) {
    const gone = segments.shift()
    await gone?.handle?.close()
    if (gone) await unlink(gone.path).catch(() => {})
  }
}

/** The index of the first entry from this sequence on. Sequences rise, so it is found by halving. */
function firstAt(entries: readonly SegmentEntry[], sequence: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle] as SegmentEntry).sequence < sequence) low = middle + 1
    else high = middle
  }
  return low
}

/** How many entries stand between two sequences, the second excluded, and their bytes. */
export function between(segments: readonly Segment[], from: number, before: number): { entries: number; bytes: number } {
  let count = 0
  let bytes = 0
  for (const { entries } of segments) {
    for (let at = firstAt(entries, from); at < entries.length; at += 1) {
      const entry = entries[at] as SegmentEntry
      if (entry.sequence >= before) break
      count += 1
      bytes += entry.size
    }
  }
  return { entries: count, bytes }
}

/** The entries of one file that still fit on a page, from this sequence on. `taken` is what the page holds already. */
export function entriesForPage(
  { entries }: Pick<Segment, 'entries'>,
  from: number,
  taken: { readonly entries: number; readonly bytes: number },
  limits: { readonly maxEntries: number; readonly maxBytes: number },
): SegmentEntry[] {
  const wanted: SegmentEntry[] = []
  let bytes = taken.bytes
  for (let at = firstAt(entries, from); at < entries.length; at += 1) {
    const entry = entries[at] as SegmentEntry
    const count = taken.entries + wanted.length
    if (count > 0 && (count >= limits.maxEntries || bytes + entry.size > limits.maxBytes)) break
    wanted.push(entry)
    bytes += entry.size
  }
  return wanted
}
