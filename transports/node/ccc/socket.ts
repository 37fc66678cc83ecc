/** Where a CCC server listens, and whether that file may be trusted. */
import { lstat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SignalboxError, withFacts } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { unixSocket } from '../link/socket.js'

export interface CccSocketOptions {
  /** Default `~/.ccc.sock` of the user who runs this. `~/` at the beginning is understood. */
  readonly path?: string
  /** Connect although the file belongs to another user or others may open it. Default false. */
  readonly trustAnyOwner?: boolean
}

const FACTS = { transport: 'ccc-socket', system: 'ccc', op: 'open', sent: 'no' } as const

/** Looks at the file anew at each open: a restarted server makes a new one. */
export function cccSocket(options: CccSocketOptions = {}): StreamTransport<void> {
  const path = expandHome(options.path ?? '~/.ccc.sock')
  const socket = unixSocket({ path })
  return {
    kind: 'stream',
    name: 'ccc-socket',
    async open(launch, open) {
      await checkSocketFile(path, options.trustAnyOwner ?? false)
      try {
        return await socket.open(launch, open)
      } catch (error) {
        if (!SignalboxError.is(error)) throw error
        if (error.code !== 'unreachable') throw withFacts(error, FACTS)
        throw new SignalboxError({
          ...FACTS,
          code: 'unreachable',
          message: `Nothing answers on ${path}, although the file is there.`,
          hint: 'The server crashed or is between restarts: try again, or start `ccc listen`.',
          cause: error,
        })
      }
    },
  }
}

export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}

async function checkSocketFile(path: string, trustAnyOwner: boolean): Promise<void> {
  // Not followed: a link is somebody's way to send us elsewhere.
  const file = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EACCES' || cause.code === 'EPERM') throw forbidden(path, cause)
    throw new SignalboxError({
      ...FACTS,
      code: 'unreachable',
      message: `There is no socket at ${path} (${cause.code ?? 'unknown reason'}).`,
      hint: 'Start `ccc listen`, or pass the path of its socket; the server makes it in the home of the user who runs it.',
      cause,
    })
  })
  if (!file.isSocket()) {
    throw new SignalboxError({
      ...FACTS,
      code: 'permission_denied',
      message: `${path} is ${file.isSymbolicLink() ? 'a symbolic link' : 'no socket'}, and is not opened.`,
      hint: 'Pass the path of the socket itself.',
    })
  }
  const me = process.geteuid?.()
  if (me === undefined || trustAnyOwner) return
  if (me !== 0 && file.uid !== me) throw forbidden(path)
  // Between bind and chmod the server's umask decides for an instant; write permission is what lets others in.
  if ((file.mode & 0o022) !== 0) {
    throw new SignalboxError({
      ...FACTS,
      code: 'permission_denied',
      message: `Other users may write to ${path} (mode ${(file.mode & 0o777).toString(8)}).`,
      hint: 'chmod 600 it, or set trustAnyOwner if that is meant. A server that has just started may not have come to it yet.',
    })
  }
}

function forbidden(path: string, cause?: unknown): SignalboxError {
  return new SignalboxError({
    ...FACTS,
    code: 'permission_denied',
    message: `${path} belongs to another user.`,
    hint: 'Run as the user who runs `ccc listen`.',
    cause,
  })
}
