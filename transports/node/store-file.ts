/** A store in a directory, for Node, Bun and Deno: what it acknowledged is there after a crash. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../src/core/clock.js'
import { tell } from '../../src/core/policy/policy.js'
import { SignalboxError } from '../../src/errors.js'
import { checkKey, storeClosed } from '../../src/store/rules.js'
import type { Store } from '../../src/store/store.js'
import { openFileKv } from './store-kv.js'
import { openFileLease } from './store-lease.js'
import { createOwner, tryLock } from './store-lock.js'
import { createFileLogHandle, openFileLog, type FileLogCore } from './store-log.js'
import { fileNameOf } from './store-names.js'
import { createReserve } from './store-reserve.js'
import type { LogDamage } from './store-segment.js'

export type { LogDamage } from './store-segment.js'

export interface FileStoreOptions {
  /** Made with mode 0700 if it is not there. On one machine: locks do not work over a network. */
  readonly directory: string
  /** For each log. Default 1 GiB. */
  readonly maxBytes?: number
  /** A log goes on in a new file at this size. Default 4 MiB. */
  readonly segmentBytes?: number
  /** False leaves syncing to the system: a crash of the machine, not of the process, may then lose the last seconds. */
  readonly sync?: boolean
  readonly clock?: Clock
  /** Told when a log was found damaged. What could be read is kept, and so is the damaged file. */
  readonly onDamage?: (damage: LogDamage & { readonly log: string }) => void
}

interface SharedLog {
  readonly core: FileLogCore
  readonly unlock: () => Promise<void>
  handles: number
}

/** A log belongs to one process at a time; another one that opens it gets `conflict`. Maps and leases are shared. */
export function fileStore(options: FileStoreOptions): Store {
  const { directory, maxBytes = 1024 ** 3, segmentBytes = 4 * 1024 * 1024, sync = true, clock = systemClock, onDamage } = options
  const owner = createOwner()
  const reserve = createReserve(directory)
  const logs = new Map<string, Promise<SharedLog>>()
  /** Logs that are being closed: who opens one again waits for that. */
  const leaving = new Map<string, Promise<void>>()
  const handles = new Set<AsyncDisposable>()
  let closed: Promise<void> | undefined

  const placeOf = (kind: string, name: string): string => join(directory, kind, fileNameOf(checkKey(name, 'name')))
  const checkOpen = (): void => {
    if (closed) throw storeClosed('The file store')
  }
  const openLog = async (name: string): Promise<SharedLog> => {
    const place = placeOf('log', name)
    await leaving.get(name)?.catch(() => {})
    const lock = await reserve.spend(async () => {
      await mkdir(place, { recursive: true, mode: 0o700 })
      return await tryLock(join(place, 'lock'), owner)
    })
    if (!lock) {
      throw new SignalboxError({
        code: 'conflict',
        message: `The log ${JSON.stringify(name)} is in use by another process.`,
        hint: 'One process writes a log at a time. Close it there, or use another name.',
        retryable: true,
      })
    }
    try {
      const tellDamage = (damage: LogDamage): void => tell(onDamage, { ...damage, log: name })
      const core = await openFileLog({ directory: place, name, maxBytes, segmentBytes, sync, tell: tellDamage, reserve })
      return { core, unlock: lock.release, handles: 0 }
    } catch (error) {
      await lock.release()
      throw error
    }
  }
  const leave = async (name: string, opening: Promise<SharedLog>): Promise<void> => {
    const shared = await opening
    shared.handles -= 1
    if (shared.handles > 0) return
    logs.delete(name)
    const ending = (async () => {
      await shared.core.close()
      await shared.unlock()
    })()
    leaving.set(name, ending)
    try {
      await ending
    } finally {
      if (leaving.get(name) === ending) leaving.delete(name)
    }
  }

  return {
    name: 'file',
    durable: true,
    async log(name) {
      checkOpen()
      const opening = logs.get(name) ?? openLog(name)
      logs.set(name, opening)
      try {
        const shared = await opening
        shared.handles += 1
        const handle = createFileLogHandle(shared.core, name, async () => {
          handles.delete(handle)
          await leave(name, opening)
        })
        handles.add(handle)
        return handle
      } catch (error) {
        if (logs.get(name) === opening) logs.delete(name)
        throw error
      }
    },
    async kv(name) {
      checkOpen()
      const handle = await openFileKv({ directory: placeOf('kv', name), name, owner, maxBytes, reserve }, () =>
        handles.delete(handle),
      )
      handles.add(handle)
      return handle
    },
    async lease(name) {
      checkOpen()
      const handle = await openFileLease({ directory: placeOf('lease', name), name, owner, clock, reserve }, () =>
        handles.delete(handle),
      )
      handles.add(handle)
      return handle
    },
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        await Promise.all([...handles].map((handle) => handle[Symbol.asyncDispose]()))
      })()
      return closed
    },
  }
}
