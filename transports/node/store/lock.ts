/** A lock file that names its owner. It is taken over when that process is dead. */
import { link, open, readFile, rename, unlink } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { SignalboxError } from '../../../src/errors.js'
import { DRAFT } from './disk.js'

export interface LockOwner {
  readonly pid: number
  /** When the process started: it tells apart two processes that had the same number. Empty where the system does not tell. */
  readonly birth: string
  readonly id: string
}

export interface FileLock {
  release(): Promise<void>
}

export function createOwner(): LockOwner {
  return { pid: process.pid, birth: birthOf(process.pid) ?? '', id: crypto.randomUUID() }
}

/** When a process started, as the kernel counts. Undefined when there is no such process, or no `/proc`. */
function birthOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie counts as ended: only its parent has not read its exit status yet.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export function isAlive({ pid, birth }: Pick<LockOwner, 'pid' | 'birth'>): boolean {
  if (birth !== '') {
    const now = birthOf(pid)
    if (now !== undefined || birthOf(process.pid) !== undefined) return now === birth
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process lives and belongs to another user, or the runtime may not ask.
    return (error as { code?: unknown }).code !== 'ESRCH'
  }
}

/** How long an empty lock file is taken for one whose owner still writes its name. Only file systems without hard links show one. */
const NAMELESS_MS = 1_000

/** Resolves to null when a living process holds the lock. */
export async function tryLock(path: string, owner: LockOwner): Promise<FileLock | null> {
  let nameless = 0
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) {
      if (await create(path, JSON.stringify(owner))) return { release: () => unlink(path).catch(() => {}) }
      continue
    }
    const holder = read(text)
    if (holder && isAlive(holder)) return null
    if (!holder && nameless < NAMELESS_MS) {
      nameless += 10
      attempt = 0
      await new Promise((resolve) => setTimeout(resolve, 10))
    } else await takeAway(path, text)
  }
  return null
}

/** What `link` answers where the file system has no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/**
 * Resolves to false when the lock exists already. The content is written to a draft, and the draft is linked to the lock's name in one
 * step: a process that is killed in between leaves no empty lock, which the next process could not tell from one that is being written.
 */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${crypto.randomUUID()}${DRAFT}`
  await writeNew(draft, content)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    const code = String((error as { code?: unknown }).code)
    // ENOENT: another process swept the draft away. The caller tries again.
    if (code === 'EEXIST' || code === 'ENOENT') return false
    if (!NO_LINKS.has(code)) throw error
  } finally {
    await unlink(draft).catch(() => {})
  }
  try {
    await writeNew(path, content)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return false
    throw error
  }
}

/** Writes a file that must not exist yet. A failed write leaves none: on a full disk an empty file would look like a lock. */
async function writeNew(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await file.close()
  }
}

/** Removes the lock of a dead process. It is renamed first: of two processes that try, one succeeds, and a new lock is put back. */
async function takeAway(path: string, seen: string): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`
  try {
    if ((await readFile(path, 'utf8')) !== seen) return
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await readFile(aside, 'utf8').catch(() => '')
  if (moved === seen) await unlink(aside).catch(() => {})
  else await rename(aside, path).catch(() => {})
}

function read(text: string): LockOwner | undefined {
  try {
    const { pid, birth, id } = JSON.parse(text) as Partial<LockOwner>
    return typeof pid === 'number' && typeof birth === 'string' && typeof id === 'string' ? { pid, birth, id } : undefined
  } catch {
    return undefined
  }
}

/** Runs work under the lock. Waits while other processes hold it. */
export async function withLock<T>(path: string, owner: LockOwner, work: () => Promise<T>, turns = 2000): Promise<T> {
  for (let waited = 0; ; waited += 1) {
    const lock = await tryLock(path, owner)
    if (lock) {
      try {
        return await work()
      } finally {
        await lock.release()
      }
    }
    // The owner is alive: the lock of a dead one would have been taken over.
    if (waited > turns) {
      throw new SignalboxError({
        code: 'unavailable',
        message: `The lock ${path} was not released by the process that it names.`,
        hint: 'That process hangs, or many processes wait for the same file. Try again.',
        sent: 'no',
        retryable: true,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
