/** Appends that share one write to the disk. For drivers of a `Log`. */
import type { SignalboxError } from '../errors.js'
import { fenced, storeFull } from './rules.js'
import type { Fence, LogState } from './store.js'

/** The cost of each entry beside its bytes. */
export const ENTRY_OVERHEAD = 64

/** What a log remembers beside its entries. */
export interface LogTotals extends LogState {
  /** The highest token that an append brought, for each key of a lease. */
  readonly fences: ReadonlyMap<string, number>
}

export interface AppendRequest {
  readonly entries: readonly Uint8Array[]
  readonly fence: Fence | undefined
}

export interface AppendPlan<Request extends AppendRequest> {
  readonly accepted: readonly { readonly request: Request; readonly sequences: readonly number[] }[]
  readonly refused: readonly { readonly request: Request; readonly error: SignalboxError }[]
  /** The totals once everything accepted is stored. */
  readonly totals: LogTotals
}

/** Decides on appends in their order: which are stored under which sequences, and which a fence or the log's bound refuses. */
export function planAppends<Request extends AppendRequest>(
  requests: readonly Request[],
  before: LogTotals,
  maxBytes: number,
  what: string,
): AppendPlan<Request> {
  const accepted: { request: Request; sequences: number[] }[] = []
  const refused: { request: Request; error: SignalboxError }[] = []
  let totals = before
  for (const request of requests) {
    const { entries, fence } = request
    const { next, fences } = totals
    const highest = fence ? (fences.get(fence.key) ?? 0) : 0
    const after: LogTotals = {
      first: totals.first,
      next: next + entries.length,
      entries: totals.entries + entries.length,
      bytes: totals.bytes + entries.reduce((sum, entry) => sum + entry.byteLength, 0),
      fences: fence && fence.token > highest ? new Map(fences).set(fence.key, fence.token) : fences,
    }
    if (fence && fence.token < highest) {
      refused.push({ request, error: fenced(what, fence, highest) })
    } else if (entries.length > 0 && after.bytes + after.entries * ENTRY_OVERHEAD > maxBytes) {
      refused.push({ request, error: storeFull(what, maxBytes, 'maxBytes') })
    } else {
      accepted.push({ request, sequences: entries.map((_, index) => next + index) })
      totals = after
    }
  }
  return { accepted, refused, totals }
}

export interface WaitingAppend extends AppendRequest {
  readonly resolve: (sequences: number[]) => void
  readonly reject: (error: unknown) => void
}

export interface AppendQueue {
  /** Copies the entries: the caller may use its arrays again at once. */
  add(entries: readonly Uint8Array[], fence: Fence | undefined): Promise<number[]>
  /** Resolves when no append waits. */
  idle(): Promise<void>
}

/** Collects appends and commits all that wait as one batch, one batch after the other. `start` lets appends of the same turn join a batch. */
export function createAppendQueue(
  commit: (batch: readonly WaitingAppend[]) => Promise<void>,
  start: () => Promise<void>,
): AppendQueue {
  let waiting: WaitingAppend[] = []
  let working: Promise<void> | undefined
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await commit(batch)
    }
    working = undefined
  }
  return {
    add(entries, fence) {
      return new Promise<number[]>((resolve, reject) => {
        waiting.push({ entries: entries.map((entry) => entry.slice()), fence, resolve, reject })
        working ??= start().then(work)
      })
    },
    async idle() {
      while (working) await working
    },
  }
}
