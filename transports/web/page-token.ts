/** The token of a page that the gateway's own address opened, with a ticket in its fragment. */
import { gateway, type GatewayClientOptions } from './gateway.js'

interface PageGlobals {
  readonly location: {
    readonly origin: string
    readonly hash: string
    readonly pathname: string
    readonly search: string
    reload(): void
  }
  readonly history: { replaceState(state: unknown, unused: string, url: string): void }
  readonly sessionStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void }
}

/** Options of `pageToken`. */
export interface PageTokenOptions extends Pick<GatewayClientOptions, 'fetch'> {
  /** Where the token is kept for this tab; default `signalbox.token`. */
  readonly storageKey?: string
}

/**
 * Redeems the ticket in the fragment of the page's address, keeps the token for this tab, and loads the page again: the address bar can be
 * changed, but the browser's timing entry of the navigation keeps the ticket until the next load. Returns the kept token, or undefined where
 * there is neither a ticket nor a token.
 *
 * @example
 * import { gateway, pageToken } from 'signalbox/web'
 *
 * const token = await pageToken()
 * const client = token === undefined ? undefined : gateway(location.origin, { token })
 * console.log(await client?.session())
 */
export async function pageToken({
  storageKey = 'signalbox.token',
  ...options
}: PageTokenOptions = {}): Promise<string | undefined> {
  const { location, history, sessionStorage } = globalThis as unknown as PageGlobals
  const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket')
  if (ticket === null) return sessionStorage.getItem(storageKey) ?? undefined
  // The ticket is removed from the address first, so that it is neither bookmarked nor shared.
  history.replaceState(undefined, '', location.pathname + location.search)
  sessionStorage.setItem(storageKey, await gateway(location.origin, { ...options, ticket }).token())
  location.reload()
  // Never resolves: the page is being reloaded, and its program must not continue.
  return new Promise(() => {})
}
