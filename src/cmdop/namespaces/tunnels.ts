import type { CallOptions } from '../../core/call.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byOffset } from '../pages.js'
import { about, listed, needed, type Context, type OffsetOptions } from './context.js'

/**
 * The target of a tunnel.
 */
export interface OpenTunnelOptions extends CallOptions {
  /**
   * The port on the machine, from 1 to 65535.
   */
  readonly localPort: number
  /**
   * Default `http`.
   */
  readonly protocol?: string
  /**
   * The host that the machine connects to. Default `127.0.0.1`.
   */
  readonly localHost?: string
  /**
   * The name in the public address. Default: the server chooses.
   */
  readonly subdomain?: string
  /**
   * Free-form options of the tunnel, passed on as they are.
   */
  readonly options?: Readonly<Record<string, string>>
}

/**
 * Tunnels: public addresses that lead to a port of a machine. Core 1.x and REST.
 */
export interface Tunnels {
  /**
   * Opens a tunnel on a connected session, which is one of `sessions()`. The server composes `publicUrl`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * const [session] = await cmdop.tunnels.sessions()
   * const tunnel = await cmdop.tunnels.open(session?.sessionId ?? '', { localPort: 3000 })
   * console.log(tunnel.publicUrl)
   */
  open(sessionId: string, options: OpenTunnelOptions): Promise<Answer<'tunnels.open'>>
  /**
   * Closes a tunnel. Closing a closed one does no harm.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * await cmdop.tunnels.close('00000000-0000-4000-8005-000000000001')
   */
  close(tunnelId: string, options?: CallOptions): Promise<void>
  /**
   * One page of tunnels.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.tunnels.list()).total)
   */
  list(options?: OffsetOptions): Promise<Answer<'tunnels.list'>>
  /**
   * The tunnels of all pages.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { publicUrl } of cmdop.tunnels.iter()) console.log(publicUrl)
   */
  iter(options?: OffsetOptions): AsyncGenerator<Answer<'tunnels.list'>['items'][number], void>
  /**
   * All pages of tunnels, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { items } of cmdop.tunnels.pages()) console.log(items.length)
   */
  pages(options?: OffsetOptions): AsyncGenerator<Answer<'tunnels.list'>, void>
  /**
   * One tunnel.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.tunnels.get('00000000-0000-4000-8005-000000000001')).localPort)
   */
  get(tunnelId: string, options?: CallOptions): Promise<Answer<'tunnels.get'>>
  /**
   * The sessions that are connected now. A tunnel is opened on one of them.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for (const { sessionId, hostname } of await cmdop.tunnels.sessions()) console.log(sessionId, hostname)
   */
  sessions(options?: CallOptions): Promise<Answer<'tunnels.sessions'>['items']>
}

export function createTunnels(context: Context): Tunnels {
  const { invoke } = context
  const tunnel = about(context, 'tunnelId')
  return {
    ...listed(context, 'tunnels.list', byOffset, (options: OffsetOptions = {}) => [{}, options]),
    async open(sessionId, tunnelOptions) {
      const op = 'tunnels.open'
      const { localPort, protocol = 'http', localHost = '127.0.0.1', subdomain = '', options = {} } = tunnelOptions
      if (!Number.isInteger(localPort) || localPort < 1 || localPort > 65_535) {
        throw refused(op, `localPort is ${localPort}; it must be a whole number from 1 to 65535.`)
      }
      const what = { protocol, localHost, localPort, subdomain, options: { ...options } }
      return invoke(op, { ...needed(op, { sessionId }), ...what }, tunnelOptions)
    },
    close: tunnel('tunnels.close'),
    get: tunnel('tunnels.get'),
    sessions: async (options) => (await invoke('tunnels.sessions', {}, options)).items,
  }
}
