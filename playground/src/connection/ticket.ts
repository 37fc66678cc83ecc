/** The ticket of the address and the token of this tab. The gateway's client is loaded only when one of them is used. */

/** Where the token is kept for this tab. */
export const TOKEN = 'signalbox.token'

/**
 * Takes the ticket out of the address, if there is one. The address in the bar and in the history no longer has it afterwards. The entry of
 * the navigation in the browser's timing list keeps it until the next load, for scripts of this page only, and a ticket works once.
 */
export function takeTicket(): string | undefined {
  const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket')
  if (ticket === null) return undefined
  history.replaceState(undefined, '', location.pathname + location.search)
  return ticket
}

/** True when this tab was connected before its reload. */
export const hasToken = (): boolean => sessionStorage.getItem(TOKEN) !== null

/** Forgets the credential of this tab. The key is left: without the token it opens nothing, and the next ticket replaces it. */
export function forgetToken(): void {
  sessionStorage.removeItem(TOKEN)
}
