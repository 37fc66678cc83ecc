/** The history of a session with a filter that the oldest servers do not know. */
import type { Clock } from '../core/clock.js'
import type { CccMessage } from './results.js'
import { timeLeft } from './time-left.js'
import type { CommandArguments, RunCommand } from './typed-commands.js'

/** The server's own default. It also takes 0 and negative numbers for it. */
const DEFAULT_LIMIT = 100

/**
 * Servers of January ignore the filter, so their answer is filtered here. If too few entries remain, the next look reads four times as many,
 * until there are enough or the history has no more.
 */
export async function readHistory(command: RunCommand, clock: Clock, args: CommandArguments): Promise<readonly CccMessage[]> {
  const { fromFilter, limit = DEFAULT_LIMIT } = args
  if (!fromFilter) return command('history', args)
  const wanted = limit > 0 ? limit : DEFAULT_LIMIT
  const left = timeLeft(clock, args.timeoutMs)
  for (let askedFor = wanted; ; askedFor *= 4) {
    const messages = await command('history', { ...args, limit: askedFor, timeoutMs: left() })
    const kept = messages.filter(({ from }) => from === fromFilter)
    const filteredByServer = kept.length === messages.length
    if (filteredByServer || kept.length >= wanted || messages.length < askedFor) return kept.slice(-wanted)
  }
}
