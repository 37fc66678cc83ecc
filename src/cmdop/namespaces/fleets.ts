import type { CallOptions } from '../../core/call.js'
import { MfaRequirementSchema } from '../gen/cmdop/core/v1/common_pb.js'
import type { Answer } from '../ops.js'
import { byCursor, byOffset, each, offsetPage } from '../pages.js'
import { enumNumber, type MfaRequired } from '../plain.js'
import { NotFoundError } from '../errors.js'
import { checkedPage, required, steering, type Context, type FleetScoped, type OffsetOptions } from './context.js'
import { machineQuery, type ListMachinesOptions } from './machines.js'

export type Fleet = Answer<'fleets.list'>['items'][number]
export type Member = Answer<'fleets.members.list'>['items'][number]
type InFleet = CallOptions & FleetScoped

export interface Fleets {
  list(options?: OffsetOptions): Promise<Answer<'fleets.list'>>
  iter(options?: OffsetOptions): AsyncGenerator<Fleet, void>
  pages(options?: OffsetOptions): AsyncGenerator<Answer<'fleets.list'>, void>
  /** There is no such request: the list is searched, page by page. */
  get(fleetId: string, options?: CallOptions): Promise<Fleet>
  create(
    fleet: CallOptions & { readonly name: string; readonly slug: string; readonly mfaRequired?: MfaRequired },
  ): Promise<Answer<'fleets.create'>>
  update(
    fleetId: string,
    changes?: CallOptions & { readonly name?: string; readonly mfaRequired?: MfaRequired },
  ): Promise<Answer<'fleets.update'>>
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

export function createFleets({ invoke, fleet }: Context): Fleets {
  const pages = (options: OffsetOptions = {}) =>
    byOffset((page) => invoke('fleets.list', { page }, steering(options)), offsetPage(options.page, options.perPage))

  return {
    async list(options = {}) {
      checkedPage('fleets.list', options)
      return invoke('fleets.list', { page: offsetPage(options.page, options.perPage) }, steering(options))
    },
    pages,
    iter: (options) => each(pages(options), ({ items }) => items),
    async get(fleetId, options = {}) {
      required('fleets.get', 'a fleet id', fleetId)
      for await (const { items } of pages(options)) {
        const found = items.find(({ id }) => id === fleetId)
        if (found) return found
      }
      const message = `No fleet of yours has the id ${fleetId}.`
      throw new NotFoundError({ code: 'not_found', message, op: 'fleets.get', sent: 'yes', remoteCode: 'not_found' })
    },
    async create({ name, slug, mfaRequired = 'none', ...options }) {
      const op = 'fleets.create'
      const request = { name: required(op, 'a name', name), slug: required(op, 'a slug', slug) }
      return invoke(op, { ...request, mfaRequired: mfaNumber(op, mfaRequired) }, steering(options))
    },
    async update(fleetId, { name, mfaRequired, ...options } = {}) {
      const op = 'fleets.update'
      const mfa = mfaRequired === undefined ? undefined : mfaNumber(op, mfaRequired)
      return invoke(op, { fleetId: required(op, 'a fleet id', fleetId), name, mfaRequired: mfa }, steering(options))
    },
    async disable(fleetId, options) {
      await invoke('fleets.disable', { fleetId: required('fleets.disable', 'a fleet id', fleetId) }, options)
    },
    members: createMembers({ invoke, fleet }),
    machines: createFleetMachines({ invoke, fleet }),
  }
}

function createMembers({ invoke, fleet }: Context): Fleets['members'] {
  const op = 'fleets.members'
  const ask = async (fleetId: string | undefined, page: { offset: number; perPage: number }, options: CallOptions) =>
    invoke('fleets.members.list', { fleetId: fleet(`${op}.list`, fleetId), page }, steering(options))
  const pages = (fleetId?: string, options: OffsetOptions = {}) =>
    byOffset((page) => ask(fleetId, page, options), offsetPage(options.page, options.perPage))

  return {
    async list(fleetId, options = {}) {
      checkedPage(`${op}.list`, options)
      return ask(fleetId, offsetPage(options.page, options.perPage), options)
    },
    pages,
    iter: (fleetId, options) => each(pages(fleetId, options), ({ items }) => items),
    async add({ email, role = 'member' }, options = {}) {
      const name = `${op}.add` as const
      const request = { fleetId: fleet(name, options.fleetId), email: required(name, 'an email', email), role }
      return invoke(name, request, steering(options))
    },
    async setRole(userId, role, options = {}) {
      const name = `${op}.setRole` as const
      const who = { fleetId: fleet(name, options.fleetId), userId: required(name, 'a user id', userId) }
      return invoke(name, { ...who, role: required(name, 'a role', role) }, steering(options))
    },
    async remove(userId, options = {}) {
      const name = `${op}.remove` as const
      await invoke(name, { fleetId: fleet(name, options.fleetId), userId: required(name, 'a user id', userId) }, steering(options))
    },
  }
}

function createFleetMachines({ invoke, fleet }: Context): Fleets['machines'] {
  const op = 'fleets.machines'
  const list = async (fleetId?: string, options: ListMachinesOptions = {}) =>
    invoke('fleets.machines.list', { fleetId: fleet(`${op}.list`, fleetId), ...machineQuery(options) }, steering(options))
  const pages = (fleetId?: string, options: ListMachinesOptions = {}) =>
    byCursor((cursor) => list(fleetId, { ...options, cursor }), options.cursor)
  const link = (name: string, machineId: string, options: InFleet) => ({
    fleetId: fleet(name, options.fleetId),
    machineId: required(name, 'a machine id', machineId),
  })

  return {
    list,
    pages,
    iter: (fleetId, options) => each(pages(fleetId, options), ({ items }) => items),
    attach: async (machineId, options = {}) =>
      invoke('fleets.machines.attach', link(`${op}.attach`, machineId, options), steering(options)),
    async detach(machineId, options = {}) {
      await invoke('fleets.machines.detach', link(`${op}.detach`, machineId, options), steering(options))
    },
  }
}
