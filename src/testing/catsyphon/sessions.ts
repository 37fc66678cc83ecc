/** The stored data of the server: collectors, sessions and messages. Plain data, so that a test can read it. */
import { sha256Hex } from '../../core/sha256.js'
import { pythonIso, type Moment } from './datetime.js'
import { dumpPythonJson } from './python-json.js'
import type { IncomingEvent } from './validate.js'

/** A collector. */
export interface CollectorRecord {
  /** The id that a client sends with each request. */
  readonly id: string
  /** The id of the workspace. */
  readonly workspaceId: string
  /** The API key in plain text. */
  readonly key: string
  /** Time of the registration, in ISO 8601. */
  readonly createdAt: string
  /** False: requests of this collector get 403. */
  enabled: boolean
}

/** One stored message. */
export interface StoredRow {
  /** The id of the row on the server. */
  readonly id: string
  /** The hash that the client gave, or the server's own. */
  readonly hash: string
  /** The event's type. */
  readonly type: string
  /** The time of the event. */
  readonly emitted: Moment
  /** The event's data as it was stored. */
  readonly data: Readonly<Record<string, unknown>>
  /** The sequence that the client gave. */
  readonly given: number
  /** The number of messages before the batch, plus one. All rows of a batch have the same number. */
  readonly batch: number
  /** The number of the request that stored the row. It shows where a double came from. */
  readonly request: number
}

/** A session. */
export interface SessionRecord {
  /** The id that the client chose. */
  readonly id: string
  /** The server's own id. */
  readonly conversationId: string
  /** The workspace of that collector. */
  readonly workspaceId: string
  /** The collector that created the session. */
  readonly collectorId: string
  /** The earliest event of the first batch. */
  readonly firstEventAt: Moment
  /** `firstEventAt`, until a `session_start` changes it. */
  startTime: Moment
  /** The latest event, or the time of the completion. */
  endTime: Moment | undefined
  /** The last time that a batch stored a new event. */
  lastEventAt: number
  /** The highest sequence or a counter, depending on the generation. */
  lastSequence: number
  /** Events that the server counts. */
  eventCount: number
  /** A completed session still takes events. */
  status: 'active' | 'completed'
  /** Null if the outcome is unknown. */
  success: boolean | null
  /** `unknown` without a `session_start`. */
  agentType: string
  /** From the `session_start`. */
  agentVersion: string | null
  /** Data of `session_start`, `session_end` and `complete`. */
  readonly extra: Record<string, unknown>
  /** Stored messages, in the order of storing. */
  readonly rows: StoredRow[]
}

/** The hash that the server computes for an event without one. */
export function serverEventHash(type: string, emitted: Moment, data: Readonly<Record<string, unknown>>): string {
  return sha256Hex(`${type}:${pythonIso(emitted)}:${dumpPythonJson(data)}`).slice(0, 32)
}

export const hashOf = (event: IncomingEvent): string => event.hash ?? serverEventHash(event.type, event.emitted, event.data)

/** Applies `session_start`: whole in the batch that creates the session, afterwards only what was unknown. */
export function applyStart(
  session: SessionRecord,
  data: Readonly<Record<string, unknown>>,
  creates: boolean,
  keepsUnknown: boolean,
): void {
  const { agent_type: type, agent_version: version, ...rest } = data
  if (creates || session.agentType === 'unknown') session.agentType = String(type)
  if (typeof version === 'string' && (creates || session.agentVersion === null)) session.agentVersion = version
  if (!creates) return
  const known = [
    'working_directory',
    'git_branch',
    'parent_session_id',
    'slug',
    'summaries',
    'compaction_events',
    'context_semantics',
  ]
  for (const [key, value] of Object.entries(rest)) if (keepsUnknown || known.includes(key)) session.extra[key] = value
}

export function applyOutcome(session: SessionRecord, outcome: unknown, summary: unknown): void {
  session.status = 'completed'
  if (outcome === 'success') session.success = true
  if (outcome === 'failed' || outcome === 'abandoned') session.success = false
  if (typeof summary === 'string') session.extra.summary = summary
}

export function applyEnd(session: SessionRecord, event: IncomingEvent): void {
  applyOutcome(session, event.data.outcome, event.data.summary)
  session.endTime = event.emitted
  for (const key of ['plans', 'files_touched']) if (event.data[key] !== undefined) session.extra[key] = event.data[key]
}
