/** The launch token in a file that only its owner can read. It is written under another name and then renamed, so no reader sees half of it. */
import { lstat, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import { replaceFile } from './replace-file.js'
import { checkFolders } from './trust.js'

export interface TokenFile extends AsyncDisposable {
  readonly path: string
}

/** Makes the folder of the token file. Throws when another user could change it or a folder above it. */
export async function prepareTokenFolder(path: string): Promise<void> {
  const file = resolve(path)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const me = process.getuid?.()
  const { uid, mode } = await lstat(dirname(file))
  const isOwn = me === undefined || (uid === me && (mode & 0o022) === 0)
  try {
    if (!isOwn) throw new Error('the folder is not this user\u2019s alone to write')
    await checkFolders(file)
  } catch (cause) {
    throw new SignalboxError({
      code: 'permission_denied',
      message: `The token is not written to ${file}: ${(cause as Error).message.replace(/\.$/, '')}.`,
      hint: 'Name another place with --token-file, or chmod go-w the folder.',
      cause,
    })
  }
}

/** Writes the token with mode 0600. Disposal removes the file, unless another gateway has replaced it. */
export async function writeTokenFile(path: string, token: string): Promise<TokenFile> {
  await prepareTokenFolder(path)
  await replaceFile(path, `${token}\n`)
  return {
    path,
    async [Symbol.asyncDispose]() {
      // During the drain of this gateway, the next one may have written its own token.
      const left = await readFile(path, 'utf8').catch(() => '')
      if (left === `${token}\n`) await rm(path, { force: true })
    },
  }
}
