import { ScheduleTargetKindSchema } from '../gen/cmdop/core/v1/common_pb.js'
import { refused } from '../errors.js'
import type { Answer } from '../ops.js'
import { byCursor, byOffset } from '../pages.js'
import { enumNumber, type TargetKind } from '../plain.js'
import { about, listed, needed, type Context, type FleetScoped, type InFleet, type OffsetOptions } from './context.js'

/**
 * A command that machines run at certain times.
 */
export type Schedule = Answer<'schedules.list'>['items'][number]
/**
 * One run of a schedule.
 */
export type ScheduleRun = Answer<'schedules.runs'>['items'][number]

/**
 * The fields of a schedule.
 */
export interface ScheduleFields {
  /**
   * The name that people see.
   */
  readonly name: string
  /**
   * When it runs, for example `0 3 * * *`.
   */
  readonly cronExpr: string
  /**
   * The shell command.
   */
  readonly command: string
  /**
   * A note for people.
   */
  readonly description?: string
  /**
   * The time zone of `cronExpr`. Default `UTC`.
   */
  readonly timezone?: string
  /**
   * Which machines run it. Default `all_fleet_machines`.
   */
  readonly targetKind?: TargetKind
  /**
   * Default true.
   */
  readonly isEnabled?: boolean
  /**
   * The machines, with `specific_machines`.
   */
  readonly machineIds?: readonly string[]
}
/**
 * Which runs are wanted.
 */
export interface RunsOptions extends InFleet {
  /**
   * Runs per page. Default 50.
   */
  readonly limit?: number
  /**
   * `nextCursor` of an earlier page.
   */
  readonly cursor?: string
}

/**
 * Schedules of a fleet. Without `fleetId` the fleet of the client is meant. Core 1.x and REST.
 */
export interface Schedules {
  /**
   * One page of schedules.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * console.log((await cmdop.schedules.list()).items.map(({ name }) => name))
   */
  list(options?: OffsetOptions & FleetScoped): Promise<Answer<'schedules.list'>>
  /**
   * The schedules of all pages.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { name, nextRunAt } of cmdop.schedules.iter()) console.log(name, nextRunAt)
   */
  iter(options?: OffsetOptions & FleetScoped): AsyncGenerator<Schedule, void>
  /**
   * All pages of schedules, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { items } of cmdop.schedules.pages()) console.log(items.length)
   */
  pages(options?: OffsetOptions & FleetScoped): AsyncGenerator<Answer<'schedules.list'>, void>
  /**
   * One schedule.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * console.log((await cmdop.schedules.get('00000000-0000-4000-8006-000000000001')).lastStatus)
   */
  get(scheduleId: string, options?: InFleet): Promise<Schedule>
  /**
   * Makes a schedule.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * const { id } = await cmdop.schedules.create({ name: 'nightly', cronExpr: '0 3 * * *', command: 'backup.sh' })
   * console.log(id)
   */
  create(schedule: ScheduleFields & InFleet): Promise<Schedule>
  /**
   * Changes a schedule. Only what is given is sent. An empty `machineIds` is refused: the protocol cannot say it.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * await cmdop.schedules.update('00000000-0000-4000-8006-000000000001', { isEnabled: false })
   */
  update(scheduleId: string, changes: Partial<ScheduleFields> & InFleet): Promise<Schedule>
  /**
   * Deletes a schedule for good.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * await cmdop.schedules.delete('00000000-0000-4000-8006-000000000001')
   */
  delete(scheduleId: string, options?: InFleet): Promise<void>
  /**
   * Runs a schedule now.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * const { queued } = await cmdop.schedules.trigger('00000000-0000-4000-8006-000000000001')
   * console.log(queued)
   */
  trigger(scheduleId: string, options?: InFleet): Promise<Answer<'schedules.trigger'>>
  /**
   * One page of the runs of a schedule, newest first.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * const { items } = await cmdop.schedules.runs('00000000-0000-4000-8006-000000000001', { limit: 5 })
   * console.log(items.map(({ status }) => status))
   */
  runs(scheduleId: string, options?: RunsOptions): Promise<Answer<'schedules.runs'>>
  /**
   * The runs of all pages, newest first.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { startedAt, status } of cmdop.schedules.iterRuns('00000000-0000-4000-8006-000000000001')) console.log(startedAt, status)
   */
  iterRuns(scheduleId: string, options?: RunsOptions): AsyncGenerator<ScheduleRun, void>
  /**
   * All pages of runs, newest first.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore(), fleetId: '00000000-0000-4000-8002-000000000001' })
   * for await (const { items } of cmdop.schedules.pagesRuns('00000000-0000-4000-8006-000000000001')) console.log(items.length)
   */
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
    async create(schedule) {
      const op = 'schedules.create'
      const { name, cronExpr, command, description = '', timezone = 'UTC', isEnabled = true, machineIds = [] } = schedule
      const targetKind = targetNumber(op, schedule.targetKind ?? 'all_fleet_machines')
      const what = { description, timezone, isEnabled, targetKind, machineIds: [...machineIds] }
      return invoke(op, { ...fleet(op, schedule), ...needed(op, { name, cronExpr, command }), ...what }, schedule)
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
