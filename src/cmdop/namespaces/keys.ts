import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byOffset } from '../pages.js'
import { about, listed, needed, type Context, type FleetScoped, type InFleet, type OffsetOptions } from './context.js'

/**
 * API keys of a fleet. Without `fleetId` the fleet of the client is meant. Core 1.x and REST.
 */
export interface Keys {
  /**
   * One page of keys. The cores 1.0.2 to 1.1.1 give only the first page: another one fails with `protocol`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * console.log((await cmdop.keys.list()).items.map(({ name, keyPrefix }) => [name, keyPrefix]))
   */
  list(options?: OffsetOptions & FleetScoped): Promise<Answer<'keys.list'>>
  /**
   * The keys of all pages. Over the cores 1.0.2 to 1.1.1 it fails with `protocol` after the first page, if there are more.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { id, name } of cmdop.keys.iter()) console.log(id, name)
   */
  iter(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'keys.list'>['items'][number], void>
  /**
   * All pages of keys, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { items, total } of cmdop.keys.pages()) console.log(items.length, total)
   */
  pages(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'keys.list'>, void>
  /**
   * Makes a key. The answer's `rawToken` is shown this once. Without `expiresInDays` the key does not expire.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * const { rawToken } = await cmdop.keys.issue({ name: 'ci', expiresInDays: 90 })
   * console.log(rawToken.length)
   */
  issue(key: InFleet & { readonly name: string; readonly expiresInDays?: number }): Promise<Answer<'keys.issue'>>
  /**
   * Makes a key useless. It stays in the list, with `revokedAt`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * await cmdop.keys.revoke('00000000-0000-4000-8008-000000000001')
   */
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
