/** Disk failures as typed errors, and writing a file so that a crash leaves the old content or the new one. */
import { constants } from 'node:fs'
import { open, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { SignalboxError, type Sent } from '../../../src/errors.js'

/**
 * The flag of a file whose writes are on the disk when they return: one call of the system for an append and not two. Undefined where a write
 * needs a sync behind it: Deno drops the flag, and Bun and macOS are not known to obey it.
 */
export const SYNCED_WRITES: number | undefined =
  process.platform === 'linux' && !('deno' in process.versions) && !('bun' in process.versions) ? constants.O_DSYNC : undefined

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
      ? 'Delete something from the disk. What was written before is kept.'
      : 'Look at the disk and at the rights of the directory.',
    remoteCode: code,
    sent,
    cause,
  })
}

/** Runs work on the disk. Its failures become typed errors. */
export async function onDisk<T>(what: string, deed: 'read' | 'written', work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw SignalboxError.is(error) ? error : diskError(what, error, 'no', deed)
  }
}

/** The error of a file with unreadable content. It is not treated as missing: then sequences would be given a second time. */
export function damaged(what: string, path: string, cause?: unknown): SignalboxError {
  return new SignalboxError({
    code: 'invalid_message',
    message: `${what}: ${path} is damaged.`,
    hint: 'The file was changed or the disk failed. Look at it, then delete it.',
    sent: 'no',
    cause,
  })
}

/** Syncs the entry of a new or renamed file in its directory. Some systems cannot, and need not. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Windows cannot open a directory.
  }
}

/** How the name of a file ends that is being written, and that nobody reads yet. */
export const DRAFT = '.tmp'

/** Removes files that a killed process had begun to write. Call it under the lock: a living process has such files too. */
export async function sweepDrafts(directory: string): Promise<void> {
  for (const file of await readdir(directory)) if (file.endsWith(DRAFT)) await unlink(join(directory, file)).catch(() => {})
}

/** Replaces a file in one step: after a crash it has the old content or the new one. */
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
