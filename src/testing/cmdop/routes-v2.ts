/** The routes of a relay behind a core 2.0. Their answers have the members that the core 2.0.0 accepts. */
import type { Handler } from './routes.js'
import type { Row } from './world.js'

const AT_SECONDS = 1_781_683_200

const rosterMachine = (row: Row): Row => ({
  machine_id: row.id,
  display_name: row.name,
  portable_name: row.hostname,
  fleet_id: '',
  connected: row.presence === 'online',
  requires_pin: false,
  last_seen_at: row.last_heartbeat_at ?? '',
  unread: 0,
  os: row.os,
  os_version: row.os_version,
  architecture: row.architecture,
  agent_version: row.agent_version,
  presence: row.presence,
  cpu_percent: 12.5,
  memory_total_bytes: 34_359_738_368,
})

const message = (row: Row, index: number): Row => ({
  id: `message-${index + 1}`,
  seq: index + 1,
  author_kind: row.role === 'user' ? 'user' : 'agent',
  author_id: '',
  role: row.role,
  content: row.text,
  created_at: AT_SECONDS + index,
})

export const ROUTES_V2: Readonly<Record<string, Handler>> = {
  'GET /api/bootstrap': () => ({
    status: 200,
    json: {
      version: '2.1.0',
      bundle_id: 'bundle-1',
      web_contract: { current: 3, min_client: 1, max_client: 4 },
      capabilities: ['ask', 'messages'],
      update: { phase: 'idle', current_version: '2.1.0' },
    },
  }),
  'GET /api/admin/machines/snapshot': ({ world }) => ({
    status: 200,
    json: { epoch: 'epoch-1', sequence: 7, machines: world.machines.map(rosterMachine) },
  }),
  'GET /api/admin/machines/{machine}/messages': ({ world, params, query }) => {
    if (!world.machines.some(({ id }) => id === params.machine)) return { status: 404, json: { detail: 'machine not found' } }
    const messages = world.messages.get(params.machine ?? '') ?? []
    return { status: 200, json: messages.map(message).slice(-Number(query.get('limit') ?? 50)) }
  },
  'POST /api/admin/machines/{machine}/ask': ({ world, asks, params, body, headers }) => {
    const row = world.machines.find(({ id }) => id === params.machine)
    if (!row) return { status: 404, json: { detail: 'machine not found' } }
    if (row.presence !== 'online') return { status: 503, json: { detail: 'machine is offline' } }
    return { status: 200, sse: asks.start({ prompt: String(body.prompt ?? ''), pin: headers['x-machine-pin'] }) }
  },
}
