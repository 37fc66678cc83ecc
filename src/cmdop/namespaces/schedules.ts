import { ScheduleTargetKindSchema } from '../gen/cmdop/core/v1/common_pb.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byCursor, byOffset } from '../pages.js'
import { enumNumber, type TargetKind } from '../plain.js'
import { about, listed, needed, type Context, type FleetScoped, type InFleet, type OffsetOptions } from './context.js'

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

export function createSchedules(context: Context): Schedules {
  const { invoke, fleet } = context
  const schedule = about(context, 'scheduleId', fleet)
  const lists = listed(context, 'schedules.list', byOffset, (options: OffsetOptions & FleetScoped = {}) => [
    fleet('schedules.list', options),
    options,
  ])
  const runs = listed(context, 'schedules.runs', byCursor, (scheduleId: string, options: RunsOptions = {}) => {
    const op = 'schedules.runs'
    return [{ ...fleet(op, options), ...needed(op, { scheduleId }), limit: options.limit ?? 50 }, options]
  })

  return {
    ...lists,
    get: schedule('schedules.get'),
    async create(given) {
      const op = 'schedules.create'
      const { name, cronExpr, command, description = '', timezone = 'UTC', isEnabled = true, machineIds = [] } = given
      const targetKind = targetNumber(op, given.targetKind ?? 'all_fleet_machines')
      const what = { description, timezone, isEnabled, targetKind, machineIds: [...machineIds] }
      return invoke(op, { ...fleet(op, given), ...needed(op, { name, cronExpr, command }), ...what }, given)
    },
    update: schedule('schedules.update', (changes: Partial<ScheduleFields> & InFleet) => {
      const op = 'schedules.update'
      const { name, description, cronExpr, timezone, command, targetKind, isEnabled, machineIds } = changes
      if (machineIds?.length === 0)
        throw refused(op, 'machineIds is empty, which the protocol cannot say.', 'Set targetKind instead.')
      const target = targetKind === undefined ? undefined : targetNumber(op, targetKind)
      const machines = machineIds ? { machineIds: [...machineIds] } : {}
      return { name, description, cronExpr, timezone, command, targetKind: target, isEnabled, ...machines }
    }),
    delete: schedule('schedules.delete'),
    trigger: schedule('schedules.trigger'),
    runs: runs.list,
    pagesRuns: runs.pages,
    iterRuns: runs.iter,
  }
}
