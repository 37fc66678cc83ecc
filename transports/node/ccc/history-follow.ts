/**
 * Follows the history of a topic while it grows. Several processes write, maybe in different time zones and so to different files at the same
 * time. So the position holds how far each recent file was read.
 */
import { join } from 'node:path'
import { sleep, type Clock } from '../../../src/core/clock.js'
import { SignalboxError } from '../../../src/errors.js'
import type { CccMessage } from '../../../src/ccc/index.js'
import { mayGrowBeside, mayHold } from './history-hours.js'
import { lastLineEnd, linesFrom, sizeOf } from './history-lines.js'

/** How far a stream has read: plain data, to continue later. */
export interface CccHistoryPosition {
  /** The topic that is followed. */
  readonly topic: number
  /** How many bytes of each recent file were read. */
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

/** The position at the end of all files, or at the start of the files that may hold entries since this time. */
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

/** Yields complete lines only and waits for the rest of a torn one. Ends with the signal. */
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

/** How far a file was read. A file without a position is new, unless it is so old that it was left out. */
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
    message: `${path} is shorter than the part that was read: the file was replaced.`,
    hint: 'Follow again without a position, and read() the entries in between.',
  })
}
