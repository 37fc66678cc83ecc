/** A queue's state in memory and as it is stored. A change that cannot be stored stays in memory and is stored with the next one. */
import { SignalboxError } from '../../errors.js'
import type { Kv } from '../store.js'
import type { Load } from './decisions.js'
import { loadQueue, NEW_QUEUE, saveQueue, type QueueRecord, type QueueState } from './queue-state.js'
import type { OutboxReport } from './types.js'

export interface SavedState {
  readonly state: QueueState
  /** Whether anything is stored. */
  readonly exists: boolean
  /** The position that the stored state names. The log keeps everything behind it: after a crash only the stored state is known. */
  readonly position: number
  /** Items that are settled in memory and not in the stored state. */
  readonly unsaved: Load
  /** Stores the state of a new queue: a later process finds a queue by its state, so the state comes before the first item. */
  create(): Promise<void>
  /** Reads the stored state again. `emptyAt` gives the position for a queue without a stored state. */
  load(emptyAt: () => Promise<number>): Promise<void>
  /** Changes the state and stores it. `settled` counts the items that this change settles. */
  change(state: QueueState, settled?: Load): Promise<void>
}

const NONE: Load = { items: 0, bytes: 0 }

export function createSavedState(queue: string, kv: Kv, report: (report: OutboxReport) => void): SavedState {
  let record: QueueRecord = { state: NEW_QUEUE, version: null }
  let position = 0
  let unsaved = NONE
  let creating: Promise<void> | undefined

  const write = async (state: QueueState): Promise<void> => {
    record = { ...record, state }
    try {
      record = { state, version: await saveQueue(kv, queue, state, record.version) }
    } catch (error) {
      if (SignalboxError.is(error, 'conflict') || !SignalboxError.is(error)) throw error
      return report({ type: 'unsaved', queue, error })
    }
    position = state.position
    unsaved = NONE
  }
  const create = async (): Promise<void> => {
    try {
      const version = await saveQueue(kv, queue, record.state, null)
      record = { ...record, version }
    } catch (error) {
      creating = undefined
      if (!SignalboxError.is(error, 'conflict')) throw error
      // Another process has stored the state of the queue.
      record = await loadQueue(kv, queue)
    }
  }
  return {
    get state() {
      return record.state
    },
    get exists() {
      return record.version !== null
    },
    get position() {
      return position
    },
    get unsaved() {
      return unsaved
    },
    async create() {
      creating ??= create()
      await creating
    },
    async load(emptyAt) {
      const loaded = await loadQueue(kv, queue)
      if (loaded.version !== null && loaded.version === record.version) {
        if (unsaved.items > 0) await write(record.state)
        return
      }
      record = loaded
      unsaved = NONE
      // A queue that is new, or whose state was deleted: the log goes on with its own numbers.
      if (record.version === null) {
        const position = await emptyAt()
        record = { ...record, state: { ...NEW_QUEUE, position } }
      }
      position = record.state.position
    },
    async change(state, settled = NONE) {
      unsaved = { items: unsaved.items + settled.items, bytes: unsaved.bytes + settled.bytes }
      await write(state)
    },
  }
}
