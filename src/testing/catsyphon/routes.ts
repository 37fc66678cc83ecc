/** The server's routes. The framework checks in this order: route, all 422s together, authentication. */
import { detail, json, plain, refuseIf, type SimulatedAnswer } from './answers.js'
import { authenticate, checkAuthHeaders } from './auth.js'
import { postEvents } from './events-route.js'
import { preflight, withCors } from './cors.js'
import { readConversation } from './readback.js'
import type { Records } from './records.js'
import { readBody, type ParsedRequest } from './request.js'
import { applyOutcome, type SessionRecord } from './sessions.js'
import type { Pause, Route, RouterContext } from './route-types.js'
import { setupRoutes } from './setup-routes.js'
import type { Generation } from './types.js'
import { integer, nullable, plainObject, required, text, uuid, type Complaint } from './validate.js'

export function createRouter(context: RouterContext): (request: ParsedRequest, pause: Pause) => Promise<SimulatedAnswer> {
  const { records, generation, isHealthy } = context
  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: /^\/$/,
      handler: () => json(200, { status: 'ok', message: 'CatSyphon API is running', version: '0.1.0' }),
    },
    { method: 'GET', path: /^\/health$/, handler: () => json(200, health(isHealthy())) },
    {
      method: 'GET',
      path: /^\/ready$/,
      handler: () => (isHealthy() ? json(200, { status: 'ready' }) : plain(500, 'Internal Server Error')),
    },
    { method: 'GET', path: /^\/openapi\.json$/, handler: () => json(200, openapi(generation)) },
    { method: 'POST', path: /^\/collectors$/, handler: (request) => register(records, request) },
    { method: 'POST', path: /^\/collectors\/events$/, handler: (request, pause) => postEvents(context, request, pause) },
    { method: 'GET', path: /^\/collectors\/builtin\/credentials$/, handler: (request) => builtin(records, request) },
    { method: 'GET', path: /^\/collectors\/sessions\/([^/]+)$/, handler: (request, _pause, id) => status(records, request, id) },
    {
      method: 'POST',
      path: /^\/collectors\/sessions\/([^/]+)\/complete$/,
      handler: (request, _, id) => complete(context, request, id),
    },
    { method: 'GET', path: /^\/conversations\/([^/]+)$/, handler: (request, _, id) => readConversation(records, request, id) },
    // On the real server this route fails for every conversation of a collector.
    { method: 'GET', path: /^\/conversations\/([^/]+)\/messages$/, handler: () => plain(500, 'Internal Server Error') },
    ...setupRoutes(records),
  ]

  const find = async (request: ParsedRequest, pause: Pause): Promise<SimulatedAnswer> => {
    const { path, method } = request
    const fitting = routes.filter((route) => route.path.test(path))
    const route = fitting.find((candidate) => candidate.method === method)
    if (route) return await route.handler(request, pause, route.path.exec(path)?.[1] ?? '')
    if (fitting.length > 0) throw detail(405, 'Method Not Allowed')
    const shorter = path.replace(/\/$/, '')
    if (shorter !== path && routes.some((candidate) => candidate.path.test(shorter))) {
      const location = `http://${request.headers.get('host') ?? 'testserver'}${shorter}`
      return { kind: 'answer', status: 307, headers: { location }, body: '' }
    }
    throw detail(404, 'Not Found')
  }
  return async (request, pause) => preflight(request) ?? (await withCors(request, () => find(request, pause)))
}

const health = (healthy: boolean) => ({
  status: healthy ? 'healthy' : 'degraded',
  database: healthy ? 'healthy' : 'unhealthy',
})

/** The part of the OpenAPI description by which a client recognises the generation. */
function openapi(generation: Generation): unknown {
  const string = { type: 'string' }
  const properties = { type: string, emitted_at: string, observed_at: string, data: { type: 'object' } }
  const required = ['type', 'emitted_at', 'observed_at', 'data']
  const event =
    generation === 'sequence'
      ? { properties: { sequence: { type: 'integer', minimum: 1 }, ...properties }, required: ['sequence', ...required] }
      : { properties: { ...properties, event_hash: string }, required }
  return {
    openapi: '3.1.0',
    info: { title: 'CatSyphon API', version: '0.1.0' },
    paths: {},
    components: { schemas: { CollectorEvent: event } },
  }
}

