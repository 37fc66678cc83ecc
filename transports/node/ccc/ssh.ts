/** CCC on another machine, by ssh. The remote command is fixed and checked; requests travel on stdin, never on a command line. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, systemClock } from '../../../src/core/clock.js'
import { abortError } from '../../../src/core/deadline.js'
import { SignalboxError } from '../../../src/errors.js'
import type { CloseReason, Link, StreamTransport } from '../../../src/transport.js'
import { unixSocket } from '../link/socket.js'
import { subprocess } from '../link/subprocess.js'

/** How to reach the other machine. */
export interface CccSshOptions {
  /** `host`, `user@host`, or an alias of the ssh configuration. */
  readonly host: string
  /** Path of the socket on that machine, absolute or relative to the directory in which ssh logs in. Default `.ccc.sock`. */
  readonly socketPath?: string
  /** Program on that machine that connects to the socket. Default `nc` (OpenBSD). */
  readonly carrier?: 'nc' | 'socat'
  /** How long ssh may take to connect; default 10. */
  readonly connectTimeoutSeconds?: number
  /** Default `ssh`, found in PATH. */
  readonly ssh?: string
}

// No prompts, and none of the settings that a user's configuration has for interactive use: terminals, agents, commands.
const QUIET = ['-T', '-a', '-x', '-o', 'BatchMode=yes', '-o', 'PermitLocalCommand=no', '-o', 'RemoteCommand=none']

/** How long socat waits for the answer after our side has ended. An ask may take 345 s; the default of socat is half a second. */
const SOCAT_WAIT_SECONDS = 350

const SSH = 'ccc-ssh'

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

/** The command that runs on the other machine. Without -N `nc` would never end, because the server keeps the connection open. */
function remoteCommand(carrier: 'nc' | 'socat', path: string): string {
  const checked = checkedPath(path)
  return carrier === 'nc' ? `nc -N -U ${checked}` : `socat -t ${SOCAT_WAIT_SECONDS} - UNIX-CONNECT:${checked}`
}

const connectTimeout = (seconds: number): string[] => ['-o', `ConnectTimeout=${Math.max(1, Math.ceil(seconds))}`]

/**
 * Reaches a CCC server on another machine by ssh: one ssh process for each call. The other machine needs `nc` (OpenBSD) or `socat`. Nobody is
 * asked for a password or a host key, so the login must work with a key.
 *
 * Throws `invalid_argument` for a host or a path that is not a plain name. If ssh cannot connect, or the socket is missing there, a call fails
 * with `exited` and `sent: 'no'`.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { cccSsh } from 'signalbox/node'
 *
 * await using ccc = createCcc({ transport: cccSsh({ host: 'dev@box' }) })
 * console.log(await ccc.sessions())
 */
export function cccSsh(options: CccSshOptions): StreamTransport<void> {
  const { host, socketPath = '.ccc.sock', carrier = 'nc', connectTimeoutSeconds = 10, ssh = 'ssh' } = options
  const args = [...QUIET, '-o', 'ClearAllForwardings=yes', ...connectTimeout(connectTimeoutSeconds), checkedHost(host)]
  const child = subprocess<void>({ name: SSH, command: { file: ssh, args: [...args, remoteCommand(carrier, socketPath)] } })
  return { ...child, open: async (launch, open) => withSshFaults(await child.open(launch, open)) }
}

