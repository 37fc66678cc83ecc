/** One file of a log: found again after a crash, however it was left. */
import { copyFile, open, readFile, type FileHandle } from 'node:fs/promises'
import { decodeRecord, type FileRecord } from './record.js'

export interface SegmentEntry {
  readonly sequence: number
  readonly offset: number
  /** Of the line, its end included. */
  readonly length: number
  /** Of the record's own bytes. */
  readonly size: number
}

export interface Segment {
  readonly path: string
  readonly start: number
  readonly entries: SegmentEntry[]
  /** Whole lines at the end that could not be read when it was opened: their numbers were given. */
  readonly lost: number
  /** Good bytes: the next record goes here. */
  end: number
  handle: FileHandle | undefined
}

/** What was wrong with a file. Nothing that could be read was lost. */
export type LogDamage =
  /** The last write was cut off: it was never acknowledged, and was removed. */
  | { readonly kind: 'torn'; readonly file: string; readonly bytes: number }
  /** Lines in the middle are not what was written. The file as it was is kept beside it. */
  | { readonly kind: 'corrupt'; readonly file: string; readonly lines: number; readonly keptAs: string }

export async function openSegment(path: string, start: number, tell: (damage: LogDamage) => void): Promise<Segment> {
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
    tell({ kind: 'corrupt', file: path, lines: broken, keptAs: await keepDamaged(path) })
  }
  // A tail with whole lines in it was not torn by a crash: keep it to be looked at.
  const isTorn = brokenAfterGood === 1 && bytes.at(-1) !== 0x0a
  const segment: Segment = { path, start, entries, lost: isTorn ? 0 : brokenAfterGood, end: goodEnd, handle: undefined }
  if (goodEnd < bytes.length) {
    if (!isTorn) tell({ kind: 'corrupt', file: path, lines: brokenAfterGood, keptAs: await keepDamaged(path) })
    else tell({ kind: 'torn', file: path, bytes: bytes.length - goodEnd })
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

/** A copy of the file as it is, for whoever wants to look at it. */
export async function keepDamaged(path: string): Promise<string> {
  const keptAs = `${path}.corrupt`
  await copyFile(path, keptAs)
  return keptAs
}

/** Reads some entries that stand one after the other. Checked again: a disk may forget later. */
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
