import type { CallOptions } from '../../core/call.js'
import { ScheduleTargetKindSchema } from '../gen/cmdop/core/v1/common_pb.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byCursor, byOffset, each, offsetPage } from '../pages.js'
import { enumNumber, type TargetKind } from '../plain.js'
import { checkedPage, required, steering, type Context, type FleetScoped, type OffsetOptions } from './context.js'

type InFleet = CallOptions & FleetScoped
export type Schedule = Answer<'schedules.list'>['items'][number]
export type ScheduleRun = Answer<'schedules.runs'>['items'][number]

export interface ScheduleFields {
  readonly name: string
  readonly cronExpr: string
  readonly command: string
  readonly description?: string
  /** Default `UTC`. */
  readonly timezone?: string
  /** Default `all_fleet_machines`. */
  readonly targetKind?: TargetKind
  /** Default true. */
  readonly isEnabled?: boolean
  readonly machineIds?: readonly string[]
}
export interface RunsOptions extends InFleet {
  readonly limit?: number
  readonly cursor?: string
}

export interface Schedules {
  list(options?: OffsetOptions & FleetScoped): Promise<Answer<'schedules.list'>>
  iter(options?: OffsetOptions & FleetScoped): AsyncGenerator<Schedule, void>
  pages(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'schedules.list'>, void>
  get(scheduleId: string, options?: InFleet): Promise<Schedule>
  create(schedule: ScheduleFields & InFleet): Promise<Schedule>
  /** Only what is given is sent. An empty `machineIds` cannot be: the wire has no way to say it, so it is refused. */
  update(scheduleId: string, changes: Partial<ScheduleFields> & InFleet): Promise<Schedule>
  /** For good. */
  delete(scheduleId: string, options?: InFleet): Promise<void>
  trigger(scheduleId: string, options?: InFleet): Promise<Answer<'schedules.trigger'>>
  /** Newest first. */
  runs(scheduleId: string, options?: RunsOptions): Promise<Answer<'schedules.runs'>>
  iterRuns(scheduleId: string, options?: RunsOptions): AsyncGenerator<ScheduleRun, void>
  pagesRuns(scheduleId: string, options?: RunsOptions): AsyncGenerator<Answer<'schedules.runs'>, void>
}

const targetNumber = (op: string, text: TargetKind): number => enumNumber(ScheduleTargetKindSchema, text, op, 'targetKind')

export function createSchedules({ invoke, fleet }: Context): Schedules {
  const one = (op: string, scheduleId: string, options: FleetScoped) => ({
    fleetId: fleet(op, options.fleetId),
    scheduleId: required(op, 'a schedule id', scheduleId),
  })
  const listed = async (page: { offset: number; perPage: number }, options: InFleet) =>
    invoke('schedules.list', { fleetId: fleet('schedules.list', options.fleetId), page }, steering(options))
  const pages = (options: OffsetOptions & FleetScoped = {}) =>
    byOffset((page) => listed(page, options), offsetPage(options.page, options.perPage))
  const runs = async (scheduleId: string, options: RunsOptions = {}) => {
    const { limit = 50, cursor = '' } = options
    return invoke('schedules.runs', { ...one('schedules.runs', scheduleId, options), limit, cursor }, steering(options))
  }
  const pagesRuns = (scheduleId: string, options: RunsOptions = {}) =>
    byCursor((cursor) => runs(scheduleId, { ...options, cursor }), options.cursor)

  return {
    async list(options = {}) {
      checkedPage('schedules.list', options)
      return listed(offsetPage(options.page, options.perPage), options)
    },
    pages,
    iter: (options) => each(pages(options), ({ items }) => items),
    get: async (scheduleId, options = {}) => invoke('schedules.get', one('schedules.get', scheduleId, options), steering(options)),
    async create(schedule) {
      const op = 'schedules.create'
      const { description = '', timezone = 'UTC', targetKind = 'all_fleet_machines', isEnabled = true, machineIds = [] } = schedule
      const name = required(op, 'a name', schedule.name)
      const when = { cronExpr: required(op, 'a cronExpr', schedule.cronExpr), timezone, isEnabled }
      const what = { command: required(op, 'a command', schedule.command), targetKind: targetNumber(op, targetKind) }
      const request = { fleetId: fleet(op, schedule.fleetId), name, description, ...when, ...what, machineIds: [...machineIds] }
      return invoke(op, request, steering(schedule))
    },
    async update(scheduleId, changes) {
      const op = 'schedules.update'
      const { name, description, cronExpr, timezone, command, targetKind, isEnabled, machineIds } = changes
      if (machineIds?.length === 0)
        throw refused(op, 'machineIds is empty, which the protocol cannot say.', 'Set targetKind instead.')
      const target = targetKind === undefined ? undefined : targetNumber(op, targetKind)
      const given = { name, description, cronExpr, timezone, command, targetKind: target, isEnabled }
      const machines = machineIds ? { machineIds: [...machineIds] } : {}
      return invoke(op, { ...one(op, scheduleId, changes), ...given, ...machines }, steering(changes))
    },
    async delete(scheduleId, options = {}) {
      await invoke('schedules.delete', one('schedules.delete', scheduleId, options), steering(options))
    },
    trigger: async (scheduleId, options = {}) =>
      invoke('schedules.trigger', one('schedules.trigger', scheduleId, options), steering(options)),
    runs,
    pagesRuns,
    iterRuns: (scheduleId, options) => each(pagesRuns(scheduleId, options), ({ items }) => items),
  }
}
