/** The methods of the client but for its stream: they load together, with the first that is called. */
import type { Clock } from '../core/clock.js'
import { createAsks } from './asks.js'
import type { Ccc, CccOptions } from './client.js'
import type { Core } from './core.js'
import { createTyped } from './typed.js'

export type Methods = Omit<Ccc, 'call' | 'subscribe' | 'close' | typeof Symbol.asyncDispose>

export function createMethods(core: Core, clock: Clock, options: CccOptions): Methods {
  const command = createTyped(core, options)
  return {
    ...createAsks(command, clock, options),
    ping: (given) => command('ping', given),
    sessions: (given) => command('sessions', given),
    history: (given) => command('history', given),
    continue: (given) => command('continue', given),
    activity: (given) => command('activity', given),
    screenshot: (given) => command('screenshot', given),
    questions: (given) => command('questions', given),
    answer: (given) => command('answer', given),
  }
}
