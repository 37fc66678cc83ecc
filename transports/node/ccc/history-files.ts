/**
 * Reads the history files of a server, on the server's machine. It sees entries that the API hides behind a line of 64 KiB, and its memory does
 * not grow with the files.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../../src/core/clock.js'
import { abortError, createDeadline } from '../../../src/core/deadline.js'
import { createStream, type SignalStream } from '../../../src/core/stream.js'
import { SignalboxError } from '../../../src/errors.js'
import type { CccMessage } from '../../../src/ccc/index.js'
import { followed, startOf, type CccHistoryPosition, type Followed, type Placed } from './history-follow.js'
import { isHourFile, mayHold } from './history-hours.js'
import { faultOf, linesFrom } from './history-lines.js'
import { expandHome } from './socket.js'

/** Options of `cccHistoryFiles`. */
export interface CccHistoryFilesOptions {
  /** Home of the user who runs the server. Default: the home of this user. */
  readonly home?: string
  /** How often `follow` looks at the files. Default 500 ms. */
  readonly pollMs?: number
  /** A longer line fails with `too_large`. Default 32 MiB. */
  readonly maxLineBytes?: number
  /** For tests. */
  readonly clock?: Clock
}

/** A session, whose topic is looked up in the server's configuration, or a topic. */
export type CccHistorySource =
  | { readonly session: string; readonly topic?: never }
  | { readonly topic: number; readonly session?: never }

/** A Date, or milliseconds since 1970. Times in the history are whole seconds. */
export type Moment = Date | number

/** Which entries `read` returns. */
export type CccHistoryRange = CccHistorySource & {
  /** Only entries of this time or later. */
  readonly since?: Moment
  /** Only entries before this time. */
  readonly until?: Moment
  readonly signal?: AbortSignal
}

/** Where `follow` starts. */
export type CccFollowOptions = {
  /** Start with entries of this time or later. Default: only entries that are written from now on. */
  readonly since?: Moment
  /** Ends the stream. */
  readonly signal?: AbortSignal
} & (
  | CccHistorySource
  | {
      readonly session?: never
      readonly topic?: never
      /** The `cursor` of an earlier stream: continue after it. */
      readonly after: CccHistoryPosition
    }
)

/** A reader of history files. */
export interface CccHistoryFiles {
  /**
   * Returns the topic of a session. Fails with `not_found` if the session is not configured or has no topic.
   *
   * @example
   * import { cccHistoryFiles } from 'signalbox/node'
   *
   * console.log(await cccHistoryFiles().topicOf('myproject'))
   */
  topicOf(session: string): Promise<number>
  /**
   * Returns the topics that have files.
   *
   * @example
   * import { cccHistoryFiles } from 'signalbox/node'
   *
   * console.log(await cccHistoryFiles().topics())
   */
  topics(): Promise<readonly number[]>
  /**
   * Yields entries in the server's order: file by file and line by line. Broken lines are passed over.
   *
   * @example
   * import { cccHistoryFiles } from 'signalbox/node'
   *
   * const lastHour = cccHistoryFiles().read({ session: 'myproject', since: Date.now() - 3_600_000 })
   * for await (const { from, text } of lastHour) console.log(from, text)
   */
  read(range: CccHistoryRange): AsyncIterable<CccMessage>
  /**
   * Yields new entries as they are written, until `break`, `close()` or the signal. `cursor` is plain data that continues the
   * stream later.
   *
   * @example
   * import { cccHistoryFiles } from 'signalbox/node'
   *
   * await using entries = cccHistoryFiles().follow({ session: 'myproject' })
   * for await (const { from, text } of entries) console.log(from, text, entries.cursor)
   */
  follow(options: CccFollowOptions): SignalStream<CccMessage, CccHistoryPosition>
}

/**
 * Reads the history files of a CCC server on this machine, without the server.
 *
 * @example
 * import { cccHistoryFiles } from 'signalbox/node'
 *
 * const files = cccHistoryFiles()
 * const since = Date.now() - 3_600_000
 * for await (const { from, text } of files.read({ session: 'myproject', since })) console.log(from, text)
 */
