/** Authentication. A missing header is part of the 422 of validation. Every other check comes after validation. */
import { detail } from './answers.js'
import type { Records } from './records.js'
import type { ParsedRequest } from './request.js'
import type { CollectorRecord } from './sessions.js'
import { readUuid, type Complaint } from './validate.js'

export function checkAuthHeaders(request: ParsedRequest, complaints: Complaint[]): void {
  for (const name of ['authorization', 'x-collector-id']) {
    if (request.headers.has(name)) continue
    complaints.push({ type: 'missing', loc: ['header', name], msg: 'Field required', input: null })
  }
}

export function authenticate(records: Records, request: ParsedRequest): CollectorRecord {
  const authorization = request.headers.get('authorization') ?? ''
  if (!authorization.startsWith('Bearer ')) throw detail(401, 'Invalid authorization header format')
  const id = readUuid(request.headers.get('x-collector-id') ?? '')
  if (id === undefined) throw detail(400, 'Invalid collector ID format')
  const collector = records.collectors.get(id)
  if (!collector) throw detail(401, 'Collector not found')
  if (authorization.slice(7) !== collector.key) throw detail(401, 'Invalid API key')
  if (!collector.enabled) throw detail(403, 'Collector is disabled')
  return collector
}
