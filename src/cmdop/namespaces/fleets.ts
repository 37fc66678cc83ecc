import type { CallOptions } from '../../core/call.js'
import { MfaRequirementSchema } from '../gen/cmdop/core/v1/common_pb.js'
import type { Answer } from '../ops.js'
import { byCursor, byOffset } from '../pages.js'
import { enumNumber, type MfaRequired } from '../plain.js'
import { NotFoundError } from '../errors.js'
import { about, listed, needed, type Context, type InFleet, type OffsetOptions } from './context.js'
import { machineQuery, type ListMachinesOptions } from './machines.js'

/**
 * A group of machines and of people.
 */
export type Fleet = Answer<'fleets.list'>['items'][number]
/**
 * A person in a fleet.
 */
export type Member = Answer<'fleets.members.list'>['items'][number]
/**
 * The changes to a fleet. A field that is left out stays as it is.
 */
export type FleetChanges = CallOptions & { readonly name?: string; readonly mfaRequired?: MfaRequired }

/**
 * Fleets: groups of machines with members. Core 1.x and REST.
 */
export interface Fleets {
  /**
   * One page of your fleets.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * const { items, total } = await cmdop.fleets.list({ page: 1, perPage: 20 })
   * console.log(items.map(({ name }) => name), total)
   */
  list(options?: OffsetOptions): Promise<Answer<'fleets.list'>>
  /**
   * The fleets of all pages.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const fleet of cmdop.fleets.iter()) console.log(fleet.id, fleet.name)
   */
  iter(options?: OffsetOptions): AsyncGenerator<Fleet, void>
  /**
   * All pages of fleets, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { items } of cmdop.fleets.pages({ perPage: 50 })) console.log(items.length)
   */
  pages(options?: OffsetOptions): AsyncGenerator<Answer<'fleets.list'>, void>
  /**
   * One fleet. The relay has no such request, so the list is searched page by page; fails with `not_found`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * console.log((await cmdop.fleets.get('00000000-0000-4000-8002-000000000001')).name)
   */
  get(fleetId: string, options?: CallOptions): Promise<Fleet>
  /**
   * Makes a fleet. Fails with `conflict` if the slug is taken.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * const fleet = await cmdop.fleets.create({ name: 'Production', slug: 'prod', mfaRequired: 'required' })
   * console.log(fleet.id)
   */
  create(
    fleet: CallOptions & { readonly name: string; readonly slug: string; readonly mfaRequired?: MfaRequired },
  ): Promise<Answer<'fleets.create'>>
  /**
   * Changes a fleet. Only what is given is sent.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * await cmdop.fleets.update('00000000-0000-4000-8002-000000000001', { name: 'Staging' })
   */
  update(fleetId: string, changes?: FleetChanges): Promise<Answer<'fleets.update'>>
  /**
   * Disables a fleet. It stays in the list, with `disabledAt`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * await cmdop.fleets.disable('00000000-0000-4000-8002-000000000001')
   */
  disable(fleetId: string, options?: CallOptions): Promise<void>
  /**
   * The people of a fleet. Without `fleetId` the fleet of the client is meant.
   */
  readonly members: {
    /**
     * One page of members.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * console.log((await cmdop.fleets.members.list()).items.map(({ email }) => email))
     */
    list(fleetId?: string, options?: OffsetOptions): Promise<Answer<'fleets.members.list'>>
    /**
     * The members of all pages.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * for await (const { email, role } of cmdop.fleets.members.iter()) console.log(email, role)
     */
    iter(fleetId?: string, options?: OffsetOptions): AsyncGenerator<Member, void>
    /**
     * All pages of members, one after another.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * for await (const { items } of cmdop.fleets.members.pages()) console.log(items.length)
     */
    pages(fleetId?: string, options?: OffsetOptions): AsyncGenerator<Answer<'fleets.members.list'>, void>
    /**
     * Adds a member. `role` is `owner`, `admin`, `member` (the default) or `viewer`.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * await cmdop.fleets.members.add({ email: 'eve@example.com', role: 'viewer' })
     */
    add(member: { readonly email: string; readonly role?: string }, options?: InFleet): Promise<Member>
    /**
     * Changes the role of a member.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * await cmdop.fleets.members.setRole('00000000-0000-4000-8003-000000000002', 'admin')
     */
    setRole(userId: string, role: string, options?: InFleet): Promise<Member>
    /**
     * Removes a member.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * await cmdop.fleets.members.remove('00000000-0000-4000-8003-000000000002')
     */
    remove(userId: string, options?: InFleet): Promise<void>
  }
  /**
   * The machines of a fleet. Without `fleetId` the fleet of the client is meant.
   */
  readonly machines: {
    /**
     * One page of machines.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * console.log((await cmdop.fleets.machines.list()).items.map(({ hostname }) => hostname))
     */
    list(fleetId?: string, options?: ListMachinesOptions): Promise<Answer<'fleets.machines.list'>>
    /**
     * The machines of all pages.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * for await (const { hostname } of cmdop.fleets.machines.iter()) console.log(hostname)
     */
    iter(fleetId?: string, options?: ListMachinesOptions): AsyncGenerator<Answer<'fleets.machines.list'>['items'][number], void>
    /**
     * All pages of machines, one after another.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * for await (const { items } of cmdop.fleets.machines.pages()) console.log(items.length)
     */
    pages(fleetId?: string, options?: ListMachinesOptions): AsyncGenerator<Answer<'fleets.machines.list'>, void>
    /**
     * Puts a machine into a fleet.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * await cmdop.fleets.machines.attach('00000000-0000-4000-8001-000000000001')
     */
    attach(machineId: string, options?: InFleet): Promise<Answer<'fleets.machines.attach'>>
    /**
     * Takes a machine out of a fleet.
     *
     * @example
     * import { createCmdop } from 'signalbox/cmdop'
     * import { cmdopCore } from 'signalbox/node'
     *
     * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
     * await cmdop.fleets.machines.detach('00000000-0000-4000-8001-000000000001')
     */
    detach(machineId: string, options?: InFleet): Promise<void>
  }
}

