import type { CallOptions } from '../../core/call.js'
import { MfaRequirementSchema } from '../gen/cmdop/core/v1/common_pb.js'
import type { Answer } from '../ops.js'
import { byCursor, byOffset } from '../pages.js'
import { enumNumber, type MfaRequired } from '../plain.js'
import { NotFoundError } from '../errors.js'
import { about, listed, needed, type Context, type InFleet, type OffsetOptions } from './context.js'
import { machineQuery, type ListMachinesOptions } from './machines.js'

export type Fleet = Answer<'fleets.list'>['items'][number]
export type Member = Answer<'fleets.members.list'>['items'][number]
export type FleetChanges = CallOptions & { readonly name?: string; readonly mfaRequired?: MfaRequired }

export interface Fleets {
  list(options?: OffsetOptions): Promise<Answer<'fleets.list'>>
  iter(options?: OffsetOptions): AsyncGenerator<Fleet, void>
  pages(options?: OffsetOptions): AsyncGenerator<Answer<'fleets.list'>, void>
  /** There is no such request: the list is searched, page by page. */
  get(fleetId: string, options?: CallOptions): Promise<Fleet>
  create(
    fleet: CallOptions & { readonly name: string; readonly slug: string; readonly mfaRequired?: MfaRequired },
  ): Promise<Answer<'fleets.create'>>
  update(fleetId: string, changes?: FleetChanges): Promise<Answer<'fleets.update'>>
  disable(fleetId: string, options?: CallOptions): Promise<void>
  readonly members: {
    list(fleetId?: string, options?: OffsetOptions): Promise<Answer<'fleets.members.list'>>
    iter(fleetId?: string, options?: OffsetOptions): AsyncGenerator<Member, void>
    pages(fleetId?: string, options?: OffsetOptions): AsyncGenerator<Answer<'fleets.members.list'>, void>
    add(member: { readonly email: string; readonly role?: string }, options?: InFleet): Promise<Member>
    setRole(userId: string, role: string, options?: InFleet): Promise<Member>
    remove(userId: string, options?: InFleet): Promise<void>
  }
  readonly machines: {
    list(fleetId?: string, options?: ListMachinesOptions): Promise<Answer<'fleets.machines.list'>>
    iter(fleetId?: string, options?: ListMachinesOptions): AsyncGenerator<Answer<'fleets.machines.list'>['items'][number], void>
    pages(fleetId?: string, options?: ListMachinesOptions): AsyncGenerator<Answer<'fleets.machines.list'>, void>
    attach(machineId: string, options?: InFleet): Promise<Answer<'fleets.machines.attach'>>
    detach(machineId: string, options?: InFleet): Promise<void>
  }
}

const mfaNumber = (op: string, text: MfaRequired): number => enumNumber(MfaRequirementSchema, text, op, 'mfaRequired')

export function createFleets(context: Context): Fleets {
  const { invoke, fleet } = context
  const one = about(context, 'fleetId')
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
    update: one('fleets.update', ({ name, mfaRequired }: FleetChanges) => ({
      name,
      mfaRequired: mfaRequired === undefined ? undefined : mfaNumber('fleets.update', mfaRequired),
    })),
    disable: one('fleets.disable'),
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
