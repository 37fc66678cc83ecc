/** The socket of a CCC server on this machine, and the check that its file may be trusted. */
import { lstat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { SignalboxError, withFacts } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { unixSocket } from '../link/socket.js'

/** Where the socket is, and whether its owner is checked. */
export interface CccSocketOptions {
  /** Path of the socket. Default `~/.ccc.sock`, in the home of the user who runs this program. A leading `~/` is expanded. */
  readonly path?: string
  /** Connect although the file belongs to another user, or others may write to it. Default false. */
  readonly trustAnyOwner?: boolean
}

const FACTS = { transport: 'ccc-socket', system: 'ccc', op: 'open', sent: 'no' } as const

/**
 * Connects to the CCC server of this machine. The socket file is checked before each connection, because a restarted server makes a new one.
 *
 * Opening fails with `unreachable` if there is no file or nothing listens on it, with `permission_denied` if the file is not a socket of this
 * user, and with `invalid_argument` if the path cannot be the path of a socket. In each case `sent` is `no`.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSocket } from 'signalbox/node'
 *
 * await using ccc = createCcc({ transport: cccSocket() })
 * console.log(await ccc.sessions())
 */
export function cccSocket(options: CccSocketOptions = {}): StreamTransport<void> {
  const { path: configuredPath, trustAnyOwner = false } = options
  return {
    kind: 'stream',
    name: FACTS.transport,
    async open(launch, open) {
      const path = expandHome(configuredPath ?? '~/.ccc.sock')
      try {
        // `unixSocket` throws for a path that is too long for a socket.
        const socket = unixSocket({ path })
        await checkSocketFile(path, configuredPath !== undefined, trustAnyOwner)
        return await socket.open(launch, open)
      } catch (error) {
        throw SignalboxError.is(error) ? openFailure(error, path) : error
      }
    },
  }
}

/** The file is there, so a socket that cannot be connected to has lost its server. */
function openFailure(error: SignalboxError, path: string): SignalboxError {
  if (error.code !== 'unreachable' || error.transport === FACTS.transport)
    return withFacts(error, FACTS, { transport: FACTS.transport })
  return new SignalboxError({
    ...FACTS,
    code: 'unreachable',
    message: `Nothing answers on ${path}, although the file is there.`,
    hint: 'The server crashed or is between restarts: try again, or start `ccc listen`.',
    cause: error,
  })
}

export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}

async function checkSocketFile(path: string, named: boolean, trustAnyOwner: boolean): Promise<void> {
  // A symbolic link is not followed: another user may have put it there.
  const file = await lstat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EACCES' || cause.code === 'EPERM') throw forbidden(path, cause)
    throw new SignalboxError({
      ...FACTS,
      code: 'unreachable',
      message: `There is no socket at ${path} (${cause.code ?? 'unknown reason'}).`,
      hint: named
        ? 'Check the path: `ccc listen` makes .ccc.sock in the home of the user who runs it.'
        : 'Start `ccc listen` as this user. If it runs with another home, pass the path of its .ccc.sock.',
      cause,
    })
  })
  if (!file.isSocket()) {
    throw new SignalboxError({
      ...FACTS,
      code: 'permission_denied',
      message: `${path} is ${file.isSymbolicLink() ? 'a symbolic link' : 'no socket'}, so it is not opened.`,
      hint: 'Pass the path of the socket itself.',
    })
  }
  const me = process.geteuid?.()
  if (me === undefined || trustAnyOwner) return
  if (me !== 0 && file.uid !== me) throw forbidden(path)
  // Write permission lets other users connect. Between bind and chmod the umask of the server decides, for an instant.
  if ((file.mode & 0o022) !== 0) {
    throw new SignalboxError({
      ...FACTS,
      code: 'permission_denied',
      message: `Other users may write to ${path} (mode ${(file.mode & 0o777).toString(8)}).`,
      hint: 'chmod 600 the file, or set trustAnyOwner if that is intended. A server that has just started may not have done it yet: try again.',
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