/** Messages of ssh, nc and socat when they did not reach the server. Then no request can have arrived. */
const NOT_REACHED = [
  /^ssh: (?:connect to host|Could not resolve hostname) /m,
  /^Host key verification failed/m,
  /^\S+: Permission denied \(/m,
  /^nc: .*: (?:No such file or directory|Connection refused|Permission denied)$/m,
  /socat\[\d+\] E connect\(/,
  /(?:nc|socat): (?:command )?not found/,
]

/** The link of a child, with one difference: a child that ended without output and without reaching the server is a fault with `sent: 'no'`. */
function withSshFaults(link: Link): Link {
  let heard = false
  return {
    info: link.info,
    async read() {
      const chunk = await link.read()
      heard ||= chunk !== null
      if (chunk === null && !heard) {
        const reason = await link.closed
        if (reason.kind === 'exit' && NOT_REACHED.some((pattern) => pattern.test(reason.stderrTail))) throw notReached(reason)
      }
      return chunk
    },
    write: (chunk) => link.write(chunk),
    end: () => link.end(),
    close: (options) => link.close(options),
    get closed() {
      return link.closed
    },
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  }
}

function notReached({ exitCode, signal, stderrTail }: Extract<CloseReason, { kind: 'exit' }>): SignalboxError {
  return new SignalboxError({
    system: 'ccc',
    transport: SSH,
    code: 'exited',
    sent: 'no',
    message: `ssh ended (${exitCode ?? signal}) before it reached the server: ${stderrTail.trim()}`,
    hint: 'Try the same host with `ssh -o BatchMode=yes`, and check that `ccc listen` runs there.',
    ...{ exitCode, signal, stderrTail },
  })
}

/** How to reach the other machine, and its socket. */
export interface CccForwardOptions extends Omit<CccSshOptions, 'carrier'> {
  /** Path of the socket on that machine. Must be absolute: ssh refuses a relative one. */
  readonly socketPath: string
  /** Gives up the start. Does not end a forwarding that has started. */
  readonly signal?: AbortSignal
}

/** A forwarded socket. */
export interface CccForward extends AsyncDisposable {
  /** Opens connections through the forwarded socket. */
  readonly transport: StreamTransport<void>
  /** Resolves when the forwarding has ended, by `close()` or because ssh ended. Never rejects. */
  readonly closed: Promise<CloseReason>
  /**
   * Ends ssh and removes the local socket. `closed` resolves then.
   *
   * @example
   * import type { CccForward } from 'signalbox/node'
   *
   * declare const forward: CccForward
   * await forward.close()
   */
  close(): Promise<void>
}

const LOOK_EVERY_MS = 50

/**
 * Forwards the socket of a CCC server on another machine to this one: one ssh process for many calls, until `close()`. Needs nothing on the
 * other machine. Fails with `unreachable` if ssh cannot connect or does not forward the socket in time.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { cccForward } from 'signalbox/node'
 *
 * await using forward = await cccForward({ host: 'dev@box', socketPath: '/home/dev/.ccc.sock' })
 * await using ccc = createCcc({ transport: forward.transport })
 * console.log(await ccc.ping())
 */
export async function cccForward(options: CccForwardOptions): Promise<CccForward> {
  const { socketPath, connectTimeoutSeconds = 10, ssh = 'ssh', signal } = options
  const host = checkedHost(options.host)
  const remote = checkedPath(socketPath)
  if (!remote.startsWith('/')) {
    throw new SignalboxError({ code: 'invalid_argument', system: 'ccc', message: 'A forwarded socket needs an absolute path.' })
  }
  // Only this user may enter the folder, so no other user can reach the socket in it.
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-ccc-'))
  const local = join(folder, 'ccc.sock')
  // A connection of its own: a shared one would go on forwarding after our ssh has ended.
  const own = ['-N', '-S', 'none', '-o', 'ControlMaster=no', '-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindMask=0177']
  const args = [...QUIET, ...own, ...connectTimeout(connectTimeoutSeconds), '-L', `${local}:${remote}`, host]
  const open = signal ? { signal } : {}
  let child: Link | undefined
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const close = async (): Promise<void> => {
    // ssh has nothing to flush here, and with -N it ignores the end of its input.
    await child?.close({ graceMs: 200 })
    await removeFolder()
  }
  try {
    child = await subprocess<void>({ name: 'ccc-forward', command: { file: ssh, args } }).open(undefined, open)
    // Also if ssh ends by itself and nobody calls close().
    void child.closed.then(removeFolder).catch(() => {})
    await untilForwarded(local, child, connectTimeoutSeconds * 1_000 + 5_000, signal)
  } catch (error) {
    await close()
    throw error
  }
  return { transport: unixSocket({ path: local }), closed: child.closed, close, [Symbol.asyncDispose]: close }
}

/** Waits until ssh listens, by connecting: the file of its socket exists a moment earlier. The server sees a connection without a request. */
async function untilForwarded(path: string, child: Link, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
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
