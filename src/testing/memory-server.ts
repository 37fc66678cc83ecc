/** A transport and the listener that accepts what it opens, both in memory. */
import { createAcceptance } from '../core/acceptance.js'
import { abortError } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { Link, Listener, StreamTransport } from '../transport.js'
import { memoryPair, type MemoryPairOptions } from './memory-link.js'

export interface MemoryServer extends Listener {
  readonly transport: StreamTransport<void>
}

// Links that were opened and not accepted: a server that stopped accepting must not gather them for ever.
const MAX_BACKLOG = 10_000

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
