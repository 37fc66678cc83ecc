/** Appends to the log of a queue. Items that are appended at the same time are written together. */
import { SignalboxError } from '../../errors.js'
import { STORE_FULL } from '../rules.js'

/** An item as it goes into the log. */
export interface NewItem {
  readonly entry: Uint8Array
  readonly at: number
  readonly numbered: boolean
}

export interface QueueAppends {
  /** How many items have begun, ever. */
  readonly begun: number
  /** How many items are under way. */
  readonly open: number
  /** Resolves when the item is stored. */
  add(item: NewItem): Promise<true>
  /** Resolves when every append that was begun has ended. */
  ended(): Promise<void>
}

interface Append {
  readonly item: NewItem
  readonly resolve: (stored: true) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs one write at a time. Items that come during a write go into the next one. `write` stores items in their order. `onEnd` is called after each write,
 * before the appends resolve.
 */
export function createQueueAppends(
  write: (items: readonly NewItem[]) => Promise<void>,
  onEnd: (items: readonly NewItem[], stored: boolean) => void,
): QueueAppends {
  /** Appends that no write has taken yet. */
  let batch: Append[] | undefined
  /** The write of the newest batch. Never rejects. */
  let last: Promise<void> = Promise.resolve()
  let begun = 0
  let open = 0

  const end = (appends: readonly Append[], failed?: { readonly error: unknown }): void => {
    open -= appends.length
    onEnd(
      appends.map(({ item }) => item),
      !failed,
    )
    for (const { resolve, reject } of appends) {
      if (failed) reject(failed.error)
      else resolve(true)
    }
  }
  const writeAll = async (appends: readonly Append[]): Promise<void> => {
    try {
      await write(appends.map(({ item }) => item))
    } catch (error) {
      if (appends.length === 1 || !concernsOneItem(error)) return end(appends, { error })
      for (const append of appends) await writeAll([append])
      return
    }
    end(appends)
  }
  const startBatch = (): Append[] => {
    const appends: Append[] = []
    last = last.then(() => {
      batch = undefined
      return writeAll(appends)
    })
    return appends
  }
  return {
    get begun() {
      return begun
    },
    get open() {
      return open
    },
    add(item) {
      begun += 1
      open += 1
      return new Promise((resolve, reject) => {
        batch ??= startBatch()
        batch.push({ item, resolve, reject })
      })
    },
    ended: () => last,
  }
}

/** The store refused all items because some of them are too large. Then the others are stored without these. */
const concernsOneItem = (error: unknown): boolean =>
  SignalboxError.is(error, 'too_large') || (SignalboxError.is(error) && error.remoteCode === STORE_FULL)
