import type { CallOptions } from '../../core/call.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byOffset, each, offsetPage } from '../pages.js'
import { checkedPage, required, steering, type Context, type OffsetOptions } from './context.js'

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

export function createTunnels({ invoke }: Context): Tunnels {
  const pages = (options: OffsetOptions = {}) =>
    byOffset((page) => invoke('tunnels.list', { page }, steering(options)), offsetPage(options.page, options.perPage))

  return {
    async open(sessionId, given) {
      const op = 'tunnels.open'
      const { localPort, protocol = 'http', localHost = '127.0.0.1', subdomain = '', options = {} } = given
      if (!Number.isInteger(localPort) || localPort < 1 || localPort > 65_535) {
        throw refused(op, `localPort is ${localPort}; it must be a whole number from 1 to 65535.`)
      }
      const request = { sessionId: required(op, 'a session id', sessionId), protocol, localHost, localPort, subdomain }
      return invoke(op, { ...request, options: { ...options } }, steering(given))
    },
    async close(tunnelId, options) {
      await invoke('tunnels.close', { tunnelId: required('tunnels.close', 'a tunnel id', tunnelId) }, options)
    },
    async list(options = {}) {
      checkedPage('tunnels.list', options)
      return invoke('tunnels.list', { page: offsetPage(options.page, options.perPage) }, steering(options))
    },
    pages,
    iter: (options) => each(pages(options), ({ items }) => items),
    get: async (tunnelId, options) =>
      invoke('tunnels.get', { tunnelId: required('tunnels.get', 'a tunnel id', tunnelId) }, options),
    async sessions(options) {
      return (await invoke('tunnels.sessions', {}, options)).items
    },
  }
}
