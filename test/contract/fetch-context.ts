/** The fetch link as a context for the contract suite: its peer is a server of ours that holds the request open. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInbox } from '../../src/core/inbox.js'
import { deferred } from '../../src/core/deferred.js'
import { SignalboxError, type CloseReason, type Link } from '../../src/index.js'
import type { ContractContext } from '../../src/testing/index.js'
import { fetchLink } from '../../transports/web/index.js'

const ONE_REQUEST = 'one request is carried: it is gathered, leaves at once, and nothing can be written after it'
const NO_ENDS = 'the request is over when it has left, so there is no half of it left to end or to wait for'

/** The laws that one POST cannot keep, as `docs/web.md` lists them. */
const exempt: Readonly<Record<string, string>> = {
  'law.1.after': ONE_REQUEST,
  'law.3.both-ended': ONE_REQUEST,
  'law.3.no-reader': ONE_REQUEST,
  'law.4.after-end': ONE_REQUEST,
  'law.5.death': ONE_REQUEST,
  'law.5.close': ONE_REQUEST,
  'law.6.nothing-lost': ONE_REQUEST,
  'law.7.many': ONE_REQUEST,
  'law.8.order': ONE_REQUEST,
  'law.10.apart': ONE_REQUEST,
  'law.2.fault-told-late': NO_ENDS,
}

/** A pair whose request was just sent: the rest is the answer, which must keep every law about answers. */
export async function fetchContext(): Promise<ContractContext & AsyncDisposable> {
  const waiting = new Map<string, (link: { far: Link; die(): void }) => void>()
  const server = createServer((request, response) => {
    waiting.get(request.url ?? '')?.({ far: farEnd(request, response), die: () => void response.socket?.destroy() })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let count = 0
  return {
    name: 'fetch',
    exempt,
    floodBytes: 64 * 1024 * 1024,
    async pair(options) {
      count += 1
      const path = `/${count}`
      const arrived = deferred<{ far: Link; die(): void }>()
      waiting.set(path, arrived.resolve)
      const near = await fetchLink({ url: `http://127.0.0.1:${port}${path}` }).open(undefined, options)
      await near.write(new TextEncoder().encode('{"go":true}\n'))
      const { far, die } = await arrived.promise
      return {
        near,
        far,
        async kill() {
          die()
          await far.closed
        },
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The server side of the link: the request is already read, and the server writes the answer. */
function farEnd(request: IncomingMessage, response: ServerResponse): Link {
  const closed = deferred<CloseReason>()
  const inbox = createInbox(() => {})
  request.resume()
  request.once('end', () => inbox.end())
  response.writeHead(200)
  response.flushHeaders()
  response.on('error', () => {})
  response.once('close', () => closed.resolve({ kind: 'peer' }))
  const gone = (): SignalboxError => new SignalboxError({ code: 'closed', message: 'The client is gone.', sent: 'maybe' })
  const end = async (): Promise<void> => void (response.writableEnded || response.destroyed || response.end())
  const close = async (): Promise<CloseReason> => {
    await end()
    return closed.promise
  }
  let closing: Promise<CloseReason> | undefined
  return {
    info: { id: 'far', transport: 'fetch' },
    read: () => inbox.read(),
    async write(chunk) {
      if (response.destroyed || response.writableEnded) throw gone()
      if (response.write(chunk)) return
      await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed.promise])
      if (response.destroyed) throw gone()
    },
    end,
    close() {
      closing ??= close()
      return closing
    },
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}
