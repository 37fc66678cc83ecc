/** Finds the CCCC daemon: its descriptor, its socket, and again for every connection, because a restart may move it. */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { SignalboxError } from '../../../src/errors.js'
import type { StreamTransport } from '../../../src/transport.js'
import { createCcccCore } from '../../../src/cccc/small-client.js'
import { endpointOf, FALLBACK, type CcccEndpoint } from '../../../src/cccc/endpoint.js'
import { tcpSocket, unixSocket } from '../link/socket.js'

export interface CcccDaemonOptions {
  /** Default: `CCCC_HOME` of the environment, else `~/.cccc`. Blank counts as unset, a leading `~` is expanded. */
  readonly home?: string
  /** Skips discovery. */
  readonly endpoint?: CcccEndpoint
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Where the daemon keeps its things. */
export function ccccHome(options: Pick<CcccDaemonOptions, 'home' | 'env'> = {}): string {
  const { env = process.env } = options
  const chosen = options.home?.trim() || env.CCCC_HOME?.trim() || '~/.cccc'
  const user = env.HOME?.trim() || homedir()
  return resolve(chosen === '~' ? user : chosen.startsWith('~/') ? join(user, chosen.slice(2)) : chosen)
}

/** What the descriptor says at this moment, or the socket that every daemon has had where there is none to read. */
export async function discoverCccc(options: CcccDaemonOptions = {}): Promise<CcccEndpoint> {
  if (options.endpoint) return options.endpoint
  const folder = join(ccccHome(options), 'daemon')
  const found = endpointOf(await descriptorIn(folder))
  if (found !== FALLBACK) return found
  // Windows has no such sockets in Node: there a descriptor is the only way.
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

/** Far more than any daemon writes. */
const MAX_DESCRIPTOR_BYTES = 64 * 1024

/** Empty where there is none that a daemon could have written: a pipe is not waited for, and nothing large is read. */
async function descriptorIn(folder: string): Promise<string> {
  try {
    const file = await open(join(folder, 'ccccd.addr.json'), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
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

/**
 * A transport to the daemon of one home. It reads the descriptor for each connection: the file is tiny, the daemon's own clients that
 * read it once lose a daemon that comes back on another port. A TCP port may by then belong to another home's daemon, so the process
 * that answers is checked against the descriptor before the first request goes out.
 */
export function ccccDaemon(options: CcccDaemonOptions = {}): StreamTransport {
  // Per transport object: the descriptor's port and pid that were checked.
  let trusted: string | undefined
  return {
    kind: 'stream',
    name: 'cccc',
    async open(_launch, given) {
      const endpoint = await discoverCccc(options)
      if (endpoint.transport === 'unix') return unixSocket({ path: endpoint.path }).open(undefined, given)
      const socket = tcpSocket({ host: endpoint.host, port: endpoint.port })
      const identity = `${endpoint.host}:${endpoint.port}:${endpoint.pid ?? ''}`
      // A process that is gone left its descriptor behind, and its port to whoever came next.
      if (endpoint.pid !== undefined && (identity !== trusted || isGone(endpoint.pid))) {
        await checkPid(socket, endpoint.pid, given?.signal)
        trusted = identity
      }
      return socket.open(undefined, given)
    },
  }
}

/** Only a clear word counts: a runtime that may not ask, and a process of another user, do not. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as { code?: unknown }).code === 'ESRCH'
  }
}

const PATIENCE_MS = 10_000

/** A whole ping and its answer: never a bare connection, which kills an old daemon. */
async function checkPid(transport: StreamTransport, pid: number, signal: AbortSignal | undefined): Promise<void> {
  const client = createCcccCore({ transport, timeoutMs: PATIENCE_MS })
  try {
    const ping = await client.call('ping', {}, signal ? { signal } : {})
    if (ping.pid === pid) return
    throw new SignalboxError({
      code: 'unreachable',
      system: 'cccc',
      transport: transport.name,
      message: `The descriptor names the daemon with process id ${pid}; process ${String(ping.pid)} answers at its port.`,
      hint: 'The daemon of this home is gone and another one has its port: start this one again.',
    })
  } finally {
    await client.close()
  }
}
