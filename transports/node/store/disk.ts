/** What a disk can do to a write, as typed errors; and the two ways of writing that survive a crash. */
import { open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SignalboxError, type Sent } from '../../../src/errors.js'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

export function isDiskFull(error: unknown): boolean {
  const { code, remoteCode } = (error ?? {}) as { code?: unknown; remoteCode?: unknown }
  return FULL.has(String(code)) || FULL.has(String(remoteCode))
}

export function diskError(what: string, cause: unknown, sent: Sent = 'no', deed = 'written'): SignalboxError {
  const code = String((cause as { code?: unknown }).code ?? 'unknown')
  const isFull = FULL.has(code)
  return new SignalboxError({
    code: 'unavailable',
    message: `${what} could not be ${deed}: ${isFull ? 'the disk is full' : code}.`,
    hint: isFull
      ? 'Make room on the disk; what was written before is kept.'
      : 'Look at the disk and at the rights of the directory.',
    remoteCode: code,
    sent,
    cause,
  })
}

/** Work whose failures are the disk's: typed, whatever the system says. */
export async function onDisk<T>(what: string, deed: 'read' | 'written', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw SignalboxError.is(error) ? error : diskError(what, error, 'no', deed)
  }
}

/** A file of ours that holds something else: never taken for a missing one, which would begin its count anew. */
export function damaged(what: string, path: string, cause?: unknown): SignalboxError {
  return new SignalboxError({
    code: 'invalid_message',
    message: `${what}: ${path} is damaged.`,
    hint: 'The file was changed or the disk failed. Look at it, then delete it.',
    sent: 'no',
    cause,
  })
}

/** The directory's own entry of a new or renamed file. Some systems cannot, and do not need to. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Windows opens no directories.
  }
}

/** How the name of a file ends that is being written, and that nobody reads yet. */
export const DRAFT = '.tmp'

/** What killed processes had half written. Only for who holds the lock: a living one has its drafts there too. */
export async function sweepDrafts(directory: string): Promise<void> {
  for (const file of await readdir(directory)) if (file.endsWith(DRAFT)) await unlink(join(directory, file)).catch(() => {})
}

/** The old content or the new one, never half of it. */
export async function writeAtomically(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}${DRAFT}`
  try {
    const handle = await open(aside, 'wx', mode)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(aside, path)
  } catch (error) {
    await unlink(aside).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(path))
}
