/** Items that can never be delivered, with the reason. Their log is opened for each use only: several processes may share the store. */
import { inTurn } from '../../core/in-turn.js'
import { SignalboxError } from '../../errors.js'
import type { Log, Store } from '../store.js'
import { decodeDeadLetter, encodeDeadLetter } from './item-record.js'
import type { DeadLetter, OutboxItem } from './types.js'

/** Reads and deletes dead letters. */
export interface DeadLetters {
  /** Oldest first, from this id on. At most `max`, default 1,000. */
  list(options?: { readonly from?: number; readonly max?: number }): Promise<DeadLetter[]>
  /** Deletes all up to and including this id. */
  forget(upTo: number): Promise<void>
}

export interface DeadLetterBox extends DeadLetters {
  add(queue: string, item: OutboxItem, reason: string): Promise<void>
}

/** How long to try while another process has the log open. */
const OPENING = { attempts: 40, pauseMs: 50 }

export function createDeadLetters(store: Store, name: string, max: number, onDrop: (count: number) => void): DeadLetterBox {
  const inOrder = inTurn()
  const open = async (): Promise<Log> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await store.log(name)
      } catch (error) {
        if (!SignalboxError.is(error, 'conflict') || attempt >= OPENING.attempts) throw error
        await new Promise<void>((resolve) => void setTimeout(resolve, OPENING.pauseMs))
      }
    }
  }
  const use = <T>(work: (log: Log) => Promise<T>): Promise<T> =>
    inOrder(async () => {
      const log = await open()
      try {
        return await work(log)
      } finally {
        await log[Symbol.asyncDispose]()
      }
    })
  return {
    add: (queue, item, reason) =>
      use(async (log) => {
        await log.append([encodeDeadLetter(queue, item, reason)])
        const { entries } = await log.state()
        if (entries <= max) return
        // Sequences have holes, so the entries to drop are counted by reading them.
        const { next } = await log.read(0, { maxEntries: entries - max, maxBytes: Number.MAX_SAFE_INTEGER })
        await log.trim(next)
        onDrop(entries - max)
      }),
    list: ({ from = 0, max: most = 1000 } = {}) =>
      use(async (log) => {
        const { entries } = await log.read(from, { maxEntries: most, maxBytes: Number.MAX_SAFE_INTEGER })
        return entries.map(decodeDeadLetter)
      }),
    forget: (upTo) => use((log) => log.trim(upTo + 1)),
  }
}
