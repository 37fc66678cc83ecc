/** A map as files: one for each key, replaced as a whole. Writers of several processes take turns by a lock file. */
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { inTurn } from '../../../src/core/in-turn.js'
import { SignalboxError } from '../../../src/errors.js'
import { checkFence, checkKey, checkPosition, fenced, PAGE_ENTRIES, storeClosed, storeFull } from '../../../src/store/rules.js'
import type { Fence, Kv, KvEntry, KvVersion } from '../../../src/store/store.js'
import { crc32 } from './crc.js'
import { damaged, diskError, onDisk, sweepDrafts, syncDirectory, writeAtomically } from './disk.js'
import { tryLock, withLock, type LockOwner } from './lock.js'
import { fileNameOf, nameOf } from './names.js'
import type { Reserve } from './reserve.js'

export interface FileKvOptions {
  readonly directory: string
  readonly name: string
  readonly owner: LockOwner
  readonly maxBytes: number
  readonly reserve: Reserve
}

const SUFFIX = '.kv'
const FENCES = 'fences'
const encoder = new TextEncoder()

export async function openFileKv({ directory, name, owner, maxBytes, reserve }: FileKvOptions, release: () => void): Promise<Kv> {
  const what = `The map ${name}`
  const lockPath = join(directory, 'lock')
  await onDisk(what, 'written', () =>
    reserve.spend(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const lock = await tryLock(lockPath, owner)
      if (!lock) return
      await sweepDrafts(directory).finally(lock.release)
    }),
  )
  let closed = false
  // One writer at a time in this process. So the lock file makes a writer wait only for other processes.
  const inOrder = inTurn()
  const alone = <T>(work: () => Promise<T>): Promise<T> =>
    inOrder(() => onDisk(what, 'written', () => reserve.spend(() => withLock(lockPath, owner, work))))
  const pathOf = (key: string): string => join(directory, fileNameOf(key) + SUFFIX)
  const checkUse = (key: string): void => {
    if (closed) throw storeClosed(what)
    checkKey(key)
  }
  // Called under the lock, so two processes cannot both find their token the highest.
  const checkHolder = async (fence: Fence | undefined): Promise<void> => {
    if (!fence) return
    const path = join(directory, FENCES)
    const fences = await readFences(what, path)
    const highest = fences.get(fence.key) ?? 0
    if (fence.token < highest) throw fenced(what, fence, highest)
    if (fence.token === highest) return
    fences.set(fence.key, fence.token)
    await writeAtomically(path, encoder.encode(JSON.stringify(Object.fromEntries(fences))))
  }
  const find = async (key: string): Promise<KvEntry | null> => {
    const content = await onDisk(what, 'read', () => contentOf(pathOf(key)))
    return content && decode(content, what, key)
  }
  const store = async (key: string, bytes: Uint8Array): Promise<KvVersion> => {
    if (bytes.byteLength > maxBytes) throw storeFull(what, maxBytes, 'maxBytes')
    const version = crypto.randomUUID()
    try {
      await writeAtomically(pathOf(key), encode(key, version, bytes))
    } catch (error) {
      throw diskError(what, error)
    }
    return version
  }

  return {
    async get(key) {
      checkUse(key)
      return await find(key)
    },
    async put(key, bytes, { fence } = {}) {
      checkUse(key)
      checkFence(fence)
      const copy = bytes.slice()
      return await alone(async () => {
        await checkHolder(fence)
        return await store(key, copy)
      })
    },
    async compareAndSet(key, expected, bytes, { fence } = {}) {
      checkUse(key)
      checkFence(fence)
      const copy = bytes.slice()
      return await alone(async () => {
        await checkHolder(fence)
        const current = (await find(key))?.version ?? null
        return current === expected ? await store(key, copy) : null
      })
    },
    async delete(key, expected, { fence } = {}) {
      checkUse(key)
      checkFence(fence)
      return await alone(async () => {
        await checkHolder(fence)
        const current = await find(key)
        if (!current || (expected !== undefined && current.version !== expected)) return false
        await unlink(pathOf(key))
        await syncDirectory(directory)
        return true
      })
    },
    async list({ prefix = '', after, maxKeys = PAGE_ENTRIES } = {}) {
      if (closed) throw storeClosed(what)
      checkPosition(maxKeys, 'maxKeys', 1)
      return await onDisk(what, 'read', async () => {
        const wanted: string[] = []
        for (const file of await readdir(directory)) {
          // Read one after the other, because parallel reads would need a file descriptor each.
          const key = file.endsWith(SUFFIX) ? await keyOf(join(directory, file), file.slice(0, -SUFFIX.length)) : undefined
          if (key?.startsWith(prefix) === true && (after === undefined || key > after)) wanted.push(key)
        }
        return wanted.sort().slice(0, maxKeys)
      })
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await inOrder(async () => {})
      release()
    },
  }
}

interface Head {
  readonly key: string
  readonly version: string
  readonly sum: number
}

function encode(key: string, version: string, bytes: Uint8Array): Uint8Array {
  const head: Head = { key, version, sum: crc32(bytes) }
  return Buffer.concat([encoder.encode(`${JSON.stringify(head)}\n`), bytes])
}

function headOf(content: Uint8Array): { head: Head; end: number } | undefined {
  const end = content.indexOf(0x0a)
  try {
    return { head: JSON.parse(new TextDecoder().decode(content.subarray(0, end))) as Head, end }
  } catch {
    return undefined
  }
}

function decode(content: Uint8Array, what: string, key: string): KvEntry {
  const found = headOf(content)
  const bytes = new Uint8Array(content.subarray((found?.end ?? 0) + 1))
  if (found && found.head.sum === crc32(bytes)) return { key: found.head.key, bytes, version: found.head.version }
  throw new SignalboxError({
    code: 'invalid_message',
    message: `${what}: the value of ${JSON.stringify(key)} is damaged.`,
    hint: 'Its file was changed or the disk failed. Look at it, then delete it.',
  })
}

/** The highest token of each lease under which the map was written. */
async function readFences(what: string, path: string): Promise<Map<string, number>> {
  const content = await contentOf(path)
  if (!content) return new Map()
  try {
    const tokens = Object.entries(JSON.parse(new TextDecoder().decode(content)) as Record<string, number>)
    return new Map(tokens.map(([key, token]) => [key, checkPosition(token, 'token', 0)]))
  } catch (cause) {
    // Without the stored tokens, a writer that has lost its lease would be admitted again.
    throw damaged(what, path, cause)
  }
}

async function keyOf(path: string, file: string): Promise<string | undefined> {
  const name = nameOf(file)
  if (name !== undefined) return name
  const content = await contentOf(path)
  return content ? headOf(content)?.head.key : undefined
}

/** Null where there is no such file. */
async function contentOf(path: string): Promise<Buffer | null> {
  return await readFile(path).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return null
    throw error
  })
}
