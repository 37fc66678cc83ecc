import type { CallOptions } from '../../core/call.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byOffset } from '../pages.js'
import { about, listed, needed, type Context, type OffsetOptions } from './context.js'

export interface OpenTunnelOptions extends CallOptions {
  readonly localPort: number
  /** Default `http`. */
  readonly protocol?: string
  /** Default `127.0.0.1`. */
  readonly localHost?: string
  readonly subdomain?: string
  readonly options?: Readonly<Record<string, string>>
}

export interface Tunnels {
  /** `sessionId` is one of `sessions()`. */
  open(sessionId: string, options: OpenTunnelOptions): Promise<Answer<'tunnels.open'>>
  close(tunnelId: string, options?: CallOptions): Promise<void>
  list(options?: OffsetOptions): Promise<Answer<'tunnels.list'>>
  iter(options?: OffsetOptions): AsyncGenerator<Answer<'tunnels.list'>['items'][number], void>
  pages(options?: OffsetOptions): AsyncGenerator<Answer<'tunnels.list'>, void>
  get(tunnelId: string, options?: CallOptions): Promise<Answer<'tunnels.get'>>
  sessions(options?: CallOptions): Promise<Answer<'tunnels.sessions'>['items']>
}

export function createTunnels(context: Context): Tunnels {
  const { invoke } = context
  const tunnel = about(context, 'tunnelId')
  return {
    ...listed(context, 'tunnels.list', byOffset, (options: OffsetOptions = {}) => [{}, options]),
    async open(sessionId, given) {
      const op = 'tunnels.open'
      const { localPort, protocol = 'http', localHost = '127.0.0.1', subdomain = '', options = {} } = given
      if (!Number.isInteger(localPort) || localPort < 1 || localPort > 65_535) {
        throw refused(op, `localPort is ${localPort}; it must be a whole number from 1 to 65535.`)
      }
      const what = { protocol, localHost, localPort, subdomain, options: { ...options } }
      return invoke(op, { ...needed(op, { sessionId }), ...what }, given)
    },
    close: tunnel('tunnels.close'),
    get: tunnel('tunnels.get'),
    sessions: async (options) => (await invoke('tunnels.sessions', {}, options)).items,
  }
}
