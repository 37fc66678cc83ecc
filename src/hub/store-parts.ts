/** What a hub keeps in its store, opened under the lease of its driver. */
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { Fence, Log, Store } from '../store/store.js'
import type { AskRecord } from './asks/record.js'
import { takeDrive } from './drive.js'
import { openJournalId } from './journal/id.js'
import { createTable, type Table } from './table.js'
import type { TurnRecord } from './turns/record.js'

export interface StoreParts {
  readonly log: Log
  readonly fence: Fence
  readonly journalId: string
  /** The position that the log gives next. */
  readonly next: number
  readonly turnTable: Table<TurnRecord>
  readonly askTable: Table<AskRecord>
  /** Releases the lease, so that another hub can drive the journal. Never rejects. */
  close(): Promise<void>
}

export interface StorePartsOptions {
  readonly clock: Clock
  readonly leaseMs: number
  readonly waitMs: number
  readonly onLost: (error: SignalboxError) => void
}

export async function openStoreParts(store: Store, options: StorePartsOptions): Promise<StoreParts> {
  const { clock, leaseMs: ttlMs, waitMs, onLost } = options
  const opened: AsyncDisposable[] = []
  const keep = <Part extends AsyncDisposable>(part: Part): Part => {
    opened.push(part)
    return part
  }
  const close = async (): Promise<void> => {
    for (const part of opened.toReversed()) {
      try {
        await part[Symbol.asyncDispose]()
      } catch {
        // A lease that cannot be released expires by itself.
      }
    }
  }
  try {
    const lease = keep(await store.lease('hub'))
    const drive = await takeDrive(lease, { clock, ttlMs, waitMs, onLost })
    keep({ [Symbol.asyncDispose]: () => drive.release() })
    // On files the log is locked by its process. It is opened after the lease, which waits for the process to go.
    const log = keep(await store.log('hub'))
    const meta = keep(await store.kv('hub'))
    const turnTable = createTable<TurnRecord>(keep(await store.kv('hub-turns')))
    const askTable = createTable<AskRecord>(keep(await store.kv('hub-asks')))
    const journalId = await openJournalId(meta)
    const { next } = await log.state()
    return { log, fence: drive.fence, journalId, next, turnTable, askTable, close }
  } catch (error) {
    await close()
    throw error
  }
}
