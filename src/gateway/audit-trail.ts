/** What the gateway did, as entries without content: kept in memory up to a limit, and followed while it grows. */
import type { Clock } from '../core/clock.js'
import type { GatewayEvent } from './events.js'

/** One line of the audit log. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string
  /** What happened. */
  readonly event: GatewayEvent['type']
  /** The id of the credential. */
  readonly credential?: string | undefined
  /** The name that its owner gave it. */
  readonly name?: string | undefined
  /** The name of the upstream, if the event is about one. */
  readonly upstream?: string | undefined
  /** The op, the command or the path, without arguments. */
  readonly op?: string | undefined
  /** `passed`, or the code of the refusal. A line `folded` has `passed` or `refused`. */
  readonly outcome?: string | undefined
  /** Events that this line stands for, when there are several. */
  readonly count?: number | undefined
}

/** Whether an event has a line. A call is one line, its op, so its begin and end have none. */
export const isAudited = (event: GatewayEvent): boolean =>
  (event.type !== 'opened' && event.type !== 'closed') || event.how === 'link'

/** The entry for an event. It has nothing that the event does not have. */
export function auditEntryOf(event: GatewayEvent, now: Date): AuditEntry {
  const { grant: credential, name, upstream } = event as { grant?: string; name?: string; upstream?: string }
  const about = (more: Partial<AuditEntry>): AuditEntry => ({
    time: now.toISOString(),
    event: event.type,
    credential,
    name,
    upstream,
    ...more,
    count: event.count,
  })
  if (event.type === 'refused') return about({ outcome: event.code })
  if (event.type === 'folded') return about({ outcome: event.outcome })
  if (event.type === 'op' || event.type === 'admin') return about({ op: event.op, outcome: event.outcome })
  return about({ op: event.type === 'credential' ? event.change : event.how })
}

/** Entries after a position. */
export interface AuditBatch {
  readonly entries: readonly AuditEntry[]
  /** Entries that are gone, because the reader was too slow or the limit was passed. */
  readonly missed: number
  /** Pass it to `after` for the next entries. */
  readonly position: number
}

/** The newest entries. */
export interface AuditTrail {
  add(event: GatewayEvent): void
  /** The entries after a position; 0 gives everything that is kept. */
  after(position: number): AuditBatch
  /** Calls back at the next entry, once. Returns a function that stops waiting. */
  onNext(callback: () => void): () => void
}

/** Entries that are kept for readers. */
const KEPT = 1_000

/** An event becomes an entry when somebody reads it: most are never read, and a text of the time for each costs as much as a message. */
interface Noted {
  readonly noted: GatewayEvent
  readonly atMs: number
}

const entryOf = (entry: AuditEntry | Noted): AuditEntry =>
  'noted' in entry ? auditEntryOf(entry.noted, new Date(entry.atMs)) : entry

/** Creates a trail that begins with the entries of earlier runs. */
export function createAuditTrail(clock: Clock, past: readonly AuditEntry[] = []): AuditTrail {
  let newest: (AuditEntry | Noted)[] = past.slice(-KEPT)
  /** Entries that came before `kept`. */
  let dropped = 0
  let waiting = new Set<() => void>()
  return {
    add(event) {
      if (!isAudited(event)) return
      newest.push({ noted: event, atMs: clock.now() })
      // Cut rarely, so that a flood of entries does not copy the list for each of them.
      if (newest.length >= 2 * KEPT) {
        dropped += newest.length - KEPT
        newest = newest.slice(-KEPT)
      }
      if (waiting.size === 0) return
      const callbacks = waiting
      waiting = new Set()
      for (const callback of callbacks) callback()
    },
    after(position) {
      const from = Math.max(position - dropped, newest.length - KEPT, 0)
      return {
        entries: newest.slice(from).map(entryOf),
        missed: position === 0 ? 0 : Math.max(0, dropped + from - position),
        position: dropped + newest.length,
      }
    },
    onNext(callback) {
      waiting.add(callback)
      return () => void waiting.delete(callback)
    },
  }
}
