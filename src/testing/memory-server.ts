/** A transport and a listener in memory. The listener accepts the links that the transport opens. */
import { createAcceptance } from '../core/acceptance.js'
import { abortError } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { Link, Listener, StreamTransport } from '../transport.js'
import { memoryPair, type MemoryPairOptions } from './memory-link.js'

/** A listener in memory, with the transport that opens links to it. */
export interface MemoryServer extends Listener {
  /** Opens links that the listener accepts. */
  readonly transport: StreamTransport<void>
}

// The most links that wait to be accepted, so that a server that stopped accepting does not collect them.
const MAX_BACKLOG = 10_000

/**
 * Creates a listener and a transport in memory, for a scripted peer in a test.
 *
 * @example
 * import { createCcc } from 'signalbox/ccc'
 * import { memoryServer } from 'signalbox/testing'
 *
 * await using server = memoryServer()
 * void (async () => {
 *   for await (const link of server.accept()) {
 *     await link.read()
 *     await link.write(new TextEncoder().encode('{"ok":true,"version":"1.12.5"}\n'))
 *     await link.close()
 *   }
 * })()
 * console.log(await createCcc({ transport: server.transport }).ping())
 */
export function memoryServer(options: MemoryPairOptions = {}): MemoryServer {
  const { name = 'memory' } = options
  const waiting = createAcceptance<Link>()
  let count = 0

  const unreachable = (why: string): SignalboxError =>
    new SignalboxError({ code: 'unreachable', message: `memory:${name} ${why}.`, sent: 'no', transport: 'memory' })

  return {
    address: `memory:${name}`,
    transport: {
      kind: 'stream',
      name: 'memory',
      async open(_launch, { signal } = {}) {
        if (signal?.aborted) throw abortError(signal, { transport: 'memory', sent: 'no' })
        if (waiting.ended) throw unreachable('has nothing that listens')
        if (waiting.size >= MAX_BACKLOG) throw unreachable(`has ${MAX_BACKLOG} links that nobody accepts`)
        count += 1
        const [near, far] = memoryPair({ ...options, name: `${name}-${count}` })
        waiting.add(far)
        return near
      },
    },
    accept: waiting.accept,
    [Symbol.asyncDispose]: waiting.close,
  }
}
