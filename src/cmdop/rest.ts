/**
 * CMDOP over REST, without a core: experimental, because it is known from what cores ask and not from the servers. An entry of its own,
 * so that whoever has a core does not carry it.
 */
import type { ExchangeTransport } from '../transport.js'
import type { RestTransport } from './client.js'
import { CmdopError } from './errors.js'
import { createRestBackend } from './rest-backend.js'

export type { RestTransport }

export interface RestPlanes {
  /** To the relay: machines, fleets, tunnels, schedules, keys. */
  readonly relay?: ExchangeTransport
  /** To the platform: skills. */
  readonly platform?: ExchangeTransport
}

/** One exchange that serves both planes, such as a gateway, or one for each: skills go to the platform, everything else to the relay. */
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
