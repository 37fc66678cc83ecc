/** Finds the CCCC daemon by its descriptor, and finds it again after a restart moved it. */
import { constants, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { endpointOf, FALLBACK, type CcccEndpoint } from '../../../src/cccc/endpoint.js'
import { createCcccCore } from '../../../src/cccc/small-client.js'
import { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { tcpSocket, unixSocket } from '../link/socket.js'

/** Which daemon to find. */
export interface CcccDaemonOptions {
  /** The daemon's home. Default: `CCCC_HOME` of the environment, else `~/.cccc`. Blank counts as unset, a leading `~` is expanded. */
  readonly home?: string
  /** The address, if it is known: no descriptor is read then. */
  readonly endpoint?: CcccEndpoint
  /** The environment; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Returns the folder of the daemon's files.
 * @example
 * import { ccccHome } from 'signalbox/node'
 *
 * console.log(ccccHome({ home: '~/agents' }))
 */
export function ccccHome(options: Pick<CcccDaemonOptions, 'home' | 'env'> = {}): string {
  const { env = process.env } = options
  const chosen = options.home?.trim() || env.CCCC_HOME?.trim() || '~/.cccc'
  const user = env.HOME?.trim() || homedir()
  return resolve(chosen === '~' ? user : chosen.startsWith('~/') ? join(user, chosen.slice(2)) : chosen)
}

/**
 * Reads the daemon's descriptor and returns the address in it; without a usable descriptor, the socket beside it. It connects to nothing.
 * @example
 * import { discoverCccc } from 'signalbox/node'
 *
 * const endpoint = await discoverCccc()
 * console.log(endpoint.transport)
 */
export async function discoverCccc(options: CcccDaemonOptions = {}): Promise<CcccEndpoint> {
  return options.endpoint ?? endpointIn(join(ccccHome(options), 'daemon'))
}

async function endpointIn(folder: string): Promise<CcccEndpoint> {
  const found = endpointOf(await readDescriptor(join(folder, DESCRIPTOR)))
  if (found !== FALLBACK) return found
  // Node has no unix sockets on Windows: only a descriptor names the address there.
  if (process.platform === 'win32') {
    throw new SignalboxError({
      code: 'unreachable',
      system: 'cccc',
      message: `No daemon has left its address in ${folder}.`,
      hint: 'Start the daemon, or set CCCC_HOME.',
    })
  }
  return { transport: 'unix', path: join(folder, 'ccccd.sock') }
}

const DESCRIPTOR = 'ccccd.addr.json'
/** Larger than any descriptor of a daemon. */
const MAX_DESCRIPTOR_BYTES = 64 * 1024

/** Empty for a file that no daemon could have written. Does not wait for a pipe, and reads no large file. */
async function readDescriptor(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const facts = await file.stat()
      return facts.isFile() && facts.size <= MAX_DESCRIPTOR_BYTES ? await file.readFile('utf8') : ''
    } finally {
      await file.close()
    }
  } catch {
    return ''
  }
}

/** A file that changed so recently may change again within one tick of the file system's clock. */
const SETTLED_MS = 100

/**
 * Tells whether the descriptor is the same file as before; undefined when it is too young to tell. Synchronous on purpose: the call
 * takes four microseconds, and a trip to the thread pool for every request would cost more than the request's connection.
 */
function stampOf(path: string): string | undefined {
  const facts = statSync(path, { throwIfNoEntry: false })
  if (!facts) return 'missing'
  if (Math.abs(Date.now() - facts.ctimeMs) < SETTLED_MS) return undefined
  return `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeMs}:${facts.ctimeMs}`
}

interface Target {
  readonly endpoint: CcccEndpoint
  readonly transport: StreamTransport
  readonly stamp: string | undefined
  /** The process of the descriptor answered at this port. */
  checked: boolean
}

const transportTo = (endpoint: CcccEndpoint): StreamTransport =>
  endpoint.transport === 'unix' ? unixSocket({ path: endpoint.path }) : tcpSocket({ host: endpoint.host, port: endpoint.port })

/**
 * Makes a transport to the daemon of one home. The descriptor is read again when its file has changed or a connection failed, so a daemon
 * that comes back on another port is found. Another home's daemon may have a TCP port by then. So the process that answers there is
 * compared with the descriptor before the first request, and again when the descriptor changed or its process is gone.
 * @example
 * import { createCccc } from 'signalbox/cccc'
 * import { ccccDaemon } from 'signalbox/node'
 *
 * await using client = createCccc({ transport: ccccDaemon({ home: '~/agents' }) })
 * console.log((await client.call('ping')).version)
 */
export function ccccDaemon(options: CcccDaemonOptions = {}): StreamTransport {
  const folder = join(ccccHome(options), 'daemon')
  const path = join(folder, DESCRIPTOR)
  let known: Target | undefined

  const find = async (): Promise<Target> => {
    const stamp = options.endpoint ? 'given' : stampOf(path)
    if (known && stamp !== undefined && known.stamp === stamp) return known
    const endpoint = options.endpoint ?? (await endpointIn(folder))
    return { endpoint, transport: transportTo(endpoint), stamp, checked: isSame(endpoint, known) && known.checked }
  }

  return {
    kind: 'stream',
    name: 'cccc',
    async open(_launch, openOptions) {
      const target = await find()
      known = target
      try {
        const { endpoint, transport } = target
        if (endpoint.transport === 'tcp' && endpoint.pid !== undefined && (!target.checked || isGone(endpoint.pid))) {
          target.checked = false
          await checkProcess(transport, endpoint.pid, openOptions?.signal)
          target.checked = true
        }
        return await transport.open(undefined, openOptions)
      } catch (error) {
        if (known === target) known = undefined
        throw error
      }
    },
  }
}

/** The same address and process: a descriptor that is too young to keep is read for each call, and its process is not asked each time. */
function isSame(endpoint: CcccEndpoint, known: Target | undefined): known is Target {
  return known !== undefined && JSON.stringify(endpoint) === JSON.stringify(known.endpoint)
}

/** Only a definite answer counts: a runtime without the permission, or a process of another user, gives none. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as { code?: unknown }).code === 'ESRCH'
  }
}

const ANSWER_MS = 10_000

/** Asks with a whole ping: a bare connection would kill an old daemon. Whatever fails here, the caller's request was not sent. */
async function checkProcess(transport: StreamTransport, pid: number, signal: AbortSignal | undefined): Promise<void> {
  const client = createCcccCore({ transport, timeoutMs: ANSWER_MS })
  const facts = { code: 'unreachable', system: 'cccc', transport: transport.name } as const
  try {
    const ping = await client.call('ping', {}, signal ? { signal } : {})
    if (ping.pid === pid) return
    throw new SignalboxError({
      ...facts,
      message: `The descriptor names the daemon with process id ${pid}; process ${String(ping.pid)} answers at its port.`,
      hint: 'The daemon of this home is gone and another server has its port: start the daemon again.',
    })
  } catch (cause) {
    if (SignalboxError.is(cause) && (cause.sent === 'no' || signal?.aborted)) throw cause
    throw new SignalboxError({
      ...facts,
      message: `The server at the port of the descriptor does not answer a ping as the daemon with process id ${pid} would.`,
      hint: 'The daemon of this home is gone and another server has its port: start the daemon again.',
      cause,
    })
  } finally {
    await client.close()
  }
}
