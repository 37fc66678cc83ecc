/** The parts of a hub's store, opened under the lease of its driver. */
import type { Clock } from '../core/clock.js'
import type { SignalboxError } from '../errors.js'
import type { Fence, Kv, Lease, Log, Store } from '../store/store.js'
import type { AskRecord } from './asks/record.js'
import { hubError } from './context.js'
import { DRIVER, takeDrive } from './drive.js'
import { toBytes } from './journal/encode.js'
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

/** The key that marks a store as shared. */
const SHARED = 'shared'

const sharing = (message: string, hint: string) => hubError({ code: 'conflict', message, hint })

/** Marks the store as shared. Rejects with `conflict` while a hub has it alone. */
export async function markShared(meta: Kv, lease: Lease, ttlMs: number): Promise<void> {
  if (await meta.get(SHARED)) return
  const held = await lease.acquire(DRIVER, { ttlMs })
  if (!held) throw sharing('Another hub has this store alone.', 'Stop that hub, and open its store with createSharedHub too.')
  await meta.put(SHARED, toBytes(true))
  await held.release()
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
    if (await meta.get(SHARED))
      throw sharing('Several hubs share this store.', 'Open this hub with createSharedHub, or use another store.')
    const fence = { token: drive.fence.token, of: (record: { readonly fence: number }) => record.fence }
    const turnTable = createTable<TurnRecord>(keep(await store.kv('hub-turns')), { fence })
    const askTable = createTable<AskRecord>(keep(await store.kv('hub-asks')), { fence })
    const journalId = await openJournalId(meta)
    const { next } = await log.state()
    return { log, fence: drive.fence, journalId, next, turnTable, askTable, close }
  } catch (error) {
    await close()
    throw error
  }
}
