/**
 * How each generation stores a batch. A request looks for duplicates among the rows that were stored when it began, and takes the
 * session's lock only to write. So two overlapping requests with the same batch store it twice, as on the real server.
 */
import { applyEnd, applyStart, hashOf, type SessionRecord, type StoredRow } from './sessions.js'
import { MESSAGE_LIKE, refusal } from './poison.js'
import type { IncomingEvent } from './validate.js'
import type { Generation } from './types.js'

/** The storage refused an event. */
export class StorageRefused extends Error {}

/** The first sequence of a batch leaves a gap. */
export class SequenceGap extends Error {
  constructor(
    readonly last: number,
    readonly expected: number,
    readonly got: number,
  ) {
    super(`Expected sequence ${expected}, got ${got}`)
  }
}

export interface IngestContext {
  readonly generation: Generation
  readonly request: number
  readonly now: () => number
  readonly newId: () => string
  /** A rule that a test adds: true makes the event unstorable. */
  readonly poison: (event: IncomingEvent) => boolean
}

/** The stored rows at the start of the request. */
export interface Snapshot {
  readonly hashes: ReadonlySet<string>
  readonly lastSequence: number
  readonly eventCount: number
  readonly creates: boolean
}

export function takeSnapshot(session: SessionRecord, creates: boolean): Snapshot {
  const { rows, lastSequence, eventCount } = session
  return { hashes: new Set(rows.map((row) => row.hash)), lastSequence, eventCount, creates }
}

/** The events in the order in which the generation stores them. */
export function orderBatch(events: readonly IncomingEvent[], generation: Generation): IncomingEvent[] {
  if (generation === 'sequence') return [...events].sort((a, b) => a.sequence - b.sequence)
  const zones = new Set(events.map((event) => event.emitted.offset === null))
  if (zones.size > 1) throw new StorageRefused("can't compare offset-naive and offset-aware datetimes")
  return [...events].sort((a, b) => a.emitted.micros - b.emitted.micros)
}

export function checkGap(session: SessionRecord, ordered: readonly IncomingEvent[]): void {
  const first = ordered[0]?.sequence ?? 0
  if (first > session.lastSequence + 1) throw new SequenceGap(session.lastSequence, session.lastSequence + 1, first)
}

/** Writes the batch and returns how many events were accepted. Throws `StorageRefused`. Only some generations roll back then. */
export function writeBatch(
  session: SessionRecord,
  ordered: readonly IncomingEvent[],
  seen: Snapshot,
  context: IngestContext,
): number {
  const { generation } = context
  const rows: StoredRow[] = []
  const effects: IncomingEvent[] = []
  let accepted = 0
  let last = seen.lastSequence
  const commit = (): void => {
    session.rows.push(...rows)
    for (const event of effects) {
      if (event.type === 'session_start') applyStart(session, event.data, seen.creates, generation !== 'current')
      else applyEnd(session, event)
    }
  }
  for (const event of ordered) {
    const hash = hashOf(event)
    const known = generation === 'sequence' ? event.sequence <= seen.lastSequence : seen.hashes.has(hash)
    if (known) continue
    const refused = context.poison(event) ? 'poisoned by the test' : refusal(session.id, event, seen.creates)
    if (refused !== undefined) {
      // The older generations commit event by event, without moving the counters.
      if (generation !== 'current') commit()
      throw new StorageRefused(refused)
    }
    accepted += 1
    last = Math.max(last, event.sequence)
    if (event.type === 'session_start' || event.type === 'session_end') effects.push(event)
    if (!MESSAGE_LIKE.has(event.type)) continue
    const { emitted, data, sequence: given } = event
    const { request } = context
    rows.push({ id: context.newId(), hash, type: event.type, emitted, data, given, batch: seen.eventCount + 1, request })
  }
  commit()
  session.lastSequence = generation === 'sequence' ? Math.max(session.lastSequence, last) : seen.lastSequence + accepted
  session.eventCount = seen.eventCount + (generation === 'current' ? rows.length : accepted)
  if (accepted > 0) session.lastEventAt = context.now()
  for (const { emitted } of ordered) {
    if (session.endTime === undefined || emitted.micros > session.endTime.micros) session.endTime = emitted
  }
  return accepted
}
