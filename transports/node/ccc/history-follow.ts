/**
 * What is written to a topic's history while we look. Several processes write, maybe in different time zones and so to different files at
 * once: how far each recent file was read is kept, and not one place.
 */
import { join } from 'node:path'
import { sleep, type Clock } from '../../../src/core/clock.js'
import { SignalboxError } from '../../../src/errors.js'
import type { CccMessage } from '../../../src/ccc/index.js'
import { mayGrowBeside, mayHold } from './history-hours.js'
import { lastLineEnd, linesFrom, sizeOf } from './history-lines.js'

/** Where a reading stands: plain data, for going on later. */
export interface CccHistoryPosition {
  readonly topic: number
  /** How many bytes of each recent file have been read. */
  readonly files: Readonly<Record<string, number>>
}

export interface Followed {
  readonly topic: number
  readonly folder: string
  readonly list: () => Promise<readonly string[]>
  readonly maxLineBytes: number
  readonly pollMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface Placed {
  readonly message: CccMessage
  readonly position: CccHistoryPosition
}

/** The end of what is there, or the beginning of what may be as young as `since`. */
export async function startOf({ topic, folder, list }: Followed, since: number | undefined): Promise<CccHistoryPosition> {
  const names = await list()
  const newest = names.at(-1) ?? ''
  const files: Record<string, number> = {}
  for (const name of names) {
    if (since !== undefined && mayHold(name, since, undefined)) files[name] = 0
    else if (mayGrowBeside(name, newest)) files[name] = await lastLineEnd(join(folder, name))
  }
  return { topic, files }
}

/** Never ends by itself. Complete lines only: a torn one is waited for. */
export async function* followed(given: Followed, start: CccHistoryPosition): AsyncGenerator<readonly Placed[], void, void> {
  const { topic, folder, list, maxLineBytes, pollMs, clock, signal } = given
  let files = start.files
  const sizes = new Map<string, number>()

  for (;;) {
    for (const name of await list()) {
      const read = readSoFar(files, name)
      if (read === undefined) continue
      const path = join(folder, name)
      const size = await sizeOf(path)
      if (size === undefined) continue
      if (size < read) throw replaced(path)
      if (size === read || size === sizes.get(name)) continue
      sizes.set(name, size)
      for await (const lines of linesFrom(path, read, maxLineBytes)) {
        const placed: Placed[] = []
        for (const { message, end, last } of lines) {
          if (last) continue
          files = { ...files, [name]: end }
          if (message) placed.push({ message, position: { topic, files } })
        }
        if (placed.length > 0) yield placed
      }
    }
    files = stillGrowing(files)
    await sleep(clock, pollMs, signal)
  }
}

/** A file that was not there before is new, unless it is so old that it was left out on purpose. */
function readSoFar(files: Readonly<Record<string, number>>, name: string): number | undefined {
  const known = files[name]
  if (known !== undefined) return known
  const newest = newestOf(files)
  return newest === undefined || mayGrowBeside(name, newest) ? 0 : undefined
}

function stillGrowing(files: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const newest = newestOf(files)
  if (newest === undefined || Object.keys(files).every((name) => mayGrowBeside(name, newest))) return files
  return Object.fromEntries(Object.entries(files).filter(([name]) => mayGrowBeside(name, newest)))
}

function newestOf(files: Readonly<Record<string, number>>): string | undefined {
  return Object.keys(files).sort().at(-1)
}

function replaced(path: string): SignalboxError {
  return new SignalboxError({
    code: 'resume_gap',
    system: 'ccc',
    message: `${path} is shorter than what was read of it: somebody replaced it.`,
    hint: 'Follow anew without a position, and read() what lies between.',
  })
}
