/** The history on the server's disk: a file an hour and topic, read with the scanner's limit of 65,535 bytes a line. */
import { compact, encodeGo } from './go-json.js'

/** An entry of the simulated history, with the field names of the wire. */
export interface Entry {
  /** Not unique: see CccMessage. */
  readonly id: number
  /** Unix seconds. */
  readonly ts: number
  /** `human`, `claude` or `api`. */
  readonly from: string
  /** The text of the message. Voice messages and photos have none. */
  readonly text?: string
  /** `voice` or `photo`. */
  readonly type?: string
  /** The text of a voice message. */
  readonly transcription?: string
  /** The file of a voice message or photo on the server. */
  readonly path?: string
  /** The caption of a photo. */
  readonly caption?: string
  /** Author of an `api` entry. */
  readonly agent?: string
  /** `terminal` for a prompt that was typed at the keyboard. */
  readonly username?: string
}

const SCANNER_BYTES = 65_535
/** `activity` reads no more than this of a file, from the newest file on until it finds an entry. */
const TAIL_BYTES = 8 * 1024

const bytesOf = (text: string): number => new TextEncoder().encode(text).byteLength

/** The history of the simulated server: one file for each hour and topic. */
export interface History {
  /**
   * Appends an entry to the file of the current hour.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator({ sessions: [{ name: 'myproject', topic: 7 }] })
   * simulator.history.append(7, { id: 1, ts: 1_767_225_600, from: 'claude', text: 'done' })
   */
  append(topic: number, entry: Entry): void
  /**
   * Appends raw lines to the file of an hour, as another process would. Lines need not be valid.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator({ sessions: [{ name: 'myproject', topic: 7 }] })
   * simulator.history.write(7, '2026-01-01-00', ['{"id":1,"ts":17672'])
   */
  write(topic: number, hour: string, lines: readonly string[]): void
  /**
   * The entries of a topic, oldest first, as the server reads them: lines that it cannot read are left out.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator({ sessions: [{ name: 'myproject', topic: 7 }] })
   * console.log(simulator.history.read(7).length)
   */
  read(topic: number): Entry[]
  /**
   * The last entry within the last 8 KiB of the newest file that has one; undefined if there is none.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator({ sessions: [{ name: 'myproject', topic: 7 }] })
   * console.log(simulator.history.last(7)?.from)
   */
  last(topic: number): Entry | undefined
  /**
   * Time of the last write to a topic, in Unix seconds.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator({ sessions: [{ name: 'myproject', topic: 7 }] })
   * console.log(simulator.history.touchedAt(7))
   */
  touchedAt(topic: number): number
  /**
   * The largest id in any file, as far as the server reads the file. A new daemon continues from it.
   *
   * @example
   * import { createCccSimulator } from 'signalbox/testing'
   *
   * const simulator = createCccSimulator({ sessions: [{ name: 'myproject' }] })
   * console.log(simulator.history.largestId())
   */
  largestId(): number
}

export function createHistory(now: () => number): History {
  const topics = new Map<number, Map<string, string[]>>()
  const touched = new Map<number, number>()
  const hourOf = (ms: number): string => new Date(ms).toISOString().slice(0, 13).replace('T', '-')
  const write = (topic: number, hour: string, lines: readonly string[]): void => {
    const files = topics.get(topic) ?? new Map<string, string[]>()
    topics.set(topic, files)
    files.set(hour, [...(files.get(hour) ?? []), ...lines])
    touched.set(topic, Math.floor(now() / 1000))
  }
  const files = (topic: number): string[][] =>
    [...(topics.get(topic) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, lines]) => lines)
  const parsed = (lines: readonly string[]): Entry[] =>
    lines.flatMap((line) => {
      try {
        const entry = JSON.parse(line) as Entry
        return typeof entry === 'object' && entry !== null ? [{ ...entry, id: entry.id ?? 0, ts: entry.ts ?? 0 }] : []
      } catch {
        return []
      }
    })
  /** A line beyond the limit silently ends the reading of its file. */
  const scanned = (lines: readonly string[]): Entry[] => {
    const end = lines.findIndex((line) => bytesOf(line) > SCANNER_BYTES)
    return parsed(end === -1 ? lines : lines.slice(0, end))
  }
  const read = (topic: number): Entry[] => files(topic).flatMap(scanned)

  return {
    append: (topic, entry) => {
      // A session without a topic keeps nothing.
      if (topic === 0) return
      write(topic, hourOf(now()), [encodeGo({ id: entry.id, ts: entry.ts, from: entry.from, ...compact(rest(entry)) })])
      // The same moment as the entry's: a scaled clock may have moved by seconds since.
      touched.set(topic, entry.ts)
    },
    write,
    read,
    last(topic) {
      for (const lines of files(topic).reverse()) {
        const found = parsed(tailOf(lines)).at(-1)
        if (found) return found
      }
      return undefined
    },
    touchedAt: (topic) => touched.get(topic) ?? 0,
    largestId: () => Math.max(0, ...[...topics.keys()].flatMap((topic) => read(topic).map(({ id }) => id))),
  }
}

/** The whole lines within the last 8 KiB of a file. A line that is cut is left out. */
function tailOf(lines: readonly string[]): string[] {
  let room = TAIL_BYTES
  const seen: string[] = []
  for (const line of [...lines].reverse()) {
    room -= bytesOf(line) + 1
    if (room < 0) break
    seen.unshift(line)
  }
  return seen
}

/** In the order in which the server writes them. */
function rest({ type, text, transcription, path, caption, agent, username }: Entry): Record<string, unknown> {
  return { type, text, transcription, path, caption, agent, username }
}

/** `activity` shows the first 100 bytes of an entry, even if that cuts a character. */
export function previewOf({ text, transcription, caption }: Entry): string {
  const whole = new TextEncoder().encode(text || transcription || caption || '')
  if (whole.byteLength <= 100) return new TextDecoder().decode(whole)
  return `${new TextDecoder().decode(whole.subarray(0, 100))}...`
}
