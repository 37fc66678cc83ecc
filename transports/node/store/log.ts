/** A log as files: records are appended with one fsync for all that wait, and a file is removed when everything in it was trimmed. */
import { mkdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import { createAppendQueue, planAppends, type LogTotals, type WaitingAppend } from '../../../src/store/append-batch.js'
import { createPage, PAGE_BYTES, PAGE_ENTRIES, storeClosed } from '../../../src/store/rules.js'
import type { Fence, LogEntry, LogPage, LogState, ReadOptions } from '../../../src/store/store.js'
import { diskError, SYNCED_WRITES, sweepDrafts } from './disk.js'
import { readMeta, writeMeta } from './log-meta.js'
import { encodeRecord } from './record.js'
import type { Reserve } from './reserve.js'
import type { LogDamage } from './damage.js'
import { keepDamaged, readEntries, type Segment, type SegmentEntry } from './segment.js'
import { activeSegment, between, endOf, entriesForPage, findSegments, removeBelow } from './segments.js'

export interface FileLogOptions {
  readonly directory: string
  readonly name: string
  readonly maxBytes: number
  readonly segmentBytes: number
  readonly sync: boolean
  readonly reportDamage: (damage: LogDamage) => void
  readonly reserve: Reserve
}

/** What all handles of one log share. Closed with the last of them. */
export interface FileLog {
  append(entries: readonly Uint8Array[], fence: Fence | undefined): Promise<number[]>
  read(from: number, options: ReadOptions | undefined): Promise<LogPage>
  trim(before: number): Promise<void>
  state(): LogState
  /** Calls `wake` at every append. The result ends that. */
  watch(wake: () => void): () => void
  close(): Promise<void>
}

/** An open log. */
interface Opened extends FileLogOptions {
  readonly what: string
  readonly metaPath: string
  readonly segments: Segment[]
  totals: LogTotals
  /** What the meta file holds. */
  saved: Pick<LogTotals, 'first' | 'next' | 'fences'>
  /** Set when a failed write could not be taken back: nothing is written any more. */
  broken: SignalboxError | undefined
}

export async function openFileLog(options: FileLogOptions): Promise<FileLog> {
  const log = await open(options)
  const watchers = new Set<() => void>()
  const commitAndWake = async (batch: readonly WaitingAppend[]): Promise<void> => {
    if (await commit(log, batch)) for (const wake of [...watchers]) wake()
  }
  const queue = createAppendQueue(commitAndWake, () => new Promise((resolve) => setImmediate(resolve)))
  return {
    append: (entries, fence) => (log.broken ? Promise.reject(log.broken) : queue.add(entries, fence)),
    read: (from, read) => readPage(log, from, read),
    async trim(before) {
      const { totals, segments } = log
      const until = Math.min(before, totals.next)
      if (until <= totals.first) return
      const gone = between(segments, totals.first, until)
      log.totals = { ...totals, first: until, entries: totals.entries - gone.entries, bytes: totals.bytes - gone.bytes }
      await removeBelow(segments, until)
    },
    state() {
      const { first, next, entries, bytes } = log.totals
      return { first: Math.min(first, next), next, entries, bytes }
    },
    watch(wake) {
      watchers.add(wake)
      return () => void watchers.delete(wake)
    },
    async close() {
      await queue.idle()
      const { segments, totals } = log
      await saveMeta(log).catch(() => {})
      await segments.at(-1)?.handle?.close()
      // When every entry is trimmed and the meta file has the next sequence, the segments are not needed any more.
      if (totals.entries === 0 && log.saved.next === totals.next) {
        await Promise.all(segments.map(({ path }) => unlink(path).catch(() => {})))
      }
    },
  }
}

async function open(options: FileLogOptions): Promise<Opened> {
  const { directory, name, reportDamage } = options
  const what = `The log ${name}`
  const metaPath = join(directory, 'meta.json')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await sweepDrafts(directory)
  const saved = await readMeta(what, metaPath)
  const segments = await findSegments(directory, reportDamage)
  // A removed file was trimmed, whether or not the meta file says so.
  const first = Math.max(saved.first, segments[0]?.start ?? 1)
  const next = Math.max(saved.next, ...segments.map(endOf))
  const totals = { first, next, fences: saved.fences, ...between(segments, first, next) }
  const log: Opened = { ...options, what, metaPath, segments, totals, saved, broken: undefined }
  // Lost lines are not in the file any more, so the meta file must count their sequences.
  if (segments.some(({ lost }) => lost > 0)) await saveMeta(log)
  return log
}

async function saveMeta(log: Opened): Promise<void> {
  const { first, next, fences } = log.totals
  const { saved, metaPath, reserve } = log
  if (first === saved.first && next === saved.next && fences === saved.fences) return
  await reserve.spend(() => writeMeta(metaPath, { first, next, fences }))
  log.saved = { first, next, fences }
}

/** Stores everything that waits, in one piece with one sync. True: something was stored. */
async function commit(log: Opened, batch: readonly WaitingAppend[]): Promise<boolean> {
  const { what, reserve, segments, directory, maxBytes } = log
  try {
    await reserve.keep()
    const segment = await activeSegment(segments, directory, log.totals.next, log)
    const plan = planAppends(batch, log.totals, maxBytes, what)
    for (const { request, error } of plan.refused) request.reject(error)
    if (plan.totals.fences !== log.totals.fences) {
      log.totals = { ...log.totals, fences: plan.totals.fences }
      await saveMeta(log)
    }
    const lines: Uint8Array[] = []
    const added: SegmentEntry[] = []
    let offset = segment.end
    for (const { request, sequences } of plan.accepted) {
      for (const [index, sequence] of sequences.entries()) {
        const bytes = request.entries[index] as Uint8Array
        const line = encodeRecord({ sequence, bytes })
        lines.push(line)
        added.push({ sequence, offset, length: line.byteLength, size: bytes.byteLength })
        offset += line.byteLength
      }
    }
    if (lines.length > 0) await write(log, segment, lines)
    segment.entries.push(...added)
    segment.end = offset
    // A trim may have moved `first` during the write.
    const { first, entries, bytes, fences } = log.totals
    const size = added.reduce((sum, entry) => sum + entry.size, 0)
    log.totals = { first, next: plan.totals.next, entries: entries + added.length, bytes: bytes + size, fences }
    for (const { request, sequences } of plan.accepted) request.resolve([...sequences])
    return true
  } catch (error) {
    const failure = SignalboxError.is(error) ? error : diskError(what, error, log.broken ? 'maybe' : 'no')
    // A refused append was rejected before; a second rejection changes nothing.
    for (const { reject } of batch) reject(failure)
    return false
  }
}

async function write(log: Opened, segment: Segment, lines: readonly Uint8Array[]): Promise<void> {
  const { what, sync } = log
  const { handle } = segment
  if (!handle) throw storeClosed(what)
  try {
    const whole = Buffer.concat(lines)
    let done = 0
    while (done < whole.length) {
      const { bytesWritten } = await handle.write(whole, done, whole.length - done, segment.end + done)
      done += bytesWritten
    }
    if (sync && SYNCED_WRITES === undefined) await handle.datasync()
  } catch (cause) {
    // The append fails, so the part that was written is removed.
    try {
      await handle.truncate(segment.end)
    } catch {
      log.broken = diskError(what, cause, 'maybe')
      throw log.broken
    }
    throw diskError(what, cause)
  }
}

async function readPage(log: Opened, from: number, options: ReadOptions | undefined): Promise<LogPage> {
  const { what, segments } = log
  const limits = { maxEntries: options?.maxEntries ?? PAGE_ENTRIES, maxBytes: options?.maxBytes ?? PAGE_BYTES }
  // Read before the disk access, because entries are added and trimmed during it.
  const { next } = log.totals
  const first = Math.min(log.totals.first, next)
  const start = Math.max(from, first)
  const found: LogEntry[] = []
  let bytes = 0
  for (const segment of [...segments]) {
    if ((segment.entries.at(-1)?.sequence ?? -1) < start) continue
    const wanted = entriesForPage(segment, start, { entries: found.length, bytes }, limits)
    const isWhole = wanted.at(-1) === segment.entries.at(-1)
    const records = await readEntries(segment, wanted).catch((error: unknown) => {
      if (segments.includes(segment)) throw diskError(what, error, 'no', 'read')
    })
    if (!records) {
      // The file was trimmed meanwhile. The entries that were found before it make a page, and the next page reports the gap.
      if (found.length > 0) break
      return await readPage(log, from, options)
    }
    if (records.length < wanted.length) {
      const read = new Set(records.map(({ sequence }) => sequence))
      const lost = wanted.filter(({ sequence }) => !read.has(sequence))
      await forget(log, segment, lost)
      return await readPage(log, from, options)
    }
    found.push(...records)
    bytes += wanted.reduce((sum, { size }) => sum + size, 0)
    if (!isWhole || found.length >= limits.maxEntries || bytes > limits.maxBytes) break
  }
  const page = createPage(from, { first, next }, found, limits)
  // When the last entries of the log were lost, the next entry has a sequence behind theirs.
  return found.length === 0 ? { ...page, next } : page
}

/** The disk has lost these entries since the log was opened. */
async function forget(log: Opened, segment: Segment, lost: readonly SegmentEntry[]): Promise<void> {
  const gone = new Set(lost.filter((entry) => segment.entries.includes(entry)))
  if (gone.size === 0) return
  segment.entries.splice(0, segment.entries.length, ...segment.entries.filter((entry) => !gone.has(entry)))
  const counted = [...gone].filter(({ sequence }) => sequence >= log.totals.first)
  const { totals } = log
  const bytes = counted.reduce((sum, { size }) => sum + size, 0)
  log.totals = { ...totals, entries: totals.entries - counted.length, bytes: totals.bytes - bytes }
  const keptAs = await keepDamaged(segment.path)
  log.reportDamage({ kind: 'corrupt', file: segment.path, lines: gone.size, keptAs })
}
