/** A store in a directory, for Node, Bun and Deno. What a resolved write stored is there after a crash. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../../src/core/clock.js'
import { notifyObserver } from '../../../src/core/policy/policy.js'
import { SignalboxError } from '../../../src/errors.js'
import { checkKey, storeClosed } from '../../../src/store/rules.js'
import type { Store } from '../../../src/store/store.js'
import { onDisk } from './disk.js'
import { openFileKv } from './kv.js'
import { openFileLease } from './lease.js'
import { createOwner, tryLock } from './lock.js'
import { openFileLog, type FileLog } from './log.js'
import { createFileLogHandle } from './log-handle.js'
import { fileNameOf } from './names.js'
import { createReserve } from './reserve.js'
import type { LogDamage } from './damage.js'

export type { LogDamage } from './damage.js'

/** Options of `fileStore`. */
export interface FileStoreOptions {
  /** Made with mode 0700 if it does not exist. Must be on a local disk: locks do not work over a network. */
  readonly directory: string
  /** For each log. Default 1 GiB. */
  readonly maxBytes?: number
  /** A log continues in a new file at this size. Default 4 MiB. */
  readonly segmentBytes?: number
  /** False leaves syncing of logs to the system: then a crash of the machine may lose the last seconds. Default true. */
  readonly sync?: boolean
  /** The time of leases. Default: the system's clock. */
  readonly clock?: Clock
  /** Called when a log is found damaged. What could be read is kept, and so is the damaged file. */
  readonly onDamage?: (damage: LogDamage & { readonly log: string }) => void
}

interface OpenedLog {
  readonly file: FileLog
  readonly unlock: () => Promise<void>
}

interface SharedLog {
  readonly opening: Promise<OpenedLog>
  /** Handles that are open or being opened, so that a log is not closed while a caller waits for it. */
  handles: number
}

/**
 * A store in a directory. A log belongs to one process at a time: opening it in another process rejects with `conflict`. Maps and leases
 * are shared.
 *
 * @example
 * ```ts
 * import { fileStore } from 'signalbox/node'
 *
 * await using store = fileStore({ directory: '/var/lib/my-agent', onDamage: ({ log, kind, file }) => console.error(log, kind, file) })
 * const map = await store.kv('settings')
 * await map.put('name', new TextEncoder().encode('build server'))
 * ```
 */
export function fileStore(options: FileStoreOptions): Store {
  const { directory, maxBytes = 1024 ** 3, segmentBytes = 4 * 1024 * 1024, sync = true, clock = systemClock, onDamage } = options
  const owner = createOwner()
  const reserve = createReserve(directory)
  const logs = new Map<string, SharedLog>()
  /** Logs that are being closed. Opening one again waits for that. */
  const leaving = new Map<string, Promise<void>>()
  const handles = new Set<AsyncDisposable>()
  let closed: Promise<void> | undefined

  const placeOf = (kind: string, name: string): string => join(directory, kind, fileNameOf(checkKey(name, 'name')))
  const checkOpen = (): void => {
    if (closed) throw storeClosed('The file store')
  }
  const openLog = async (name: string): Promise<OpenedLog> => {
    const place = placeOf('log', name)
    await leaving.get(name)?.catch(() => {})
    const what = `The log ${name}`
    const lock = await onDisk(what, 'written', () =>
      reserve.spend(async () => {
        await mkdir(place, { recursive: true, mode: 0o700 })
        return await tryLock(join(place, 'lock'), owner)
      }),
    )
    if (!lock) {
      throw new SignalboxError({
        code: 'conflict',
        message: `The log ${JSON.stringify(name)} is in use by another process.`,
        hint: 'One process writes a log at a time. Close it there, or use another name.',
        retryable: true,
      })
    }
    try {
      const reportDamage = (damage: LogDamage): void => notifyObserver(onDamage, { ...damage, log: name })
      const logOptions = { directory: place, name, maxBytes, segmentBytes, sync, reportDamage, reserve }
      const file = await onDisk(what, 'read', () => openFileLog(logOptions))
      return { file, unlock: lock.release }
    } catch (error) {
      await lock.release()
      throw error
    }
  }
  const leave = async (name: string, shared: SharedLog): Promise<void> => {
    shared.handles -= 1
    if (shared.handles > 0) return
    logs.delete(name)
    const ending = (async () => {
      const { file, unlock } = await shared.opening
      await file.close()
      await unlock()
    })()
    leaving.set(name, ending)
    try {
      await ending
    } finally {
      if (leaving.get(name) === ending) leaving.delete(name)
    }
  }
  /** Keeps a handle until the store closes; one that was opened too late is closed at once. */
  const keep = async <Handle extends AsyncDisposable>(handle: Handle): Promise<Handle> => {
    handles.add(handle)
    if (!closed) return handle
    await handle[Symbol.asyncDispose]()
    throw storeClosed('The file store')
  }

  return {
    name: 'file',
    durable: true,
    async log(name) {
      checkOpen()
      const shared = logs.get(name) ?? { opening: openLog(name), handles: 0 }
      logs.set(name, shared)
      shared.handles += 1
      let opened: OpenedLog
      try {
        opened = await shared.opening
      } catch (error) {
        if (logs.get(name) === shared) logs.delete(name)
        throw error
      }
      const handle = createFileLogHandle(opened.file, name, async () => {
        handles.delete(handle)
        await leave(name, shared)
      })
      return await keep(handle)
    },
    async kv(name) {
      checkOpen()
      const handle = await openFileKv({ directory: placeOf('kv', name), name, owner, maxBytes, reserve }, () =>
        handles.delete(handle),
      )
      return await keep(handle)
    },
    async lease(name) {
      checkOpen()
      const handle = await openFileLease({ directory: placeOf('lease', name), name, owner, clock, reserve }, () =>
        handles.delete(handle),
      )
      return await keep(handle)
    },
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        await Promise.all([...handles].map((handle) => handle[Symbol.asyncDispose]()))
      })()
      return closed
    },
  }
}
