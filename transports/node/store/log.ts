/** A log as files: lines appended with one fsync for all that wait, whole files removed when everything in them was trimmed. */
import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import { checkPosition, createPage, fenced, storeClosed, storeFull, tailPages } from '../../../src/store/rules.js'
import type { Log, LogEntry, LogPage, ReadOptions } from '../../../src/store/store.js'
import { PAGE_BYTES, PAGE_ENTRIES } from '../../../src/store/rules.js'
import { damaged, diskError, sweepDrafts, syncDirectory, writeAtomically } from './disk.js'
import { encodeRecord } from './record.js'
import type { Reserve } from './reserve.js'
import { keepDamaged, openSegment, readEntries, type LogDamage, type Segment, type SegmentEntry } from './segment.js'

export interface FileLogOptions {
  readonly directory: string
  readonly name: string
  readonly maxBytes: number
  readonly segmentBytes: number
  readonly sync: boolean
  readonly tell: (damage: LogDamage) => void
  readonly reserve: Reserve
}

/** What all handles of one log share; closed with the last of them. */
export interface FileLogCore {
  append(entries: readonly Uint8Array[], fence: number | undefined): Promise<number[]>
  read(from: number, options: ReadOptions | undefined): Promise<LogPage>
  trim(before: number): Promise<void>
  state(): { first: number; next: number; entries: number; bytes: number }
  /** Woken at every append; gives a function that stops it. */
  watch(wake: () => void): () => void
  close(): Promise<void>
}

interface Waiting {
  readonly entries: readonly Uint8Array[]
  readonly fence: number | undefined
  readonly resolve: (sequences: number[]) => void
  readonly reject: (error: unknown) => void
}

interface Meta {
  first: number
  next: number
  fence: number
}

const ENTRY_OVERHEAD = 64
const segmentName = (start: number): string => `${String(start).padStart(16, '0')}.ndjson`

