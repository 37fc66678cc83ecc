/** Checks and errors that all drivers share, so that a program can change its driver. */
import { abortError } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { Fence, LogEntry, LogPage, ReadOptions } from './store.js'

export const MAX_KEY_CHARACTERS = 256
export const PAGE_ENTRIES = 1000
/** The `remoteCode` of a store that is full. Any other `unavailable` store may be reached again later. */
export const STORE_FULL = 'store_full'
export const PAGE_BYTES = 1024 * 1024

/** Checks a name of a log, map or lease, or a key. Rejects with `invalid_argument`. */
export function checkKey(key: string, what = 'key'): string {
  const problem =
    key.length === 0
      ? 'is empty'
      : key.length > MAX_KEY_CHARACTERS
        ? `has ${key.length} characters; the limit is ${MAX_KEY_CHARACTERS}`
        : key.includes('\0') || /\p{Surrogate}/u.test(key)
          ? 'holds a NUL or half a surrogate pair'
          : undefined
  if (problem === undefined) return key
  throw new SignalboxError({ code: 'invalid_argument', message: `The ${what} ${problem}.` })
}

/** Checks a whole number. Throws `invalid_argument` below `least`. */
export function checkPosition(value: number, what: string, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new SignalboxError({ code: 'invalid_argument', message: `${what} must be a whole number from ${least} on, not ${value}.` })
}

/** The error of a handle that was closed. */
export function storeClosed(what: string): SignalboxError {
  return new SignalboxError({ code: 'closed', message: `${what} is closed.`, hint: 'Open it again before you use it.' })
}

/** The error of a write that exceeds a bound. `trim` or `delete` makes space. */
export function storeFull(what: string, limit: number, option: string): SignalboxError {
  return new SignalboxError({
    code: 'unavailable',
    message: `${what} is full: it may hold ${limit} bytes.`,
    hint: `Trim or delete something, or raise ${option}.`,
    remoteCode: STORE_FULL,
  })
}

/** Checks the lease of an append. Throws `invalid_argument`. */
export function checkFence(fence: Fence | undefined): void {
  if (fence === undefined) return
  checkKey(fence.key, 'key of a fence')
  checkPosition(fence.token, 'The token of a fence', 0)
}

/** The error of a write under a lease whose key the log has seen with a higher token. */
export function fenced(what: string, { key, token }: Fence, highest: number): SignalboxError {
  return new SignalboxError({
    code: 'conflict',
    message: `${what} was written under token ${highest} of the lease ${key}; a writer with token ${token} has lost this lease.`,
    hint: 'Stop writing, and acquire the lease again.',
  })
}

/**
 * Makes a bounded page, with a gap where the reader's position is outside of the log.
 *
 * @example
 * ```ts
 * import { createPage } from 'signalbox/store'
 *
 * const entries = [{ sequence: 5, bytes: Uint8Array.of(1) }]
 * console.log(createPage(2, { first: 5, next: 6 }, entries).gap) // { type: 'gap', from: 2, to: 5, reason: 'expired' }
 * ```
 */
export function createPage(
  from: number,
  log: { readonly first: number; readonly next: number },
  candidates: Iterable<LogEntry>,
  options: ReadOptions = {},
): LogPage {
  const { maxEntries = PAGE_ENTRIES, maxBytes = PAGE_BYTES } = options
  const entries: LogEntry[] = []
  let bytes = 0
  for (const entry of candidates) {
    bytes += entry.bytes.byteLength
    if (entries.length > 0 && (entries.length >= maxEntries || bytes > maxBytes)) break
    entries.push(entry)
  }
  const last = entries.at(-1)
  const start = Math.min(Math.max(from, log.first), log.next)
  const page = { entries, next: last ? last.sequence + 1 : start }
  if (from === 0 || from === start) return page
  return { ...page, gap: { type: 'gap', from, to: start, reason: from < start ? 'expired' : 'restart' } }
}

/** The tail of any log: reads until there is nothing more, then waits until `changed` resolves. */
export async function* tailPages(
  read: (from: number) => Promise<LogPage>,
  changed: (next: number, signal: AbortSignal | undefined) => Promise<void>,
  from: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogPage, void, void> {
  let next = from
  for (;;) {
    if (signal?.aborted) throw abortError(signal, { op: 'tail' })
    const page = await read(next)
    next = page.next
    if (page.entries.length > 0 || page.gap) yield page
    else await changed(next, signal)
  }
}
