/** `POST /collectors/events`: validation, authentication, then the batch, with the race of the real server. */
import { Answered, detail, internalError, json, refuseIf, type SimulatedAnswer } from './answers.js'
import { authenticate, checkAuthHeaders } from './auth.js'
import { checkGap, orderBatch, SequenceGap, StorageRefused, takeSnapshot, writeBatch, type IngestContext } from './ingest.js'
import { readBody, type ParsedRequest } from './request.js'
import type { Pause, RouterContext } from './route-types.js'
import type { CollectorRecord, SessionRecord } from './sessions.js'
import { checkEvents, type Complaint, type IncomingEvent } from './validate.js'

export async function postEvents(context: RouterContext, request: ParsedRequest, pause: Pause): Promise<SimulatedAnswer> {
  const complaints: Complaint[] = []
  checkAuthHeaders(request, complaints)
  const body = readBody(request, complaints)
  const { sessionId, events } = body ? checkEvents(body, complaints, context.generation) : { sessionId: '', events: [] }
  refuseIf(complaints)
  const collector = authenticate(context.records, request)
  try {
    return await context.records.inside(sessionId, () => ingest(context, request, collector, sessionId, events, pause))
  } catch (error) {
    if (error instanceof SequenceGap) {
      const { message, last, expected } = error
      throw detail(409, { error: 'sequence_gap', message, last_received_sequence: last, expected_sequence: expected })
    }
    if (!(error instanceof StorageRefused)) throw error
    if (context.generation === 'current') throw detail(500, error.message)
    throw new Answered(internalError())
  }
}

async function ingest(
  context: RouterContext,
  request: ParsedRequest,
  collector: CollectorRecord,
  sessionId: string,
  events: readonly IncomingEvent[],
  pause: Pause,
): Promise<SimulatedAnswer> {
  const { records, generation, clock, poison } = context
  const ordered = orderBatch(events, generation)
  const ingestion: IngestContext = { generation, request: request.number, now: () => clock.now(), newId: records.newId, poison }

  const write = async (session: SessionRecord, seen: ReturnType<typeof takeSnapshot>): Promise<SimulatedAnswer> => {
    // The pause comes before the rows exist: other requests do not see rows that this transaction has not committed.
    await pause('in-transaction')
    const accepted = writeBatch(session, ordered, seen, ingestion)
    const { lastSequence, conversationId } = session
    return json(202, { accepted, last_sequence: lastSequence, conversation_id: conversationId, warnings: [] })
  }

  const known = records.sessions.get(sessionId)
  if (known) {
    if (generation === 'sequence') checkGap(known, ordered)
    const seen = takeSnapshot(known, false)
    await pause('before-write')
    return await records.locked(sessionId, () => write(known, seen))
  }
  // The id of a session is unique, so requests that create it wait for each other.
  return await records.locked(sessionId, async () => {
    const created = records.sessions.get(sessionId)
    if (created) return await write(created, takeSnapshot(created, false))
    await pause('before-write')
    const session = newSession(context, collector, sessionId, ordered)
    records.sessions.set(sessionId, session)
    try {
      return await write(session, takeSnapshot(session, true))
    } catch (error) {
      if (generation === 'current') records.sessions.delete(sessionId)
      throw error
    }
  })
}

function newSession(
  context: RouterContext,
  collector: CollectorRecord,
  id: string,
  ordered: readonly IncomingEvent[],
): SessionRecord {
  const { records, clock } = context
  const moments = ordered.map((event) => event.emitted).sort((a, b) => a.micros - b.micros)
  const first = moments[0] ?? { micros: clock.now() * 1000, offset: 0 }
  return {
    id,
    conversationId: records.newId(),
    workspaceId: collector.workspaceId,
    collectorId: collector.id,
    firstEventAt: first,
    startTime: first,
    endTime: undefined,
    lastEventAt: clock.now(),
    lastSequence: 0,
    eventCount: 0,
    status: 'active',
    success: null,
    agentType: 'unknown',
    agentVersion: null,
    extra: { session_id: id },
    rows: [],
  }
}
