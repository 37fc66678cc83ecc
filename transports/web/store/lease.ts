/** Leases as Web Locks, which the browser frees when a tab is gone. The token is in the database. */
import { promisifyRequest } from 'idb-keyval'
import type { Clock } from '../../../src/core/clock.js'
import { SignalboxError } from '../../../src/errors.js'
import { checkKey, checkPosition, storeClosed } from '../../../src/store/rules.js'
import type { HeldLease, Lease } from '../../../src/store/store.js'
import type { Database } from './database.js'

export function createDatabaseLease(database: Database, name: string, clock: Clock, release: () => void): Lease {
  const what = `The lease store ${name}`
  const locks = new Set<() => void>()
  let closed = false
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const nextToken = (key: string): Promise<number> =>
    database.run('readwrite', what, async (objects) => {
      const id = ['t', name, key]
      const token = (((await promisifyRequest(objects.get(id))) as unknown as number | undefined) ?? 0) + 1
      objects.put(token, id)
      return token
    })

  return {
    async acquire(key, { ttlMs }) {
      checkOpen()
      checkKey(key)
      checkPosition(ttlMs, 'ttlMs', 1)
      const asked = clock.monotonic()
      const releaseLock = await takeLock(JSON.stringify(['signalbox', database.name, name, key]))
      if (!releaseLock) return null
      let token: number
      try {
        token = await nextToken(key)
        checkOpen()
      } catch (error) {
        releaseLock()
        checkOpen()
        throw error
      }
      let ends = asked + ttlMs
      let lost = false
      const lose = (): void => {
        lost = true
        timer.cancel()
        locks.delete(lose)
        releaseLock()
      }
      let timer = clock.after(Math.max(0, ends - clock.monotonic()), lose)
      locks.add(lose)
      const lease: HeldLease = {
        key,
        token,
        remainingMs: () => (lost ? 0 : Math.max(0, ends - clock.monotonic())),
        async renew(nextMs = ttlMs) {
          checkOpen()
          checkPosition(nextMs, 'ttlMs', 1)
          if (lost || ends <= clock.monotonic()) return false
          timer.cancel()
          ends = clock.monotonic() + nextMs
          timer = clock.after(nextMs, lose)
          return true
        },
        async release() {
          checkOpen()
          if (!lost) lose()
        },
      }
      return lease
    },
    async [Symbol.asyncDispose]() {
      closed = true
      for (const lose of [...locks]) lose()
      release()
    },
  }
}

/** Null when another tab, or another caller in this one, holds it. */
function takeLock(name: string): Promise<(() => void) | null> {
  const { locks } = navigator
  // Browsers offer Web Locks on https and localhost only.
  if (!locks) {
    return Promise.reject(
      new SignalboxError({
        code: 'unsupported',
        message: 'This page has no Web Locks, so leases do not work.',
        hint: 'Serve the page over https, or from localhost.',
      }),
    )
  }
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) {
          resolve(null)
          return undefined
        }
        return new Promise<void>((releaseLock) => resolve(releaseLock))
      })
      .catch(reject)
  })
}
