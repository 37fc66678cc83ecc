/** What the server keeps: collectors, sessions and the rows of stored messages. Plain data, so that a test can look at it. */
import { sha256Hex } from '../../core/sha256.js'
import { pythonIso, type Moment } from './datetime.js'
import { dumpPythonJson } from './python-json.js'
import type { IncomingEvent } from './validate.js'

export interface CollectorRecord {
  readonly id: string
  readonly workspaceId: string
  readonly key: string
  readonly createdAt: string
  enabled: boolean
}

/** One stored message. `request` names the request that brought it, so that a double can be traced. */
export interface StoredRow {
  readonly id: string
  readonly hash: string
  readonly type: string
  readonly emitted: Moment
  readonly data: Readonly<Record<string, unknown>>
  /** The sequence that the client gave, if it gave one that the server looks at. */
  readonly given: number
  /** Messages before the batch, plus one: the same for a whole batch. */
  readonly batch: number
  readonly request: number
}

export interface SessionRecord {
  readonly id: string
  readonly conversationId: string
  readonly workspaceId: string
  readonly collectorId: string
  readonly firstEventAt: Moment
  startTime: Moment
  endTime: Moment | undefined
  lastEventAt: number
  lastSequence: number
  eventCount: number
  status: 'active' | 'completed'
  success: boolean | null
  agentType: string
  agentVersion: string | null
  /** What `session_start`, `session_end` and `complete` left behind. */
  readonly extra: Record<string, unknown>
  readonly rows: StoredRow[]
}

/** What the server computes when an event brings no hash of its own. */
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
