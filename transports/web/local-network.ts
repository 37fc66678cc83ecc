/**
 * Why a page cannot reach a gateway on its own machine. The browser says only that it failed, so that pages cannot look around; what it lets
 * us know, its permission and its rules for mixed content, makes a named error of it.
 */
import { SignalboxError, withFacts } from '../../src/errors.js'

interface PageGlobals {
  readonly location?: { readonly protocol: string; readonly hostname: string; readonly origin: string }
  readonly navigator?: { readonly permissions?: { query(descriptor: { name: string }): Promise<{ readonly state: string }> } }
}

const isLoopback = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)
/** One permission in Chrome 142, two from 145 on. */
const PERMISSIONS = ['loopback-network', 'local-network-access'] as const

/** The same failure, with what is known about its cause; everything else passes unchanged. */
export async function explainUnreachable(
  error: unknown,
  target: URL,
  globals: PageGlobals = globalThis as PageGlobals,
): Promise<unknown> {
  const { location, navigator } = globals
  if (!SignalboxError.is(error, 'unreachable') || !location || !isLoopback(target.hostname)) return error
  if (isLoopback(location.hostname)) return error
  const state = await permissionState(navigator?.permissions)
  if (state === 'denied' || state === 'prompt') {
    return withFacts(
      error,
      {},
      {
        remoteCode: 'local_network_access',
        message: `The browser did not let ${location.origin} reach ${target.origin} on this machine: its permission "Local network access" is ${state === 'denied' ? 'refused' : 'not given'}. Allow it for this site in the browser's site settings and try again; the page itself must be on https.`,
      },
    )
  }
  const mixed = location.protocol === 'https:' && target.protocol === 'http:'
  const rule = mixed
    ? ' Some browsers, Safari among them, let no https page reach a plain http address, not even on this machine: open the address that the gateway itself serves, or give it TLS.'
    : ''
  return withFacts(
    error,
    {},
    {
      message: `${error.message} If the gateway runs, ${location.origin} may be missing in its allowedOrigins.${rule}`,
    },
  )
}

async function permissionState(
  permissions: NonNullable<PageGlobals['navigator']>['permissions'] | undefined,
): Promise<string | undefined> {
  for (const name of PERMISSIONS) {
    try {
      const found = await permissions?.query({ name })
      if (found) return found.state
    } catch {
      // Not a permission of this browser.
    }
  }
  return undefined
}

/** Runs the work, and explains its failure. */
export async function explained<Result>(target: URL, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw await explainUnreachable(error, target)
  }
}
