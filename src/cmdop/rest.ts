/**
 * CMDOP over REST, without a core. Experimental: it follows what real cores ask of the servers, which are not public. An entrypoint of
 * its own, so that a program with a core does not carry it.
 */
import type { ExchangeTransport } from '../transport.js'
import type { RestTransport } from './client.js'
import { CmdopError } from './errors.js'
import { createRestBackend } from './rest-backend.js'

export type { RestTransport }

/** An exchange for each of the two servers. */
export interface RestPlanes {
  /** To the relay: machines, fleets, tunnels, schedules, keys. */
  readonly relay?: ExchangeTransport
  /** To the platform: skills. */
  readonly platform?: ExchangeTransport
}

/**
 * A transport for `createCmdop` that speaks REST. Takes one exchange for both servers, such as a gateway, or one for each: skills go to
 * the platform, everything else to the relay. A call to a server without an exchange fails with `unsupported`.
 *
 * @example
 * import { createCmdop } from 'signalbox/cmdop'
 * import { cmdopRest } from 'signalbox/cmdop/rest'
 * import { fetchExchange } from 'signalbox/web'
 *
 * const relay = fetchExchange({ baseUrl: 'https://cloud.cmdop.com' })
 * const cmdop = createCmdop({ transport: cmdopRest({ relay }), token: 'my-token' })
 * console.log((await cmdop.machines.list()).items.length)
 */
export function cmdopRest(planes: ExchangeTransport | RestPlanes): RestTransport {
  const transport = 'kind' in planes ? planes : joined(planes)
  return { ...transport, backend: (config, options) => createRestBackend({ ...options, transport, config }) }
}

function joined({ relay, platform }: RestPlanes): ExchangeTransport {
  return {
    kind: 'exchange',
    name: 'cmdop-rest',
    exchange(request, options) {
      const plane = request.path.startsWith('/apix/') ? 'platform' : 'relay'
      const transport = plane === 'platform' ? platform : relay
      if (transport) return transport.exchange(request, options)
      const message = `There is no transport to the ${plane}.`
      const facts = { code: 'unsupported', message, sent: 'no' } as const
      return Promise.reject(new CmdopError({ ...facts, hint: `Give cmdopRest its \`${plane}\`.` }))
    },
  }
}
