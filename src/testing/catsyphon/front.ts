/** The bundled web front end: the API under `/api`, one page for everything else, and a limit on bodies. */
import type { SimulatedOutcome } from './answers.js'
import { faults } from './faults.js'
import type { SimulatedRequest } from './types.js'

const MAX_BODY = 1024 * 1024
const encoder = new TextEncoder()

export async function frontDoor(
  request: SimulatedRequest,
  api: (request: SimulatedRequest) => Promise<SimulatedOutcome>,
): Promise<SimulatedOutcome> {
  const { body = '' } = request
  const size = typeof body === 'string' ? encoder.encode(body).length : body.length
  if (size > MAX_BODY) return page(413, faults.htmlPage('413 Request Entity Too Large'))
  if (request.path.startsWith('/api/')) return await api({ ...request, path: request.path.slice('/api'.length) })
  if (request.method === 'GET') return page(200, '<!doctype html><html><body><div id="root"></div></body></html>')
  return page(405, faults.htmlPage('405 Not Allowed'))
}

const page = (status: number, body: string): SimulatedOutcome => ({
  kind: 'answer',
  status,
  headers: { 'content-type': 'text/html' },
  body,
})
