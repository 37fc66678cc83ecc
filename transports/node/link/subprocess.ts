/** Child processes as links. A pure function of the protocol turns a launch into a command; this file starts and ends the child. */
import { spawn, type ChildProcess } from 'node:child_process'
import { notifyObserver } from '../../../src/core/policy/policy.js'
import { abortError } from '../../../src/core/deadline.js'
import type { Link, OpenOptions, StreamTransport } from '../../../src/transport.js'
import { ChildLink } from './child-link.js'
import { checkSizes, childEnvironment, sizeLimits, type Environment, type InheritOptions } from './environment.js'
import { signalTree } from './kill.js'
import { spawnFault } from './spawn-fault.js'
import { createStderrTail } from './stderr-tail.js'
import { createWatchdog, type Watchdog } from './watchdog.js'

/** The command to run. No shell is involved: arguments reach the program unchanged. */
export interface Command {
  /** The program: a path, or a name that is looked up in `PATH`. */
  readonly file: string
  /** Its arguments; no shell reads them. */
  readonly args?: readonly string[]
  /** Added to the inherited environment; undefined removes a name. */
  readonly env?: Environment
  /** Its working directory. Default: that of this process. */
  readonly cwd?: string
}

/** Options of `subprocess`. */
export interface SubprocessOptions<Launch = void> {
  /** A command, or a function that turns the argument of `open` into one. */
  readonly command: Command | ((launch: Launch) => Command)
  /** Default `subprocess`. */
  readonly name?: string
  /** Which variables of this process the child inherits; false for none. By default all except NEVER_INHERITED. */
  readonly inherit?: InheritOptions | false
  /** How much of stderr is kept for errors and the close reason; default 8 KiB. */
  readonly stderrTailBytes?: number
  /** Called with every chunk of stderr, not redacted. Exceptions are ignored. */
  readonly onStderr?: (chunk: Uint8Array) => void
  /** Kills the children when this process is killed; default true where there is a /bin/sh. */
  readonly watchdog?: boolean
}

/**
 * Opens links to child processes: each open starts one, and the link carries its stdin and stdout. Closing the link ends the child and its process group.
 *
 * @example
 * import { subprocess } from 'signalbox/node'
 *
 * await using link = await subprocess({ command: { file: 'cat' } }).open()
 * await link.write(new TextEncoder().encode('hello'))
 * console.log(await link.read())
 */
export function subprocess<Launch = void>(options: SubprocessOptions<Launch>): StreamTransport<Launch> {
  const { command, name = 'subprocess', inherit = {}, stderrTailBytes = 8 * 1024, onStderr } = options
  const posix = process.platform !== 'win32'
  const watchdog = posix && options.watchdog !== false ? createWatchdog() : undefined
  let count = 0

  return {
    kind: 'stream',
    name,
    async open(launch, { signal, trace }: OpenOptions = {}) {
      const facts = { transport: name, op: 'open', sent: 'no' } as const
      if (signal?.aborted) throw abortError(signal, facts)
      const { file, args = [], env, cwd } = typeof command === 'function' ? command(launch) : command
      const environment = childEnvironment(process.env, inherit, env, trace)
      checkSizes(file, args, environment, sizeLimits(process.platform))
      count += 1
      const info = { id: `${name}-${count}`, transport: name, peer: `${name}:${baseName(file)}` }
      let child: ChildProcess
      try {
        child = await started({ file, args, environment, cwd, posix, watchdog, signal })
      } catch (error) {
        watchdog?.cancel()
        if (signal?.aborted) throw abortError(signal, facts)
        throw await spawnFault(error, { file, cwd, path: environment.PATH }, name)
      }
      const link = linkTo(child, info, { watchdog, stderrTailBytes, onStderr })
      // This process may be killed at any time after the link was returned, and then the child must end too.
      await watchdog?.flushed()
      if (!signal?.aborted) return link
      await link.close({ graceMs: 0 })
      throw abortError(signal, facts)
    },
  }
}

interface Start {
  readonly file: string
  readonly args: readonly string[]
  readonly environment: Record<string, string>
  readonly cwd: string | undefined
  readonly posix: boolean
  readonly watchdog: Watchdog | undefined
  readonly signal: AbortSignal | undefined
}

function started({ file, args, environment, cwd, posix, watchdog, signal }: Start): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    watchdog?.prepare()
    const child = spawn(file, args, {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // The leader of a group of its own, so that the whole group can be ended.
      detached: posix,
      windowsHide: true,
      ...(cwd === undefined ? {} : { cwd }),
    })
    const { pid } = child
    if (pid !== undefined) watchdog?.watch(pid)
    const discard = (): void => {
      child.removeListener('spawn', onSpawn)
      signalTree(child, 'SIGKILL')
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.on('error', () => {}).destroy()
      reject(signal?.reason)
    }
    const onSpawn = (): void => {
      signal?.removeEventListener('abort', discard)
      child.removeListener('error', onError)
      child.removeListener('exit', onExit)
      // A signal could not be sent. A caller cannot do anything about it.
      child.on('error', () => {})
      resolve(child)
    }
    const onError = (error: unknown): void => {
      signal?.removeEventListener('abort', discard)
      if (pid !== undefined) watchdog?.leave(pid)
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.on('error', () => {}).destroy()
      reject(error)
    }
    const onExit = (): void => {
      if (pid !== undefined) watchdog?.leave(pid)
    }
    child.once('spawn', onSpawn)
    child.once('error', onError)
    child.once('exit', onExit)
    signal?.addEventListener('abort', discard, { once: true })
  })
}

function linkTo(
  child: ChildProcess,
  info: { readonly id: string; readonly transport: string; readonly peer: string },
  options: {
    readonly watchdog: Watchdog | undefined
    readonly stderrTailBytes: number
    readonly onStderr: ((chunk: Uint8Array) => void) | undefined
  },
): Link {
  const { stdin, stdout, stderr, pid } = child
  if (!stdin || !stdout || !stderr || pid === undefined) throw new Error('the runtime gave a child without pipes')
  const tail = createStderrTail(options.stderrTailBytes)
  const { onStderr } = options
  // Exceptions of the callback are ignored: thrown into a stream's event they would end the process.
  if (onStderr) stderr.on('data', (chunk: Uint8Array) => notifyObserver(onStderr, chunk))
  const onGone = (): void => options.watchdog?.leave(pid)
  return new ChildLink({ ...info, peer: `${info.peer}[${pid}]`, pid }, { child, stdin, stdout, stderr, tail, onGone })
}

function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)
}