const credentials = (made: { id: string; key: string; createdAt: string }) => ({
  collector_id: made.id,
  api_key: made.key,
  api_key_prefix: made.key.slice(0, 12),
  created_at: made.createdAt,
})

function register(records: Records, request: ParsedRequest): SimulatedAnswer {
  const complaints: Complaint[] = []
  const body = readBody(request, complaints)
  refuseIf(complaints)
  const given = body ?? {}
  const type = required(given, 'collector_type', ['body'], complaints, text)
  required(given, 'collector_version', ['body'], complaints, text)
  const host = required(given, 'hostname', ['body'], complaints, text)
  const workspaceId = required(given, 'workspace_id', ['body'], complaints, uuid)
  nullable(plainObject)(given.metadata, ['body', 'metadata'], complaints)
  refuseIf(complaints)
  if (!records.workspaces.has(String(workspaceId))) throw detail(404, `Workspace ${String(workspaceId)} not found`)
  if ([...String(type)].length > 50 || [...`${type}@${host}`].length > 255) return plain(500, 'Internal Server Error')
  return json(201, credentials(records.addCollector(String(workspaceId))))
}

function builtin(records: Records, request: ParsedRequest): SimulatedAnswer {
  const complaints: Complaint[] = []
  const asked = Object.fromEntries(request.query)
  const workspaceId = required(asked, 'workspace_id', ['query'], complaints, uuid)
  refuseIf(complaints)
  if (!records.workspaces.has(String(workspaceId))) throw detail(404, `Workspace ${String(workspaceId)} not found`)
  return json(200, credentials(records.builtin(String(workspaceId))))
}

/** The session, for its own collector only. */
function ownSession(records: Records, collectorId: string, sessionId: string): SessionRecord {
  const session = records.sessions.get(sessionId)
  if (!session) throw detail(404, `No events received for session ${sessionId}`)
  if (session.collectorId !== collectorId) throw detail(403, 'Session belongs to a different collector')
  return session
}

const iso = (micros: number): string => new Date(micros / 1000).toISOString().replace('Z', '000Z')

function status(records: Records, request: ParsedRequest, sessionId: string): SimulatedAnswer {
  const complaints: Complaint[] = []
  checkAuthHeaders(request, complaints)
  refuseIf(complaints)
  const session = ownSession(records, authenticate(records, request).id, sessionId)
  return json(200, {
    session_id: session.id,
    conversation_id: session.conversationId,
    last_sequence: session.lastSequence,
    event_count: session.eventCount,
    first_event_at: iso(session.firstEventAt.micros),
    last_event_at: iso(session.lastEventAt * 1000),
    status: session.status,
  })
}

function complete(context: RouterContext, request: ParsedRequest, sessionId: string): SimulatedAnswer {
  const { records, generation, clock } = context
  const complaints: Complaint[] = []
  checkAuthHeaders(request, complaints)
  const body = readBody(request, complaints)
  let final: unknown
  if (body) {
    if (generation === 'sequence') final = required(body, 'final_sequence', ['body'], complaints, integer)
    required(body, 'outcome', ['body'], complaints, text)
    nullable(text)(body.summary, ['body', 'summary'], complaints)
    if (generation !== 'sequence') nullable(integer)(body.event_count, ['body', 'event_count'], complaints)
  }
  refuseIf(complaints)
  const session = ownSession(records, authenticate(records, request).id, sessionId)
  applyOutcome(session, body?.outcome, body?.summary)
  session.endTime = { micros: clock.now() * 1000, offset: 0 }
  if (typeof final === 'number') session.lastSequence = Math.max(session.lastSequence, final)
  const { id, conversationId, eventCount } = session
  return json(200, { session_id: id, conversation_id: conversationId, status: 'completed', total_events: eventCount })
}
