/** One file of a log, read again after a crash. */
import { copyFile, open, readFile, type FileHandle } from 'node:fs/promises'
import { decodeRecord, type FileRecord } from './record.js'
import type { LogDamage } from './damage.js'

export interface SegmentEntry {
  readonly sequence: number
  readonly offset: number
  /** Bytes of the line, its line end included. */
  readonly length: number
  /** Bytes of the entry. */
  readonly size: number
}

export interface Segment {
  readonly path: string
  readonly start: number
  readonly entries: SegmentEntry[]
  /** Whole lines at the end that could not be read when it was opened. Their sequences count as given. */
  readonly lost: number
  /** Where the next record goes: behind the last readable one. */
  end: number
  handle: FileHandle | undefined
}

export async function openSegment(path: string, start: number, reportDamage: (damage: LogDamage) => void): Promise<Segment> {
  const bytes = await readFile(path)
  const entries: SegmentEntry[] = []
  let offset = 0
  let goodEnd = 0
  let broken = 0
  let brokenAfterGood = 0
  while (offset < bytes.length) {
    const newline = bytes.indexOf(0x0a, offset)
    const end = newline === -1 ? bytes.length : newline + 1
    const record = newline === -1 ? undefined : decodeRecord(bytes.subarray(offset, newline))
    const last = entries.at(-1)?.sequence ?? start - 1
    if (record && record.sequence > last) {
      entries.push({ sequence: record.sequence, offset, length: end - offset, size: record.bytes.byteLength })
      goodEnd = end
      broken += brokenAfterGood
      brokenAfterGood = 0
    } else brokenAfterGood += 1
    offset = end
  }
  if (broken > 0) {
    reportDamage({ kind: 'corrupt', file: path, lines: broken, keptAs: await keepDamaged(path) })
  }
  // A crash leaves one line without a newline. Several unreadable lines, or one with a newline, mean damage.
  const isTorn = brokenAfterGood === 1 && bytes.at(-1) !== 0x0a
  const segment: Segment = { path, start, entries, lost: isTorn ? 0 : brokenAfterGood, end: goodEnd, handle: undefined }
  if (goodEnd < bytes.length) {
    if (!isTorn) reportDamage({ kind: 'corrupt', file: path, lines: brokenAfterGood, keptAs: await keepDamaged(path) })
    else reportDamage({ kind: 'torn', file: path, bytes: bytes.length - goodEnd })
    const handle = await open(path, 'r+')
    try {
      await handle.truncate(goodEnd)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
  return segment
}

/** Keeps a copy of the damaged file. */
export async function keepDamaged(path: string): Promise<string> {
  const keptAs = `${path}.corrupt`
  await copyFile(path, keptAs)
  return keptAs
}

/** Reads consecutive entries. Each is checked again: a disk may be damaged after the log was opened. */
export async function readEntries(segment: Segment, entries: readonly SegmentEntry[]): Promise<FileRecord[]> {
  const [first] = entries
  const last = entries.at(-1)
  if (!first || !last) return []
  const handle = segment.handle ?? (await open(segment.path, 'r'))
  try {
    const bytes = new Uint8Array(last.offset + last.length - first.offset)
    await handle.read(bytes, 0, bytes.length, first.offset)
    return entries.flatMap((entry) => {
      const from = entry.offset - first.offset
      const record = decodeRecord(bytes.subarray(from, from + entry.length - 1))
      return record?.sequence === entry.sequence ? [record] : []
    })
  } finally {
    if (handle !== segment.handle) await handle.close()
  }
}
