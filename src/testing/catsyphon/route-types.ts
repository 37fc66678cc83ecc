/** Types that the routes of the simulator share. */
import type { Clock } from '../../core/clock.js'
import type { SimulatedAnswer } from './answers.js'
import type { Records } from './records.js'
import type { ParsedRequest } from './request.js'
import type { Generation } from './types.js'
import type { IncomingEvent } from './validate.js'

export interface RouterContext {
  readonly generation: Generation
  readonly records: Records
  readonly clock: Clock
  readonly isHealthy: () => boolean
  readonly poison: (event: IncomingEvent) => boolean
}

/** Waits if a `slow` fault names this phase. */
export type Pause = (phase: 'queued' | 'before-write' | 'in-transaction') => Promise<void>
export type Handler = (request: ParsedRequest, pause: Pause, parameter: string) => Promise<SimulatedAnswer> | SimulatedAnswer

export interface Route {
  readonly method: string
  /** At most one group: the parameter, which never contains a slash. */
  readonly path: RegExp
  readonly handler: Handler
}
