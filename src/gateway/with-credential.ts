/** Adds a credential to the requests of an exchange transport. */
import type { ExchangeTransport } from '../transport.js'

/**
 * A transport whose requests always carry these headers: a page can neither replace a credential nor choose another
 * identity. For the exchange upstreams of a gateway that you configure in code.
 *
 * @example
 * import { withCredential, type ExchangeUpstream } from 'signalbox/gateway'
 * import { catsyphonPolicy } from 'signalbox/gateway/policy'
 * import { fetchExchange } from 'signalbox/web'
 *
 * declare const key: string
 * const server = fetchExchange({ baseUrl: 'https://catsyphon.example.com', redirects: 'never', name: 'catsyphon' })
 * const upstream: ExchangeUpstream = {
 *   kind: 'exchange',
 *   system: 'catsyphon',
 *   policy: catsyphonPolicy,
 *   transport: withCredential(server, { authorization: `Bearer ${key}`, 'x-collector-id': '6e7e0000-0000-4000-8000-000000000000' }),
 * }
 */
export function withCredential(transport: ExchangeTransport, headers: Readonly<Record<string, string>>): ExchangeTransport {
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  return {
    kind: 'exchange',
    name: transport.name,
    exchange(request, options) {
      const passing = Object.entries(request.headers ?? {}).filter(([name]) => !own.has(name.toLowerCase()))
      return transport.exchange({ ...request, headers: { ...Object.fromEntries(passing), ...headers } }, options)
    },
  }
}
