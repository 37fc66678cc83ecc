/** CCC on another machine, by ssh. The command is fixed and checked; what is asked travels on stdin, never on a command line. */
import { lstat, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '../../../src/core/clock.js'
import { SignalboxError } from '../../../src/errors.js'
import type { Link, StreamTransport } from '../../../src/transport.js'
import { unixSocket } from '../socket.js'
import { subprocess } from '../subprocess.js'

export interface CccSshOptions {
  /** `host`, `user@host`, or an alias of the ssh configuration. */
  readonly host: string
  /** Of the socket on that machine. Relative to where ssh logs in, or absolute. Default `.ccc.sock`. */
  readonly socketPath?: string
  /** What carries bytes there. Default `nc`, the OpenBSD one. */
  readonly carrier?: 'nc' | 'socat'
  readonly connectTimeoutSeconds?: number
  /** Default `ssh`, found in PATH. */
  readonly ssh?: string
}

// Nobody is asked anything, and nothing else of the configuration is forwarded.
const SSH_OPTIONS = ['-T', '-o', 'BatchMode=yes', '-o', 'ClearAllForwardings=yes']

/** How long socat waits for the answer after our side has ended: an ask may take 345 s. Its default is half a second. */
const SOCAT_WAIT_SECONDS = 350

function checkedHost(host: string): string {
  if (/^[A-Za-z0-9_][\w.@:%-]*$/.test(host)) return host
  throw new SignalboxError({
    code: 'invalid_argument',
    system: 'ccc',
    message: 'The host is not a plain name: it may hold letters, digits and . _ - @ : % and may not begin with "-".',
  })
}

function checkedPath(path: string): string {
  if (/^[\w./-]+$/.test(path) && !path.startsWith('-') && !path.startsWith('~')) return path
  throw new SignalboxError({
    code: 'invalid_argument',
    system: 'ccc',
    message: 'The path of the remote socket is not a plain one: it may hold letters, digits and . _ - /.',
    hint: 'A tilde is not expanded there; a relative path begins where ssh logs in.',
  })
}

/** What runs on the other machine. `nc` without -N would stay for ever, because the server keeps the connection open. */
export function remoteCommand(carrier: 'nc' | 'socat', path: string): string {
  const checked = checkedPath(path)
  return carrier === 'nc' ? `nc -N -U ${checked}` : `socat -t ${SOCAT_WAIT_SECONDS} - UNIX-CONNECT:${checked}`
}

/** Each link is an ssh of its own. */
export function cccSsh(options: CccSshOptions): StreamTransport<void> {
  const { socketPath = '.ccc.sock', carrier = 'nc', connectTimeoutSeconds = 10, ssh = 'ssh' } = options
  const args = [...SSH_OPTIONS, '-o', `ConnectTimeout=${Math.ceil(connectTimeoutSeconds)}`, checkedHost(options.host)]
  return subprocess<void>({ name: 'ccc-ssh', command: { file: ssh, args: [...args, remoteCommand(carrier, socketPath)] } })
}

export interface CccForwardOptions extends Omit<CccSshOptions, 'carrier'> {
  /** Must be absolute: ssh refuses a relative one. */
  readonly socketPath: string
  readonly signal?: AbortSignal
}

export interface CccForward extends AsyncDisposable {
  readonly transport: StreamTransport<void>
  close(): Promise<void>
}

const LOOK_EVERY_MS = 50
const WAIT_MS = 15_000

/** One ssh that carries the remote socket here, for many requests. Ends with `close()`. */
export async function cccForward(options: CccForwardOptions): Promise<CccForward> {
  const { socketPath, connectTimeoutSeconds = 10, ssh = 'ssh', signal } = options
  const remote = checkedPath(socketPath)
  if (!remote.startsWith('/')) {
    throw new SignalboxError({ code: 'invalid_argument', system: 'ccc', message: 'A forwarded socket needs an absolute path.' })
  }
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-ccc-'))
  const local = join(folder, 'ccc.sock')
  const args = ['-T', '-N', '-o', 'BatchMode=yes', '-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindMask=0177']
  const command = {
    file: ssh,
    args: [
      ...args,
      '-o',
      `ConnectTimeout=${Math.ceil(connectTimeoutSeconds)}`,
      '-L',
      `${local}:${remote}`,
      checkedHost(options.host),
    ],
  }
  let child: Link | undefined
  const close = async (): Promise<void> => {
    await child?.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    child = await subprocess<void>({ name: 'ccc-forward', command }).open(undefined, signal ? { signal } : {})
    await standing(local, child, signal)
  } catch (error) {
    await close()
    throw error
  }
  return { transport: unixSocket({ path: local }), close, [Symbol.asyncDispose]: close }
}

/** Until ssh has made the socket. A probe would reach the server, so the file is looked at and not opened. */
async function standing(path: string, child: Link, signal: AbortSignal | undefined): Promise<void> {
  let gone: string | undefined
  void child.closed.then((reason) => {
    gone = reason.kind === 'exit' ? reason.stderrTail.trim() || `exit code ${reason.exitCode}` : reason.kind
  })
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_EVERY_MS) {
    if (gone !== undefined) {
      throw new SignalboxError({
        code: 'unreachable',
        system: 'ccc',
        message: `ssh ended before it forwarded the socket: ${gone}`,
        sent: 'no',
      })
    }
    const found = await lstat(path).catch(() => undefined)
    if (found?.isSocket()) return
    await sleep(systemClock, LOOK_EVERY_MS, signal)
  }
  throw new SignalboxError({
    code: 'unreachable',
    system: 'ccc',
    message: `ssh did not forward the socket within ${WAIT_MS} ms.`,
    sent: 'no',
  })
}
