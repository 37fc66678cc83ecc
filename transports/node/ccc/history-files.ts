/**
 * The history as it stands on disk, for whoever is on the server's machine. It sees what the API hides behind a line of 64 KiB, and reads a
 * gigabyte in constant memory.
 */
import { createReadStream, watch } from 'node:fs'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ndjsonDecoder } from '../../../src/core/codec/ndjson.js'
import { sleep, systemClock, type Clock } from '../../../src/core/clock.js'
import { createStream, type SignalStream } from '../../../src/core/stream.js'
import { SignalboxError } from '../../../src/errors.js'
import type { CccMessage } from '../../../src/ccc/index.js'
import { expandHome } from './socket.js'

export interface CccHistoryFilesOptions {
  /** The home of the user who runs the server. Default: this user's. */
  readonly home?: string
  /** How often a followed file is looked at. Default 1 s; on top of that the system's own notice wakes us. */
  readonly pollMs?: number
  readonly clock?: Clock
}

export interface HistoryRange {
  /** By session name, looked up in the server's configuration, or by topic. */
  readonly session?: string
  readonly topic?: number
  readonly since?: Date | number
  readonly until?: Date | number
  readonly signal?: AbortSignal
}

/** A place in the files, for going on later. */
export interface HistoryPosition {
  readonly topic: number
  readonly file: string
  readonly offset: number
}

export interface FollowOptions extends HistoryRange {
  /** Where an earlier reading stopped: `cursor` of that stream. Default: the end. */
  readonly after?: HistoryPosition
}

export interface CccHistoryFiles {
  topicOf(session: string): Promise<number>
  topics(): Promise<readonly number[]>
  /** In the order in which it was written. */
  read(range: HistoryRange): AsyncIterable<CccMessage>
  /** Goes on for ever, from the end or from a position; `cursor` says where it stands. */
  follow(options: FollowOptions): SignalStream<CccMessage, HistoryPosition>
}

const NEWLINE = 0x0a
const CHUNK_BYTES = 64 * 1024
/** A file's name says its hour in the writer's time zone, which is not known here: so far may the two be apart. */
const ZONE_MS = 15 * 3_600_000
const HOUR_FILE = /^(\d{4})-(\d{2})-(\d{2})-(\d{2})\.jsonl$/

export function cccHistoryFiles(options: CccHistoryFilesOptions = {}): CccHistoryFiles {
  const { pollMs = 1_000, clock = systemClock } = options
  const home = expandHome(options.home ?? '~')
  const root = join(home, '.ccc', 'history')
  const folderOf = (topic: number): string => join(root, String(topic), 'messages')

  const topicOf = async (session: string): Promise<number> => {
    // The file holds the bot's token, so nothing of it but the number leaves this function.
    const config = JSON.parse(await readFile(join(home, '.ccc.json'), 'utf8')) as {
      sessions?: Record<string, { topic_id?: unknown }>
    }
    const topic = config.sessions?.[session]?.topic_id
    if (typeof topic === 'number' && topic !== 0) return topic
    throw new SignalboxError({
      code: 'not_found',
      system: 'ccc',
      message:
        topic === undefined
          ? `The configuration has no session ${session}.`
          : `The session ${session} has no topic, so it keeps no history.`,
    })
  }
  const resolved = async (range: HistoryRange): Promise<number> => {
    if (range.topic !== undefined) return range.topic
    if (range.session !== undefined) return topicOf(range.session)
    throw new SignalboxError({ code: 'invalid_argument', system: 'ccc', message: 'Name a session or a topic.' })
  }
  const filesOf = async (topic: number): Promise<string[]> => {
    const names = await readdir(folderOf(topic)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [] as string[]
      throw error
    })
    return names.filter((name) => HOUR_FILE.test(name)).sort()
  }

  async function* read(range: HistoryRange): AsyncGenerator<CccMessage, void, void> {
    const topic = await resolved(range)
    const since = seconds(range.since)
    const until = seconds(range.until)
    for (const name of await filesOf(topic)) {
      if (!mayHold(name, since, until)) continue
      for await (const message of messagesOf(join(folderOf(topic), name), range.signal)) {
        if ((since === undefined || message.ts >= since) && (until === undefined || message.ts < until)) yield message
      }
    }
  }

  const follow = (given: FollowOptions): SignalStream<CccMessage, HistoryPosition> => {
    const stopping = new AbortController()
    const stop = (): void => stopping.abort(given.signal?.reason)
    if (given.signal?.aborted) stop()
    else given.signal?.addEventListener('abort', stop, { once: true })
    const places = new WeakMap<CccMessage, HistoryPosition>()
    let position: HistoryPosition | undefined = given.after

    const start = async (): Promise<HistoryPosition> => {
      const topic = given.after?.topic ?? (await resolved(given))
      const last = (await filesOf(topic)).at(-1)
      if (last === undefined) return { topic, file: '', offset: 0 }
      return { topic, file: last, offset: await lastLineEnd(join(folderOf(topic), last)) }
    }
    /** What was written behind the position: complete lines only, a torn one is waited for. */
    const gather = async (from: HistoryPosition): Promise<CccMessage[]> => {
      const found: CccMessage[] = []
      for (const name of await filesOf(from.topic)) {
        if (name < from.file) continue
        const offset = name === from.file ? from.offset : 0
        for (const { message, end } of await linesFrom(join(folderOf(from.topic), name), offset)) {
          position = { topic: from.topic, file: name, offset: end }
          if (!message) continue
          places.set(message, position)
          found.push(message)
        }
        if (found.length > 0) break
      }
      return found
    }

    return createStream<CccMessage, HistoryPosition>({
      start: given.after,
      cursorOf: (message) => places.get(message),
      async pull() {
        position ??= await start()
        for (;;) {
          if (stopping.signal.aborted) return null
          const found = await gather(position)
          if (found.length > 0) return found
          await change(folderOf(position.topic), pollMs, clock, stopping.signal)
        }
      },
      async close() {
        stopping.abort()
        given.signal?.removeEventListener('abort', stop)
      },
    })
  }

  return {
    topicOf,
    async topics() {
      const names = await readdir(root).catch(() => [] as string[])
      return names
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .sort((a, b) => a - b)
    },
    read,
    follow,
  }
}

