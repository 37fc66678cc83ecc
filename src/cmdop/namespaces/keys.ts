import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byOffset } from '../pages.js'
import { about, listed, needed, type Context, type FleetScoped, type InFleet, type OffsetOptions } from './context.js'

export interface Keys {
  list(options?: OffsetOptions & FleetScoped): Promise<Answer<'keys.list'>>
  iter(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'keys.list'>['items'][number], void>
  pages(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'keys.list'>, void>
  /** The answer's `rawToken` is shown this once. */
  issue(key: InFleet & { readonly name: string; readonly expiresInDays?: number }): Promise<Answer<'keys.issue'>>
  revoke(keyId: string, options?: InFleet): Promise<void>
}

export function createKeys(context: Context): Keys {
  const { invoke, fleet } = context
  const lists = listed(context, 'keys.list', byOffset, (options: OffsetOptions & FleetScoped = {}) => [
    fleet('keys.list', options),
    options,
  ])
  return {
    ...lists,
    async issue({ name, expiresInDays, ...options }) {
      const op = 'keys.issue'
      if (expiresInDays !== undefined && !(Number.isInteger(expiresInDays) && expiresInDays >= 1)) {
        throw refused(op, `expiresInDays is ${expiresInDays}; it must be a whole number from 1, or absent for a key that stays.`)
      }
      return invoke(op, { ...fleet(op, options), ...needed(op, { name }), expiresInDays }, options)
    },
    revoke: about(context, 'keyId', fleet)('keys.revoke'),
  }
}