export function cccHistoryFiles(options: CccHistoryFilesOptions = {}): CccHistoryFiles {
  const { pollMs = 500, maxLineBytes = 32 * 1024 * 1024, clock = systemClock } = options
  const home = expandHome(options.home ?? '~')
  const root = join(home, '.ccc', 'history')
  const folderOf = (topic: number): string => join(root, String(topic), 'messages')
  const filesOf = async (topic: number): Promise<string[]> => (await namesIn(folderOf(topic))).filter(isHourFile).sort()

  const topicOf = async (session: string): Promise<number> => {
    const topic = (await configuredTopics(join(home, '.ccc.json'))).get(session)
    if (typeof topic === 'number' && topic !== 0) return topic
    const why = topic === undefined ? 'is not in the configuration' : 'has no topic, so it keeps no history'
    throw new SignalboxError({ code: 'not_found', system: 'ccc', message: `The session ${session} ${why}.` })
  }
  const resolved = async ({ session, topic }: { session?: string | undefined; topic?: number | undefined }): Promise<number> => {
    if (session !== undefined) return topicOf(session)
    if (topic !== undefined && Number.isInteger(topic)) return topic
    throw new SignalboxError({ code: 'invalid_argument', system: 'ccc', message: 'Name a session or a topic.' })
  }

  async function* read(range: CccHistoryRange): AsyncGenerator<CccMessage, void, void> {
    const { signal } = range
    const topic = await resolved(range)
    const since = seconds(range.since)
    const until = seconds(range.until)
    for (const name of await filesOf(topic)) {
      if (!mayHold(name, since, until)) continue
      for await (const lines of linesFrom(join(folderOf(topic), name), 0, maxLineBytes)) {
        for (const { message } of lines) {
          if (signal?.aborted) throw abortError(signal, { system: 'ccc', op: 'read' })
          if (message && (since === undefined || message.ts >= since) && (until === undefined || message.ts < until)) yield message
        }
      }
    }
  }

  const follow = (followOptions: CccFollowOptions): SignalStream<CccMessage, CccHistoryPosition> => {
    const { signal } = followOptions
    const after = 'after' in followOptions ? followOptions.after : undefined
    const since = seconds(followOptions.since)
    const lifetime = createDeadline({ signal })
    const positions = new WeakMap<CccMessage, CccHistoryPosition>()

    const begin = async function* (): AsyncGenerator<readonly Placed[], void, void> {
      const topic = after?.topic ?? (await resolved(followOptions))
      const list = (): Promise<string[]> => filesOf(topic)
      const source: Followed = { topic, folder: folderOf(topic), list, maxLineBytes, pollMs, clock, signal: lifetime.signal }
      yield* followed(source, after ?? (await startOf(source, since)))
    }
    const source = begin()

    return createStream<CccMessage, CccHistoryPosition>({
      start: after,
      cursorOf: (message) => positions.get(message),
      async pull() {
        try {
          if (lifetime.signal.aborted) throw lifetime.signal.reason
          const step = await source.next()
          if (step.done) return null
          for (const { message, position } of step.value) positions.set(message, position)
          return step.value.flatMap(({ message }) => (since === undefined || message.ts >= since ? [message] : []))
        } catch (error) {
          throw signal?.aborted ? abortError(signal, { system: 'ccc', op: 'follow' }) : error
        }
      },
      async close() {
        lifetime.abort()
        await source.return()
        lifetime[Symbol.dispose]()
      },
    })
  }

  return {
    topicOf,
    topics: async () =>
      (await namesIn(root))
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .sort((a, b) => a - b),
    read,
    follow,
  }
}

const seconds = (when: Moment | undefined): number | undefined =>
  when === undefined ? undefined : Math.ceil((when instanceof Date ? when.getTime() : when) / 1000)

/** A missing folder counts as empty: a topic gets its folder with its first message. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    return faultOf(folder)(cause)
  }
}

/** The file holds the token of the bot. So only the topic numbers leave this function, and no error quotes the file. */
async function configuredTopics(path: string): Promise<ReadonlyMap<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(faultOf(path))
  try {
    const { sessions } = JSON.parse(text) as { sessions?: Record<string, { topic_id?: unknown }> }
    return new Map(Object.entries(sessions ?? {}).map(([name, session]) => [name, session.topic_id ?? 0]))
  } catch {
    throw new SignalboxError({ code: 'unavailable', system: 'ccc', message: `${path} is not a configuration file of ccc.` })
  }
}