function seconds(when: Date | number | undefined): number | undefined {
  return when === undefined ? undefined : Math.floor((when instanceof Date ? when.getTime() : when) / 1000)
}

function mayHold(name: string, since: number | undefined, until: number | undefined): boolean {
  const [, year, month, day, hour] = (HOUR_FILE.exec(name) ?? []).map(Number)
  const begins = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour)
  if (since !== undefined && begins + 3_600_000 + ZONE_MS < since * 1000) return false
  return until === undefined || begins - ZONE_MS <= until * 1000
}

function isMessage(value: unknown): value is CccMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as CccMessage).ts === 'number' &&
    typeof (value as CccMessage).from === 'string'
  )
}

/** Broken and blank lines are passed over, as the server does; a missing last newline is fine. */
async function* messagesOf(path: string, signal: AbortSignal | undefined): AsyncGenerator<CccMessage, void, void> {
  const decoder = ndjsonDecoder({ onInvalid: () => undefined })
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) })
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (const value of decoder.push(new Uint8Array(chunk))) if (isMessage(value)) yield value
      if (decoder.fault) throw decoder.fault
    }
    for (const value of decoder.end()) if (isMessage(value)) yield value
  } finally {
    stream.destroy()
  }
}

interface PlacedLine {
  readonly message: CccMessage | undefined
  readonly end: number
}

/** At most one chunk beyond the offset, or as much more as its first line needs; so memory is bounded by the longest line. */
async function linesFrom(path: string, offset: number): Promise<PlacedLine[]> {
  const file = await open(path, 'r')
  try {
    const placed: PlacedLine[] = []
    let at = offset
    let rest: Buffer = Buffer.alloc(0)
    while (placed.length === 0) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, at + rest.length)
      if (bytesRead === 0) break
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      for (let newline = rest.indexOf(NEWLINE); newline !== -1; newline = rest.indexOf(NEWLINE)) {
        const line = rest.subarray(0, newline).toString('utf8')
        at += newline + 1
        rest = rest.subarray(newline + 1)
        placed.push({ message: parsed(line), end: at })
      }
    }
    return placed
  } finally {
    await file.close()
  }
}

function parsed(line: string): CccMessage | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isMessage(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Where the last complete line ends. */
async function lastLineEnd(path: string): Promise<number> {
  const { size } = await stat(path)
  const file = await open(path, 'r')
  try {
    for (let end = size; end > 0; end -= CHUNK_BYTES) {
      const begin = Math.max(0, end - CHUNK_BYTES)
      const { buffer } = await file.read(Buffer.alloc(end - begin), 0, end - begin, begin)
      const newline = buffer.lastIndexOf(NEWLINE)
      if (newline !== -1) return begin + newline + 1
    }
    return 0
  } finally {
    await file.close()
  }
}

/** Waits for the system's notice of a change, and no longer than a poll: not every file system gives notice. */
async function change(folder: string, pollMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const woken = new AbortController()
  const wake = (): void => woken.abort()
  signal.addEventListener('abort', wake, { once: true })
  let watcher: ReturnType<typeof watch> | undefined
  try {
    watcher = watch(folder, wake)
    watcher.on('error', () => {})
  } catch {
    // The folder is not there yet, or cannot be watched.
  }
  try {
    await sleep(clock, pollMs, woken.signal)
  } catch {
    // Woken.
  } finally {
    watcher?.close()
    signal.removeEventListener('abort', wake)
  }
}
