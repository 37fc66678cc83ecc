/** A unix socket opened by the runtime's own call. The call cannot be aborted, but a connection to a local path never waits. */
import { abortError } from '../../../src/core/deadline.js'
import type { Link, LinkInfo, StreamTransport } from '../../../src/transport.js'
import { unixPath } from './address.js'
import { openFault } from './faults.js'
import type { UnixSocketOptions } from './socket.js'

export function nativeUnixSocket(
  options: UnixSocketOptions,
  connect: (path: string, info: LinkInfo) => Promise<Link>,
): StreamTransport {
  const path = unixPath(options.path)
  const peer = `unix:${path}`
  let count = 0
  return {
    kind: 'stream',
    name: 'unix',
    async open(_launch, { signal } = {}) {
      count += 1
      const facts = { transport: 'unix', op: 'open', sent: 'no' } as const
      if (signal?.aborted) throw abortError(signal, facts)
      let link: Link
      try {
        link = await connect(path, { id: `unix-${count}`, transport: 'unix', peer })
      } catch (error) {
        throw signal?.aborted ? abortError(signal, facts) : openFault(error, 'unix', peer)
      }
      if (!signal?.aborted) return link
      await link.close()
      throw abortError(signal, facts)
    },
  }
}
