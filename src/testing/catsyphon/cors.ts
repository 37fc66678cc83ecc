/** The server's cross-origin rules: two origins, hard-coded. A text 500 carries no headers, so a page sees a network error. */
import { Answered, plain, type SimulatedAnswer } from './answers.js'
import type { ParsedRequest } from './request.js'

const ORIGINS = new Set(['http://localhost:3000', 'http://localhost:5173'])

export function preflight({ method, headers }: ParsedRequest): SimulatedAnswer | undefined {
  const origin = headers.get('origin')
  if (method !== 'OPTIONS' || origin === undefined || !headers.has('access-control-request-method')) return undefined
  const allowed = ORIGINS.has(origin)
  const answer: Record<string, string> = {
    vary: 'Origin',
    'access-control-allow-methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
    'access-control-allow-credentials': 'true',
    'access-control-max-age': '600',
  }
  const asked = headers.get('access-control-request-headers')
  if (asked !== undefined) answer['access-control-allow-headers'] = asked
  if (allowed) answer['access-control-allow-origin'] = origin
  return plain(allowed ? 200 : 400, allowed ? 'OK' : 'Disallowed CORS origin', answer)
}

export async function withCors(request: ParsedRequest, work: () => Promise<SimulatedAnswer>): Promise<SimulatedAnswer> {
  const origin = request.headers.get('origin')
  const mark = (answer: SimulatedAnswer): SimulatedAnswer => {
    if (origin === undefined || !ORIGINS.has(origin) || answer.close) return answer
    const added = { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary: 'Origin' }
    return { ...answer, headers: { ...answer.headers, ...added } }
  }
  try {
    return mark(await work())
  } catch (error) {
    if (error instanceof Answered) throw new Answered(mark(error.answer))
    throw error
  }
}
