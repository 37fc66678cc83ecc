/** What a disk can do to a write, as typed errors; and the two ways of writing that survive a crash. */
import { randomUUID } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SignalboxError, type Sent } from '../../src/errors.js'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

export function isDiskFull(error: unknown): boolean {
  const { code, remoteCode } = (error ?? {}) as { code?: unknown; remoteCode?: unknown }
  return FULL.has(String(code)) || FULL.has(String(remoteCode))
}

export function diskError(what: string, cause: unknown, sent: Sent = 'no'): SignalboxError {
  const code = String((cause as { code?: unknown }).code ?? 'unknown')
  const isFull = FULL.has(code)
  return new SignalboxError({
    code: 'unavailable',
    message: `${what} could not be written: ${isFull ? 'the disk is full' : code}.`,
    hint: isFull
      ? 'Make room on the disk; what was written before is kept.'
      : 'Look at the disk and at the rights of the directory.',
    remoteCode: code,
    sent,
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

/** The old content or the new one, never half of it. */
export async function writeAtomically(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const aside = `${path}.${randomUUID()}.tmp`
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
