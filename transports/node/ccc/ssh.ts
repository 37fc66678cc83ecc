/** CCC on another machine, by ssh. The command is fixed and checked; what is asked travels on stdin, never on a command line. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '../../../src/core/clock.js'
import { abortError } from '../../../src/core/deadline.js'
import { SignalboxError } from '../../../src/errors.js'
import type { CloseReason, Link, StreamTransport } from '../../../src/transport.js'
import { unixSocket } from '../link/socket.js'
import { subprocess } from '../link/subprocess.js'

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

// Nobody is asked anything, and nothing that the user's configuration adds for people (terminals, agents, commands) comes along.
const QUIET = ['-T', '-a', '-x', '-o', 'BatchMode=yes', '-o', 'PermitLocalCommand=no', '-o', 'RemoteCommand=none']

/** How long socat waits for the answer after our side has ended: an ask may take 345 s. Its default is half a second. */
const SOCAT_WAIT_SECONDS = 350

const FACTS = { system: 'ccc', transport: 'ccc-forward', op: 'open', sent: 'no' } as const

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

const patience = (seconds: number): string[] => ['-o', `ConnectTimeout=${Math.max(1, Math.ceil(seconds))}`]

/** Each link is an ssh of its own, or a session of its own where the user's configuration shares connections. */
export function cccSsh(options: CccSshOptions): StreamTransport<void> {
  const { host, socketPath = '.ccc.sock', carrier = 'nc', connectTimeoutSeconds = 10, ssh = 'ssh' } = options
  const args = [...QUIET, '-o', 'ClearAllForwardings=yes', ...patience(connectTimeoutSeconds), checkedHost(host)]
  return subprocess<void>({ name: 'ccc-ssh', command: { file: ssh, args: [...args, remoteCommand(carrier, socketPath)] } })
}

export interface CccForwardOptions extends Omit<CccSshOptions, 'carrier'> {
  /** Must be absolute: ssh refuses a relative one. */
  readonly socketPath: string
  readonly signal?: AbortSignal
}

export interface CccForward extends AsyncDisposable {
  readonly transport: StreamTransport<void>
  /** The forwarding ended: by `close()`, or because ssh did. */
  readonly closed: Promise<CloseReason>
  close(): Promise<void>
}

const LOOK_EVERY_MS = 50

/** One ssh that carries the remote socket here, for many requests. Ends with `close()`. */
export async function cccForward(options: CccForwardOptions): Promise<CccForward> {
  const { socketPath, connectTimeoutSeconds = 10, ssh = 'ssh', signal } = options
  const host = checkedHost(options.host)
  const remote = checkedPath(socketPath)
  if (!remote.startsWith('/')) {
    throw new SignalboxError({ code: 'invalid_argument', system: 'ccc', message: 'A forwarded socket needs an absolute path.' })
  }
  // Only we may enter it, so nobody else can reach the socket in it.
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-ccc-'))
  const local = join(folder, 'ccc.sock')
  // A connection of its own: one that is shared would go on forwarding when our ssh is gone.
  const own = ['-N', '-S', 'none', '-o', 'ControlMaster=no', '-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindMask=0177']
  const args = [...QUIET, ...own, ...patience(connectTimeoutSeconds), '-L', `${local}:${remote}`, host]
  const open = signal ? { signal } : {}
  let child: Link | undefined
  const tidy = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const close = async (): Promise<void> => {
    // It has nothing to flush, and with -N the end of its input tells it nothing.
    await child?.close({ graceMs: 200 })
    await tidy()
  }
  try {
    child = await subprocess<void>({ name: 'ccc-forward', command: { file: ssh, args } }).open(undefined, open)
    // Also where ssh ends by itself and nobody closes what is over.
    void child.closed.then(tidy).catch(() => {})
    await standing(local, child, connectTimeoutSeconds * 1_000 + 5_000, signal)
  } catch (error) {
    await close()
    throw error
  }
  return { transport: unixSocket({ path: local }), closed: child.closed, close, [Symbol.asyncDispose]: close }
}

/** Until ssh listens: its socket's file is there a moment earlier. The server behind it sees a connection that says nothing. */
async function standing(path: string, child: Link, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  let gone: CloseReason | undefined
  void child.closed.then((reason) => {
    gone = reason
  })
  for (let waited = 0; waited < waitMs; waited += LOOK_EVERY_MS) {
    if (gone !== undefined) throw endedEarly(gone)
    try {
      const probe = await unixSocket({ path }).open(undefined, signal ? { signal } : {})
      await probe.close({ graceMs: 0 })
      return
    } catch (error) {
      if (!SignalboxError.is(error, 'unreachable')) throw error
    }
    await sleep(systemClock, LOOK_EVERY_MS, signal).catch(() => {
      throw abortError(signal as AbortSignal, FACTS)
    })
  }
  throw new SignalboxError({ ...FACTS, code: 'unreachable', message: `ssh did not forward the socket within ${waitMs} ms.` })
}

function endedEarly(reason: CloseReason): SignalboxError {
  const exit = reason.kind === 'exit' ? reason : undefined
  return new SignalboxError({
    ...FACTS,
    code: 'unreachable',
    message: `ssh ended (${exit ? (exit.exitCode ?? exit.signal) : reason.kind}) before it forwarded the socket. ${exit?.stderrTail.trim() ?? ''}`,
    hint: 'Try the same host with `ssh -o BatchMode=yes`: nobody can be asked for a password or a host key here.',
    ...(exit ? { exitCode: exit.exitCode, signal: exit.signal, stderrTail: exit.stderrTail } : {}),
  })
}
