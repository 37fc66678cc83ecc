/** Items that can never be delivered, with the reason. Opened only while it is used: several processes may share the store. */
import { SignalboxError } from '../errors.js'
import { decodeDeadLetter, encodeDeadLetter } from './outbox-record.js'
import type { DeadLetter, OutboxItem } from './outbox-types.js'
import type { Log, Store } from './store.js'

export interface DeadLetters {
  /** Oldest first, from this id on. */
  list(options?: { readonly from?: number; readonly max?: number }): Promise<DeadLetter[]>
  /** Forgets all up to this id. */
  forget(upTo: number): Promise<void>
}

export interface DeadLetterBox extends DeadLetters {
  add(lane: string, item: OutboxItem, reason: string): Promise<void>
}

const PATIENCE = { attempts: 40, ms: 50 }

export function createDeadLetters(store: Store, name: string, max: number, onDrop: (count: number) => void): DeadLetterBox {
  let tail: Promise<unknown> = Promise.resolve()
  const open = async (): Promise<Log> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await store.log(name)
      } catch (error) {
        // Another process has it, for a moment.
        if (!SignalboxError.is(error, 'conflict') || attempt >= PATIENCE.attempts) throw error
        await new Promise<void>((resolve) => void setTimeout(resolve, PATIENCE.ms))
      }
    }
  }
  const use = <T>(work: (log: Log) => Promise<T>): Promise<T> => {
    const turn = tail.then(async () => {
      const log = await open()
      try {
        return await work(log)
      } finally {
        await log[Symbol.asyncDispose]()
      }
    })
    tail = turn.catch(() => {})
    return turn
  }
  return {
    add: (lane, item, reason) =>
      use(async (log) => {
        await log.append([encodeDeadLetter(lane, item, reason)])
        const { entries, next } = await log.state()
        if (entries <= max) return
        await log.trim(next - max)
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
