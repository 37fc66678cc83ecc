/** Replaces a file that only its owner can read. Written under another name and then renamed, so no reader sees half of it. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'

export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  // `wx` neither follows a link nor opens what is already there.
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
    await file.close()
    await rename(draft, path)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(draft, { force: true })
    throw error
  }
}
