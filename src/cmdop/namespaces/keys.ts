import type { CallOptions } from '../../core/call.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byOffset, each, offsetPage } from '../pages.js'
import { checkedPage, required, steering, type Context, type FleetScoped, type OffsetOptions } from './context.js'

type InFleet = CallOptions & FleetScoped

export interface Keys {
  list(options?: OffsetOptions & FleetScoped): Promise<Answer<'keys.list'>>
  iter(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'keys.list'>['items'][number], void>
  pages(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'keys.list'>, void>
  /** The answer's `rawToken` is shown this once. */
  issue(key: InFleet & { readonly name: string; readonly expiresInDays?: number }): Promise<Answer<'keys.issue'>>
  revoke(keyId: string, options?: InFleet): Promise<void>
}

export function createKeys({ invoke, fleet }: Context): Keys {
  const listed = async (page: { offset: number; perPage: number }, options: InFleet) =>
    invoke('keys.list', { fleetId: fleet('keys.list', options.fleetId), page }, steering(options))
  const pages = (options: OffsetOptions & FleetScoped = {}) =>
    byOffset((page) => listed(page, options), offsetPage(options.page, options.perPage))

  return {
    async list(options = {}) {
      checkedPage('keys.list', options)
      return listed(offsetPage(options.page, options.perPage), options)
    },
    pages,
    iter: (options) => each(pages(options), ({ items }) => items),
    async issue({ name, expiresInDays, fleetId, ...options }) {
      const op = 'keys.issue'
      if (expiresInDays !== undefined && !(Number.isInteger(expiresInDays) && expiresInDays >= 1)) {
        throw refused(op, `expiresInDays is ${expiresInDays}; it must be a whole number from 1, or absent for a key that stays.`)
      }
      return invoke(op, { fleetId: fleet(op, fleetId), name: required(op, 'a name', name), expiresInDays }, steering(options))
    },
    async revoke(keyId, options = {}) {
      const op = 'keys.revoke'
      await invoke(op, { fleetId: fleet(op, options.fleetId), keyId: required(op, 'a key id', keyId) }, steering(options))
    },
  }
}