export async function openFileLog(options: FileLogOptions): Promise<FileLogCore> {
  const { directory, name, maxBytes, segmentBytes, sync, tell, reserve } = options
  const what = `The log ${name}`
  const metaPath = join(directory, 'meta.json')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await sweepDrafts(directory)
  const meta = await readMeta(what, metaPath)
  const segments = await findSegments(directory, tell)
  // Files that were removed took their entries along, whether or not that was written down.
  let first = Math.max(meta.first, segments[0]?.start ?? 1)
  let fence = meta.fence
  let next = Math.max(
    meta.next,
    ...segments.map((segment) => (segment.entries.at(-1)?.sequence ?? segment.start - 1) + 1 + segment.lost),
  )
  let bytes = 0
  let count = 0
  for (const entry of segments.flatMap((segment) => segment.entries)) {
    if (entry.sequence < first) continue
    bytes += entry.size
    count += 1
  }
  const watchers = new Set<() => void>()
  let queue: Waiting[] = []
  let working: Promise<void> | undefined
  let broken: SignalboxError | undefined
  let savedMeta = { ...meta }

  const saveMeta = async (): Promise<void> => {
    const now = { first, next, fence }
    if (now.first === savedMeta.first && now.next === savedMeta.next && now.fence === savedMeta.fence) return
    await reserve.spend(() => writeAtomically(metaPath, new TextEncoder().encode(JSON.stringify(now))))
    savedMeta = now
  }
  const activeSegment = async (): Promise<Segment> => {
    const last = segments.at(-1)
    if (last && last.end < segmentBytes) {
      last.handle ??= await open(last.path, 'r+')
      return last
    }
    const path = join(directory, segmentName(next))
    const handle = await open(path, 'wx+', 0o600)
    if (sync) await syncDirectory(directory)
    await last?.handle?.close()
    if (last) last.handle = undefined
    const made: Segment = { path, start: next, entries: [], lost: 0, end: 0, handle }
    segments.push(made)
    return made
  }

  /** Writes everything that waits, in one piece, and syncs once. */
  const commit = async (batch: readonly Waiting[]): Promise<void> => {
    const accepted: { waiting: Waiting; sequences: number[] }[] = []
    const lines: Uint8Array[] = []
    const added: SegmentEntry[] = []
    let at = next
    let total = bytes + count * ENTRY_OVERHEAD
    let highest = fence
    try {
      await reserve.keep()
      const segment = await activeSegment()
      let offset = segment.end
      for (const waiting of batch) {
        if (waiting.fence !== undefined && waiting.fence < highest) {
          waiting.reject(fenced(what, waiting.fence, highest))
          continue
        }
        const size = waiting.entries.reduce((sum, entry) => sum + entry.byteLength + ENTRY_OVERHEAD, 0)
        if (total + size > maxBytes) {
          waiting.reject(storeFull(what, maxBytes, 'maxBytes'))
          continue
        }
        total += size
        highest = Math.max(highest, waiting.fence ?? 0)
        const sequences = waiting.entries.map((entry) => {
          const line = encodeRecord({ sequence: at, bytes: entry })
          lines.push(line)
          added.push({ sequence: at, offset, length: line.byteLength, size: entry.byteLength })
          offset += line.byteLength
          at += 1
          return at - 1
        })
        accepted.push({ waiting, sequences })
      }
      if (highest > fence) {
        fence = highest
        await saveMeta()
      }
      if (lines.length > 0) await write(segment, lines, offset)
      segment.entries.push(...added)
      segment.end = offset
      next = at
      count += added.length
      bytes += added.reduce((sum, entry) => sum + entry.size, 0)
    } catch (error) {
      const failure = SignalboxError.is(error) ? error : diskError(what, error, broken ? 'maybe' : 'no')
      for (const { waiting } of accepted) waiting.reject(failure)
      for (const waiting of batch) waiting.reject(failure)
      return
    }
    for (const { waiting, sequences } of accepted) waiting.resolve(sequences)
    for (const wake of [...watchers]) wake()
  }

  const write = async (segment: Segment, lines: readonly Uint8Array[], end: number): Promise<void> => {
    const handle = segment.handle
    if (!handle) throw storeClosed(what)
    try {
      const whole = Buffer.concat(lines)
      let done = 0
      while (done < whole.length) {
        const { bytesWritten } = await handle.write(whole, done, whole.length - done, segment.end + done)
        done += bytesWritten
      }
      if (segment.end + done !== end) throw new Error('short write')
      if (sync) await handle.datasync()
    } catch (cause) {
      // What was written of it must not be found by a later life: nobody was told that it is there.
      try {
        await handle.truncate(segment.end)
      } catch {
        broken = diskError(what, cause, 'maybe')
        throw broken
      }
      throw diskError(what, cause)
    }
  }

  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue
      queue = []
      await commit(batch)
    }
    working = undefined
  }

  /** The disk has lost them since: as if the log had been opened after that. */
  const forget = async (segment: Segment, lost: readonly SegmentEntry[]): Promise<void> => {
    const gone = new Set(lost.filter((entry) => segment.entries.includes(entry)))
    if (gone.size === 0) return
    segment.entries.splice(0, segment.entries.length, ...segment.entries.filter((entry) => !gone.has(entry)))
    for (const entry of gone) {
      if (entry.sequence < first) continue
      count -= 1
      bytes -= entry.size
    }
    const keptAs = await keepDamaged(segment.path)
    tell({ kind: 'corrupt', file: segment.path, lines: gone.size, keptAs })
  }

  const read = async (from: number, options: ReadOptions | undefined): Promise<LogPage> => {
    const { maxEntries = PAGE_ENTRIES, maxBytes: pageBytes = PAGE_BYTES } = options ?? {}
    // As they are now: entries come and go while the disk is read.
    const [oldest, end] = [Math.min(first, next), next]
    const found: LogEntry[] = []
    let size = 0
    const isEnough = (): boolean => found.length >= maxEntries || size > pageBytes
    for (const segment of [...segments]) {
      if ((segment.entries.at(-1)?.sequence ?? -1) < Math.max(from, oldest)) continue
      const wanted: SegmentEntry[] = []
      for (let at = firstAt(segment.entries, Math.max(from, oldest)); at < segment.entries.length; at += 1) {
        const entry = segment.entries[at] as SegmentEntry
        if (found.length + wanted.length > 0 && (found.length + wanted.length >= maxEntries || size + entry.size > pageBytes)) break
        wanted.push(entry)
        size += entry.size
      }
      const isWhole = wanted.at(-1) === segment.entries.at(-1)
      const records = await readEntries(segment, wanted).catch((error: unknown) => {
        if (segments.includes(segment)) throw diskError(what, error, 'no', 'read')
      })
      // Trimmed away meanwhile, file and all: what was found before it is a page, and the next one tells the gap.
      if (!records) {
        if (found.length > 0) break
        return await read(from, options)
      }
      if (records.length < wanted.length) {
        await forget(
          segment,
          wanted.filter(({ sequence }) => !records.some((record) => record.sequence === sequence)),
        )
        return await read(from, options)
      }
      found.push(...records)
      if (!isWhole || isEnough()) break
    }
    const page = createPage(from, { first: oldest, next: end }, found, { maxEntries, maxBytes: pageBytes })
    // Where the last entries were lost the next one comes behind them.
    return found.length === 0 ? { ...page, next: end } : page
  }

  // The lost ones are not in the file any more: their count must not depend on it.
  if (segments.some(({ lost }) => lost > 0)) await saveMeta()

  return {
    append(entries, fenceOf) {
      if (broken) return Promise.reject(broken)
      return new Promise<number[]>((resolve, reject) => {
        // Copied now: the caller may use its arrays again at once.
        queue.push({ entries: entries.map((entry) => entry.slice()), fence: fenceOf, resolve, reject })
        // Begun in a later turn, so that whatever is appended in this one shares the sync.
        working ??= new Promise<void>((next) => setImmediate(next)).then(work)
      })
    },
    read,
    async trim(before) {
      const until = Math.min(before, next)
      if (until <= first) return
      for (const segment of segments) {
        for (let at = firstAt(segment.entries, first); at < segment.entries.length; at += 1) {
          const entry = segment.entries[at] as SegmentEntry
          if (entry.sequence >= until) break
          count -= 1
          bytes -= entry.size
        }
      }
      first = until
      // The last file stays: its name and content say where the count goes on.
      while (segments.length > 1 && (segments[0]?.entries.at(-1)?.sequence ?? 0) < first) {
        const gone = segments.shift()
        await gone?.handle?.close()
        if (gone) await unlink(gone.path).catch(() => {})
      }
    },
    state: () => ({ first: Math.min(first, next), next, entries: count, bytes }),
    watch(wake) {
      watchers.add(wake)
      return () => void watchers.delete(wake)
    },
    async close() {
      while (working) await working
      await saveMeta().catch(() => {})
      const [last] = segments.slice(-1)
      await last?.handle?.close()
      // Where everything is trimmed and the count is written down, the lines are of no use any more.
      if (count === 0 && savedMeta.next === next) await Promise.all(segments.map(({ path }) => unlink(path).catch(() => {})))
    },
  }
}

