/** A recording of the tape as a file: lines without secrets, one recording for each system. Frames are left out: see `createRecorder`. */
import { createRecorder, type RecordedLine } from 'signalbox/testing'
import type { WireLink, WireRecord } from '../../worker/lab/tape.js'

/** The content of a file. Plain data. */
export interface RecordingFile {
  readonly signalbox: 'recording'
  readonly v: 1
  /** When it was made, as an ISO time. */
  readonly at: string
  /** The lines of each system; `replayTransport` of `signalbox/testing` plays them. */
  readonly recordings: readonly { readonly system: string; readonly lines: readonly RecordedLine[] }[]
  /** What is missing, for people. */
  readonly missing: readonly string[]
}

const TYPES: readonly string[] = ['open', 'in', 'out', 'eof', 'end', 'close'] satisfies RecordedLine['type'][]
/** A longer file is refused before it is read. */
export const LONGEST_FILE = 64 * 1024 * 1024

/** Makes a recording of the entries. `system` chooses one system; without it, all systems that speak in lines are recorded. */
export function makeRecording(
  records: readonly WireRecord[],
  links: ReadonlyMap<number, WireLink>,
  { system, now = new Date() }: { readonly system?: string; readonly now?: Date } = {},
): RecordingFile {
  const missing: string[] = []
  const chosen = [...links.values()].filter((link) => system === undefined || system === '' || link.system === system)
  const opened = new Set(records.flatMap((record) => (record.type === 'open' ? [record.link] : [])))
  const whole = new Set(chosen.flatMap(({ id, codec }) => (opened.has(id) && codec === 'ndjson' ? [id] : [])))
  const framed = [...new Set(chosen.flatMap(({ system: name, codec }) => (codec === 'ndjson' ? [] : [name])))]
  for (const name of framed) missing.push(`${name}: its frames cannot be searched for secrets, so they are not recorded.`)
  const cut = new Set(
    records.flatMap(({ link }) =>
      links.get(link)?.codec === 'ndjson' && chosen.includes(links.get(link) as WireLink) && !opened.has(link) ? [link] : [],
    ),
  )
  if (cut.size > 0) missing.push(`${cut.size} links began before the oldest entry of the tape.`)
  const recorders = new Map<string, ReturnType<typeof createRecorder>>()
  for (const record of records) {
    const link = links.get(record.link)
    if (!link || !whole.has(record.link) || record.type === 'fault') continue
    const recorder = recorders.get(link.system) ?? createRecorder()
    recorders.set(link.system, recorder)
    const info = { id: String(link.id), transport: link.system }
    if (record.type === 'in' || record.type === 'out') recorder.onEvent({ type: record.type, link: info, bytes: record.bytes })
    else if (record.type === 'close') recorder.onEvent({ type: 'close', link: info, reason: { kind: 'local' } })
    else recorder.onEvent({ type: record.type, link: info })
  }
  for (const [name, { truncated }] of recorders) if (truncated) missing.push(`${name}: only the first 16 MiB are recorded.`)
  const recordings = [...recorders].map(([name, { lines }]) => ({ system: name, lines: [...lines] }))
  return { signalbox: 'recording', v: 1, at: now.toISOString(), recordings, missing }
}

/** Reads a file. Gives a sentence for people where it is no recording. */
export function parseRecording(text: string): RecordingFile | string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'This file is not JSON. Choose a file that Export has written.'
  }
  const file = json as RecordingFile
  if (file?.signalbox !== 'recording' || !Array.isArray(file.recordings)) return 'This file is no recording of Signalbox.'
  if (file.v !== 1) return 'This recording has a newer format than this page can read.'
  for (const recording of file.recordings as unknown[]) {
    const { system, lines } = (recording ?? {}) as { system?: unknown; lines?: unknown }
    if (typeof system !== 'string' || !Array.isArray(lines) || !lines.every(isLine))
      return 'The lines of this recording are damaged.'
  }
  const missing = Array.isArray(file.missing) ? file.missing.filter((one) => typeof one === 'string') : []
  return { ...file, missing }
}

function isLine(value: unknown): value is RecordedLine {
  const { link, type, line } = (value ?? {}) as Record<string, unknown>
  return (
    Number.isSafeInteger(link) &&
    typeof type === 'string' &&
    TYPES.includes(type) &&
    (line === undefined || typeof line === 'string')
  )
}
