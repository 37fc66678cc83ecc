/** A log in memory. Its sequences have no holes, so a position is an index; callers must not rely on that. */
import { ENTRY_OVERHEAD } from './append-batch.js'
import { checkFence, checkPosition, createPage, fenced, storeClosed, storeFull, tailPages } from './rules.js'
import type { Log, LogEntry } from './store.js'

export interface LogContents {
  entries: LogEntry[]
  first: number
  bytes: number
  /** The highest token seen, for each key of a lease. */
  readonly fences: Map<string, number>
  readonly waiters: Set<() => void>
}

export function createMemoryLog(name: string, log: LogContents, maxBytes: number, release: () => void): Log {
  const what = `The log ${name}`
  let closed = false
  // The waits of this handle's tails. Closing the handle ends only these.
  const mine = new Set<() => void>()
  const nextSequence = (): number => log.first + log.entries.length
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }

  const read: Log['read'] = async (from, options) => {
    checkOpen()
    checkPosition(from, 'A position', 0)
    const start = Math.max(0, from - log.first)
    const copies = function* (): Iterable<LogEntry> {
      for (let at = start; at < log.entries.length; at += 1) {
        const { sequence, bytes } = log.entries[at] as LogEntry
        yield { sequence, bytes: bytes.slice() }
      }
    }
    return createPage(from, { first: log.first, next: nextSequence() }, copies(), options)
  }

  const changed = (next: number, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        log.waiters.delete(wake)
        mine.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      if (closed || signal?.aborted || nextSequence() > next) {
        resolve()
        return
      }
      log.waiters.add(wake)
      mine.add(wake)
      signal?.addEventListener('abort', wake)
    })

  return {
    async append(entries, { fence } = {}) {
      checkOpen()
      checkFence(fence)
      const highest = fence ? (log.fences.get(fence.key) ?? 0) : 0
      if (fence && fence.token < highest) throw fenced(what, fence, highest)
      const added = entries.reduce((sum, bytes) => sum + bytes.byteLength, 0)
      const total = log.bytes + added + (log.entries.length + entries.length) * ENTRY_OVERHEAD
      if (total > maxBytes) throw storeFull(what, maxBytes, 'maxBytes')
      const sequences = entries.map((bytes) => {
        const sequence = nextSequence()
        log.entries.push({ sequence, bytes: bytes.slice() })
        return sequence
      })
      log.bytes += added
      if (fence && fence.token > highest) log.fences.set(fence.key, fence.token)
      for (const wake of [...log.waiters]) wake()
      return sequences
    },
    read,
    tail: (from, options = {}) => tailPages((next) => read(next, options), changed, from, options.signal),
    async trim(before) {
      checkOpen()
      checkPosition(before, 'A position', 0)
      const gone = log.entries.splice(0, Math.max(0, before - log.first))
      log.first += gone.length
      for (const { bytes } of gone) log.bytes -= bytes.byteLength
    },
    async state() {
      checkOpen()
      return { first: log.first, next: nextSequence(), entries: log.entries.length, bytes: log.bytes }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      for (const wake of [...mine]) wake()
      release()
    },
  }
}