/** The first entry from this sequence on: entries rise, so it is found by halving. */
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

async function readMeta(what: string, path: string): Promise<Meta> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { first: 1, next: 1, fence: 0 }
    throw error
  }
  try {
    const { first, next, fence } = JSON.parse(text) as Meta
    return {
      first: checkPosition(first, 'first', 1),
      next: checkPosition(next, 'next', 1),
      fence: checkPosition(fence, 'fence', 0),
    }
  } catch (cause) {
    // Without it numbers and fences would be given again.
    throw damaged(what, path, cause)
  }
}

async function findSegments(directory: string, tell: (damage: LogDamage) => void): Promise<Segment[]> {
  const files = (await readdir(directory)).filter((file) => /^\d{16}\.ndjson$/.test(file)).sort()
  const segments: Segment[] = []
  for (const file of files) segments.push(await openSegment(join(directory, file), Number(file.slice(0, 16)), tell))
  return segments
}

/** One handle on the shared core. */
export function createFileLogHandle(core: FileLogCore, name: string, release: () => Promise<void>): Log {
  const what = `The log ${name}`
  let closed: Promise<void> | undefined
  const mine = new Set<() => void>()
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const read: Log['read'] = async (from, options) => {
    checkOpen()
    return await core.read(checkPosition(from, 'A position', 0), options)
  }
  const changed = (next: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        stop()
        mine.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const stop = core.watch(wake)
      mine.add(wake)
      signal?.addEventListener('abort', wake)
      if (closed || signal?.aborted || core.state().next > next) wake()
    })
  return {
    async append(entries, { fence } = {}) {
      checkOpen()
      if (fence !== undefined) checkPosition(fence, 'A fence', 0)
      return entries.length === 0 && fence === undefined ? [] : await core.append(entries, fence)
    },
    read,
    tail: (from, options = {}) => tailPages((next) => read(next, options), changed, from, options.signal),
    async trim(before) {
      checkOpen()
      await core.trim(checkPosition(before, 'A position', 0))
    },
    async state() {
      checkOpen()
      return core.state()
    },
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        for (const wake of [...mine]) wake()
        await release()
      })()
      return closed
    },
  }
}
