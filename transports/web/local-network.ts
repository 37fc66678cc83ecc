/**
 * Explains why a page cannot reach a gateway on its own machine. The browser reports only a failure, so that pages cannot scan the network.
 * The browser's permission and its rules for mixed content tell the probable reason.
 */
import { SignalboxError, withFacts } from '../../src/errors.js'

export interface PageGlobals {
  readonly location?: { readonly protocol: string; readonly hostname: string; readonly origin: string }
  readonly navigator?: { readonly permissions?: { query(descriptor: { name: string }): Promise<{ readonly state: string }> } }
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Runs the work and explains its failure. Other failures pass unchanged. */
export async function explained<Result>(
  target: URL,
  work: () => Promise<Result>,
  { location, navigator }: PageGlobals = globalThis as PageGlobals,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const { hostname, protocol, origin = '' } = location ?? {}
    const apart = hostname !== undefined && LOOPBACK.test(target.hostname) && !LOOPBACK.test(hostname)
    // A gateway that refuses has answered with its own code.
    if (!apart || !SignalboxError.is(error, 'unreachable') || error.remoteCode !== undefined) throw error
    const state = await permissionState(navigator?.permissions)
    const barred = state === 'denied' || state === 'prompt'
    const message = barred
      ? `The browser did not let ${origin} reach ${target.origin} on this machine: its permission "Local network access" is ${state === 'denied' ? 'refused' : 'not given'}. Allow it for this site in the browser's settings; the page must be on https.`
      : `${error.message} If the gateway runs, ${origin} may be missing in its allowedOrigins.`
    const mixed = !barred && protocol === 'https:' && target.protocol === 'http:'
    throw withFacts(
      error,
      {},
      {
        ...(barred ? { remoteCode: 'local_network_access' } : {}),
        message: mixed
          ? `${message} Some browsers, Safari among them, let no https page reach a plain http address: open the one that the gateway itself serves, or give it TLS.`
          : message,
      },
    )
  }
}

async function permissionState(permissions: NonNullable<PageGlobals['navigator']>['permissions']): Promise<string | undefined> {
  // One permission in Chrome 142, two from 145 on.
  for (const name of ['loopback-network', 'local-network-access']) {
    try {
      const found = await permissions?.query({ name })
      if (found) return found.state
    } catch {
      // This browser does not know the permission.
    }
  }
  return undefined
}
