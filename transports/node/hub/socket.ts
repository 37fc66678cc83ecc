/** The hub of this machine on a unix socket: for the command line and every other program of the same user. */
import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { SignalboxError } from '../../../src/errors.js'
import type { Hub } from '../../../src/hub/hub.js'
import { hubServer, type ServeHubOptions } from '../../../src/hub/wire/serve.js'
import type { Link, StreamTransport } from '../../../src/transport.js'
import { listenUnix } from '../link/listen.js'
import { unixSocket } from '../link/socket.js'
import { checkFolder, hubDirectory } from './folder.js'

/** Options of `listenHub`. */
export interface ListenHubOptions extends ServeHubOptions {
  /** The path of the socket: `socket` of `hubFolder`. */
  readonly path: string
}

/** A hub that listens. */
export interface HubListener extends AsyncDisposable {
  /** The path of the socket, for `hubSocket`. */
  readonly path: string
}

/**
 * Serves a hub on a unix socket of mode 0600. Fails with `conflict` when another server listens. Disposing ends every link; the hub stays.
 *
 * @example
 * import { createHub, type Source } from 'signalbox/hub'
 * import { hubFolder, listenHub } from 'signalbox/node'
 *
 * declare const sources: Source[]
 * const { store, socket } = await hubFolder()
 * await using hub = await createHub({ store, sources })
 * await using listener = await listenHub(hub, { path: socket })
 * console.log(listener.path)
 */
export async function listenHub(hub: Hub, { path, ...serving }: ListenHubOptions): Promise<HubListener> {
  const listener = await listenUnix({ path })
  const links = new Set<Link>()
  const serve = hubServer(hub, serving)
  const accepting = (async () => {
    for await (const link of listener.accept()) {
      links.add(link)
      void serve(link).finally(() => links.delete(link))
    }
  })()
  return {
    path,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await accepting.catch(() => {})
      await Promise.all([...links].map((link) => link.close()))
    },
  }
}

/** Options of `hubSocket`. */
export interface HubSocketOptions {
  /** Default `hub.sock` in `~/.signalbox/hub`. */
  readonly path?: string
}

/**
 * Connects to the hub of this machine. The folder and the socket are checked before each connection, as the other local sockets are.
 * Opening fails with `unreachable` when no hub listens, and with `permission_denied` when the file is not a socket of this user.
 *
 * @example
 * import { createHubClient } from 'signalbox/hub'
 * import { hubSocket } from 'signalbox/node'
 *
 * await using hub = createHubClient({ transport: hubSocket() })
 * console.log(await hub.asks())
 */
export function hubSocket(options: HubSocketOptions = {}): StreamTransport {
  const path = options.path ?? join(hubDirectory(), 'hub.sock')
  const facts = { system: 'hub', transport: 'hub-socket', op: 'open', sent: 'no' } as const
  const socket = unixSocket({ path })
  return {
    kind: 'stream',
    name: 'hub-socket',
    async open(launch, openOptions) {
      await checkFolder(dirname(path))
      const file = await lstat(path).catch((cause: unknown) => {
        throw new SignalboxError({
          ...facts,
          code: 'unreachable',
          message: `No hub listens at ${path}.`,
          hint: 'Start it: signalbox hub.',
          cause,
        })
      })
      const me = process.geteuid?.()
      const foreign = me !== undefined && me !== 0 && file.uid !== me
      if (!file.isSocket() || foreign || (me !== undefined && (file.mode & 0o022) !== 0)) {
        throw new SignalboxError({
          ...facts,
          code: 'permission_denied',
          message: `${path} is not a socket of this user alone.`,
          hint: 'Remove it and start the hub again.',
        })
      }
      return await socket.open(launch, openOptions)
    },
  }
}