const mfaNumber = (op: string, text: MfaRequired): number => enumNumber(MfaRequirementSchema, text, op, 'mfaRequired')

export function createFleets(context: Context): Fleets {
  const { invoke, fleet } = context
  const namedFleet = about(context, 'fleetId')
  const lists = listed(context, 'fleets.list', byOffset, (options: OffsetOptions = {}) => [{}, options])
  const member = about(context, 'userId', fleet)
  const machine = about(context, 'machineId', fleet)

  return {
    ...lists,
    async get(fleetId, options) {
      const op = 'fleets.get'
      needed(op, { fleetId })
      for await (const found of lists.iter(options)) if (found.id === fleetId) return found
      throw new NotFoundError({ code: 'not_found', message: `No fleet of yours has the id ${fleetId}.`, op, sent: 'yes' })
    },
    async create({ name, slug, mfaRequired = 'none', ...options }) {
      const op = 'fleets.create'
      return invoke(op, { ...needed(op, { name, slug }), mfaRequired: mfaNumber(op, mfaRequired) }, options)
    },
    update: namedFleet('fleets.update', ({ name, mfaRequired }: FleetChanges) => ({
      name,
      mfaRequired: mfaRequired === undefined ? undefined : mfaNumber('fleets.update', mfaRequired),
    })),
    disable: namedFleet('fleets.disable'),
    members: {
      ...listed(context, 'fleets.members.list', byOffset, (fleetId?: string, options: OffsetOptions = {}) => [
        fleet('fleets.members.list', { fleetId }),
        options,
      ]),
      async add({ email, role = 'member' }, options = {}) {
        const op = 'fleets.members.add'
        return invoke(op, { ...fleet(op, options), ...needed(op, { email }), role }, options)
      },
      async setRole(userId, role, options = {}) {
        const op = 'fleets.members.setRole'
        return invoke(op, { ...fleet(op, options), ...needed(op, { userId, role }) }, options)
      },
      remove: member('fleets.members.remove'),
    },
    machines: {
      ...listed(context, 'fleets.machines.list', byCursor, (fleetId?: string, options: ListMachinesOptions = {}) => [
        { ...fleet('fleets.machines.list', { fleetId }), ...machineQuery(options) },
        options,
      ]),
      attach: machine('fleets.machines.attach'),
      detach: machine('fleets.machines.detach'),
    },
  }
}
