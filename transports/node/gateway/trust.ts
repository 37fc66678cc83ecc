/**
 * Whether a socket or a file of this machine may be trusted before it is used: ours or root's, of the right type, no link, not for others to
 * write, in a folder where others cannot swap it. POSIX; on Windows the file system's own rules are all there is.
 */
import { constants } from 'node:fs'
import { lstat, open, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'

const OTHERS_MAY_WRITE = 0o022
const STICKY = 0o1000
const MAX_TEXT_BYTES = 1024 * 1024

function distrusted(path: string, why: string, hint: string): SignalboxError {
  return new SignalboxError({
    code: 'permission_denied',
    message: `${path} is not trusted: ${why}.`,
    hint,
    transport: 'gateway',
    sent: 'no',
  })
}

function plainPath(path: string): void {
  // A name that begins with NUL is an abstract socket, which has no owner. The system cuts a name at a later NUL.
  if (path.includes('\0') || path.startsWith('@')) {
    throw distrusted(JSON.stringify(path), 'it is not the name of a file', 'Name a file; abstract sockets have no owner to check.')
  }
}

interface Owned {
  readonly uid: number
  readonly mode: number
}

function checkOwner(path: string, { uid, mode }: Owned): void {
  const me = process.getuid?.()
  if (me === undefined) return
  if (uid !== me && uid !== 0) throw distrusted(path, 'it belongs to another user', 'Run as its owner, or name another one.')
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    throw distrusted(path, `other users may write to it (mode ${(mode & 0o777).toString(8)})`, 'chmod go-w it.')
  }
}

/** Checks every folder above a file, up to the root: a user who may rename one of them can replace the file. */
export async function checkFolders(path: string): Promise<void> {
  const folder = dirname(resolve(path))
  const link = await lstat(folder)
  if (link.isSymbolicLink()) {
    // The mode of a symbolic link has no meaning. Its owner decides where it points.
    checkOwner(folder, { uid: link.uid, mode: 0 })
    await checkFolders(join(await realpath(folder), 'any'))
  }
  const { uid, mode } = await stat(folder)
  // In a sticky folder, such as /tmp, only the owner of a file can replace it.
  checkOwner(folder, { uid, mode: (mode & STICKY) === 0 ? mode : mode & ~OTHERS_MAY_WRITE })
  if (dirname(folder) !== folder) await checkFolders(folder)
}

const missing = (path: string, cause: unknown): SignalboxError =>
  new SignalboxError({
    code: 'unreachable',
    message: `${path} cannot be looked at (${(cause as NodeJS.ErrnoException).code ?? 'failed'}).`,
    transport: 'gateway',
    sent: 'no',
    cause,
  })

export async function checkSocket(path: string): Promise<void> {
  plainPath(path)
  const file = await lstat(path).catch((cause: unknown) => {
    throw missing(path, cause)
  })
  if (file.isSymbolicLink()) throw distrusted(path, 'it is a symbolic link', 'Name the socket itself.')
  if (!file.isSocket()) throw distrusted(path, 'it is no socket', 'Name the socket itself.')
  checkOwner(path, file)
  await checkFolders(path)
}

/** Checks the open file and not its name: the name may belong to another file by then. */
export async function readTrusted(path: string, { secret = false }: { readonly secret?: boolean } = {}): Promise<string> {
  plainPath(path)
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ELOOP') throw distrusted(path, 'it is a symbolic link', 'Name the file itself.')
      throw missing(path, cause)
    },
  )
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw distrusted(path, 'it is no plain file', 'Name a file.')
    checkOwner(path, facts)
    await checkFolders(path)
    if (secret && process.getuid && (facts.mode & 0o077) !== 0) throw distrusted(path, 'others may read it', 'chmod 600 it.')
    if (facts.size > MAX_TEXT_BYTES) throw distrusted(path, 'it is larger than 1 MiB', 'Name another file.')
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** Checks again at each open, because a restarted server, or an attacker, makes a new socket file. */
export function trustedTransport(transport: StreamTransport, check: () => Promise<void>): StreamTransport {
  return {
    kind: 'stream',
    name: transport.name,
    async open(launch, options) {
      await check()
      return transport.open(launch, options)
    },
  }
}
