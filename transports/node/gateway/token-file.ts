/** The launch token where only its owner reads it: made whole under another name, then moved into place, so that nobody sees half of it. */
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'

export interface TokenFile extends AsyncDisposable {
  readonly path: string
}

export async function writeTokenFile(path: string, token: string): Promise<TokenFile> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = await lstat(folder)
  const me = process.getuid?.()
  if (me !== undefined && (uid !== me || (mode & 0o022) !== 0)) {
    throw new SignalboxError({
      code: 'permission_denied',
      message: `The token is not written into ${folder}: that folder is not this user's alone to write.`,
      hint: 'Name another place with --token-file, or chmod go-w the folder.',
    })
  }
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  // `wx` neither follows a link nor opens what is already there.
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(`${token}\n`)
    await file.sync()
    await file.close()
    await rename(draft, path)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(draft, { force: true })
    throw error
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      // While this gateway drained, the next one may have written its own.
      const left = await readFile(path, 'utf8').catch(() => '')
      if (left === `${token}\n`) await rm(path, { force: true })
    },
  }
}
