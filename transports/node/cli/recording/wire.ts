/** Records and replays the lines between a client and a system. The program listens in place of the system. */
import { SignalboxError } from '../../../../src/errors.js'
import { tap } from '../../../../src/core/transports/tap.js'
import { createRecorder, replayTransport, type RecordedLine } from '../../../../src/testing/recording.js'
import type { Link, Listener, StreamTransport } from '../../../../src/transport.js'
import { cccSocket } from '../../ccc/index.js'
import { ccccDaemon } from '../../cccc/daemon.js'
import { hubSocket } from '../../hub/socket.js'
import { listenTcp, listenUnix } from '../../link/listen.js'
import { knownSecrets, type RecordingWriter } from './file.js'

/** The systems whose clients connect to a socket, and speak lines. */
export const WIRES = ['ccc', 'cccc', 'hub'] as const
const WRITE_EVERY_MS = 200

type Environment = Readonly<Record<string, string | undefined>>

/** The real system, for these places. */
export function wireOf(
  system: string,
  places: { readonly hub: string; readonly ccc?: string | undefined; readonly cccc?: string | undefined },
): StreamTransport {
  if (system === 'ccc') return cccSocket(places.ccc === undefined ? {} : { path: places.ccc }) as StreamTransport
  if (system === 'cccc') return ccccDaemon(places.cccc === undefined ? {} : { home: places.cccc }) as StreamTransport
  if (system === 'hub') return hubSocket({ path: places.hub })
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `The wire of "${system}" cannot be recorded.`,
    hint: `Known are ${WIRES.join(', ')}. For processes and HTTP, use tap() and createRecorder() of signalbox/testing.`,
  })
}

/** Listens at a path or at a port of loopback. */
export function listenAt(address: string): Promise<Listener> {
  return /^\d+$/.test(address) ? listenTcp({ port: Number(address) }) : listenUnix({ path: address })
}

/** Joins each client to the system and writes down what crosses. Ends with the signal; gives the number of recorded lines. */
export async function recordWire(
  listener: Listener,
  system: StreamTransport,
  writer: RecordingWriter,
  {
    env,
    signal,
    onProblem,
  }: { readonly env: Environment; readonly signal: AbortSignal; readonly onProblem: (text: string) => void },
): Promise<number> {
  const recorder = createRecorder({ secrets: knownSecrets(env) })
  const tapped = tap(system, recorder)
  let written = 0
  const flush = async (): Promise<void> => {
    const fresh = recorder.lines.slice(written)
    written += fresh.length
    await writer.write(fresh)
  }
  const timer = setInterval(() => void flush().catch((error: Error) => onProblem(error.message)), WRITE_EVERY_MS)
  const joined = new Set<Promise<void>>()
  await eachLink(listener, signal, (client) => {
    const joining = join(client, tapped).catch((error: Error) => onProblem(error.message))
    joined.add(joining)
    void joining.then(() => joined.delete(joining))
  })
  clearInterval(timer)
  await Promise.all(joined)
  await flush()
  if (recorder.truncated) onProblem('The recording has reached its limit of 16 MiB; later lines are missing.')
  return written
}

/** Plays the recorded links to clients, one each. A client that says something else is cut off, and the fault is reported. */
export async function replayWire(
  listener: Listener,
  lines: readonly RecordedLine[],
  {
    env,
    signal,
    onProblem,
  }: { readonly env: Environment; readonly signal: AbortSignal; readonly onProblem: (text: string) => void },
): Promise<void> {
  const recorded = replayTransport(lines, { secrets: knownSecrets(env) })
  await eachLink(listener, signal, (client) => {
    join(client, recorded).catch((error: Error) => onProblem(error.message))
  })
}

/** Ends when the signal aborts: the listener and its links are closed then. */
async function eachLink(listener: Listener, signal: AbortSignal, take: (link: Link) => void): Promise<void> {
  const links = new Set<Link>()
  const close = (): void => {
    void listener[Symbol.asyncDispose]()
    for (const link of links) void link.close()
  }
  signal.addEventListener('abort', close, { once: true })
  if (signal.aborted) close()
  for await (const link of listener.accept()) {
    links.add(link)
    void link.closed.then(() => links.delete(link))
    take(link)
  }
}

async function join(client: Link, transport: StreamTransport): Promise<void> {
  let far: Link
  try {
    far = await transport.open(undefined)
  } catch (error) {
    await client.close()
    throw error
  }
  const copy = async (from: Link, to: Link): Promise<void> => {
    for (let chunk = await from.read(); chunk !== null; chunk = await from.read()) {
      // A failed write needs no report here: the reader of that link reports why it has ended.
      if (
        !(await to.write(chunk).then(
          () => true,
          () => false,
        ))
      )
        return
    }
    await to.end().catch(() => {})
  }
  void client.closed.then(() => far.close())
  try {
    // A client that leaves is not a fault. A system that leaves is reported.
    await Promise.all([copy(client, far).catch(() => far.close()), copy(far, client)])
  } finally {
    await Promise.all([client.close(), far.close()])
  }
}
