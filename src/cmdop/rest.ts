/** The two HTTP planes behind one exchange. */
import type { ExchangeTransport } from '../transport.js'
import { CmdopError } from './errors.js'

export interface RestPlanes {
  /** To the relay: machines, fleets, tunnels, schedules, keys. */
  readonly relay?: ExchangeTransport
  /** To the platform: skills. */
  readonly platform?: ExchangeTransport
}

/** Sends skills to the platform and everything else to the relay. A gateway that proxies both needs no such thing. */
export function cmdopRest({ relay, platform }: RestPlanes): ExchangeTransport {
  return {
    kind: 'exchange',
    name: 'cmdop-rest',
    exchange(request, options) {
      const plane = request.path.startsWith('/apix/') ? 'platform' : 'relay'
      const transport = plane === 'platform' ? platform : relay
      if (transport) return transport.exchange(request, options)
      const message = `There is no transport to the ${plane}.`
      const facts = { code: 'unsupported', remoteCode: 'unsupported', message, sent: 'no' } as const
      return Promise.reject(new CmdopError({ ...facts, hint: `Give cmdopRest its \`${plane}\`.` }))
    },
  }
}
