/** The log in IndexedDB over a database that fails, and a channel that counts its listeners. */
import { expect, test } from 'vitest'
import { checkRejects } from '../../src/testing/index.js'
import { SignalboxError } from '../../src/index.js'
import type { Database } from '../../transports/web/store/database.js'
import { createDatabaseLog } from '../../transports/web/store/log.js'

test('[store.indexeddb.tail-fails] a tail that fails while it begins to wait leaves no listener, on the channel or on the signal', async () => {
  let runs = 0
  const database: Database = {
    name: 'x',
    async run<T>() {
      runs += 1
      // The page is read; the check after it fails.
      if (runs === 1) return { entries: [], next: 1 } as T
      throw new SignalboxError({ code: 'unavailable', message: 'Gone.' })
    },
    close: async () => {},
  }
  const listening = new Set<() => void>()
  const notices = {
    announce() {},
    close() {},
    listen(_log: string, wake: () => void) {
      listening.add(wake)
      return () => void listening.delete(wake)
    },
  }
  const controller = new AbortController()
  let onSignal = 0
  const { signal } = controller
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => {
      onSignal += 1
      add(...args)
    },
    removeEventListener: (...args: Parameters<typeof remove>) => {
      onSignal -= 1
      remove(...args)
    },
  })
  const log = createDatabaseLog(database, 'log', notices, 1024, () => {})
  const tail = log.tail(0, { signal })[Symbol.asyncIterator]()
  await checkRejects(tail.next(), 'unavailable')
  expect(runs).toBe(2)
  expect(listening.size).toBe(0)
  expect(onSignal).toBe(0)
})
