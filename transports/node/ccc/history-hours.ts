/** The name of a history file is the hour in which it was written, in the time zone of its writer, which is unknown here. */

const HOUR_FILE = /^(\d{4})-(\d{2})-(\d{2})-(\d{2})\.jsonl$/
const HOUR_MS = 3_600_000
/** The zones that are farthest from UTC, to the west and to the east. */
const WEST_MS = 12 * HOUR_MS
const EAST_MS = 14 * HOUR_MS

export const isHourFile = (name: string): boolean => HOUR_FILE.test(name)

/** The hour as if it were UTC. */
function named(name: string): number {
  const [, year = 0, month = 1, day = 1, hour = 0] = (HOUR_FILE.exec(name) ?? []).map(Number)
  return Date.UTC(year, month - 1, day, hour)
}

/** Can the file hold entries of this time, in any time zone? Seconds since 1970, the end excluded. */
export function mayHold(name: string, since: number | undefined, until: number | undefined): boolean {
  const hour = named(name)
  if (since !== undefined && hour + HOUR_MS + WEST_MS <= since * 1000) return false
  return until === undefined || hour - EAST_MS < until * 1000
}

/** Can a file still grow when a newer one exists? Writers may have different time zones, and may be late by an hour. */
export function mayGrowBeside(name: string, newest: string): boolean {
  return named(name) >= named(newest) - EAST_MS - WEST_MS - 2 * HOUR_MS
}
