/** Leases as files. The lease of a dead process is free at once; that of a sleeping one after its time. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../src/core/clock.js'
import { checkKey, checkPosition, storeClosed } from '../../../src/store/rules.js'
import type { HeldLease, Lease } from '../../../src/store/store.js'
import { damaged, diskError, onDisk, writeAtomically } from './disk.js'
import { isAlive, withLock, type LockOwner } from './lock.js'
import { fileNameOf } from './names.js'
import type { Reserve } from './reserve.js'

interface LeaseRecord {
  readonly token: number
  /** Absent when the lease is free. */
  readonly owner?: LockOwner
  /** Wall clock, because several processes compare it. */
  readonly expires: number
}

export interface FileLeaseOptions {
  readonly directory: string
  readonly name: string
  readonly owner: LockOwner
  readonly clock: Clock
  readonly reserve: Reserve
}

export async function openFileLease(
  { directory, name, owner, clock, reserve }: FileLeaseOptions,
  release: () => void,
): Promise<Lease> {
  const what = `The lease store ${name}`
  await onDisk(what, 'written', () => reserve.spend(() => mkdir(directory, { recursive: true, mode: 0o700 })))
  let closed = false
  const releases = new Set<() => Promise<void>>()
  const checkOpen = (): void => {
    if (closed) throw storeClosed(what)
  }
  const locked = <T>(key: string, work: () => Promise<T>): Promise<T> =>
    onDisk(what, 'written', () => reserve.spend(() => withLock(lockOf(key), owner, work)))
  const lockOf = (key: string): string => join(directory, `${fileNameOf(key)}.lock`)
  const pathOf = (key: string): string => join(directory, `${fileNameOf(key)}.lease`)
  const load = async (key: string): Promise<LeaseRecord> => {
    let text: string
    try {
      text = await readFile(pathOf(key), 'utf8')
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return { token: 0, expires: 0 }
      throw diskError(what, error, 'no', 'read')
    }
    try {
      const record = JSON.parse(text) as LeaseRecord
      checkPosition(record.token, 'token', 0)
      return record
    } catch (cause) {
      throw damaged(what, pathOf(key), cause)
    }
  }
  const save = async (key: string, record: LeaseRecord): Promise<void> => {
    try {
      await writeAtomically(pathOf(key), new TextEncoder().encode(JSON.stringify(record)))
    } catch (error) {
      throw diskError(what, error)
    }
  }
  const isHeld = ({ owner: holder, expires }: LeaseRecord): boolean =>
    holder !== undefined && clock.now() < expires && isAlive(holder)

  return {
    async acquire(key, { ttlMs }) {
      checkOpen()
      checkKey(key)
      checkPosition(ttlMs, 'ttlMs', 1)
      const asked = clock.monotonic()
      const token = await locked(key, async () => {
        const record = await load(key)
        if (isHeld(record)) return null
        await save(key, { token: record.token + 1, owner, expires: clock.now() + ttlMs })
        return record.token + 1
      })
      if (token === null) return null
      let ends = asked + ttlMs
      let lost = false
      const remainingMs = (): number => (lost ? 0 : Math.max(0, ends - clock.monotonic()))
      const release = async (): Promise<void> => {
        releases.delete(release)
        if (lost) return
        lost = true
        await locked(key, async () => {
          const record = await load(key)
          if (record.token === token && record.owner) await save(key, { token, expires: 0 })
        })
      }
      releases.add(release)
      const lease: HeldLease = {
        key,
        token,
        remainingMs,
        async renew(nextMs = ttlMs) {
          checkOpen()
          checkPosition(nextMs, 'ttlMs', 1)
          const from = clock.monotonic()
          if (remainingMs() === 0) lost = true
          const kept = !lost && (await locked(key, () => keep(key, token, nextMs)))
          if (kept) ends = from + nextMs
          else {
            lost = true
            releases.delete(release)
          }
          return kept
        },
        async release() {
          checkOpen()
          await release()
        },
      }
      // The store was closed meanwhile: nobody can use this lease.
      if (closed) await release()
      checkOpen()
      return lease
    },
    async [Symbol.asyncDispose]() {
      closed = true
      // The next holder need not wait until the time has passed.
      await Promise.all([...releases].map((release) => release().catch(() => {})))
      release()
    },
  }

  async function keep(key: string, token: number, ttlMs: number): Promise<boolean> {
    const record = await load(key)
    if (record.token !== token || !record.owner || clock.now() >= record.expires) return false
    await save(key, { ...record, expires: clock.now() + ttlMs })
    return true
  }
}
