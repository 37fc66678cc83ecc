/** The routes of relay and platform. Each is a function that reads or changes the rows. */
import type { Asks, SseBody } from './asks.js'
import { machineDetail, machineInfo, machineSpend, skill, skillDetail, type CmdopWorld, type Json, type Row } from './world.js'

export type RelayAnswer =
  | { readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: 200; readonly sse: SseBody }

export interface RouteCall {
  readonly world: CmdopWorld
  readonly asks: Asks
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Headers with lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}
export type Handler = (call: RouteCall) => RelayAnswer

const ok = (json: unknown): RelayAnswer => ({ status: 200, json })
const created = (json: unknown): RelayAnswer => ({ status: 201, json })
const gone: RelayAnswer = { status: 204 }
const notFound = (what: string): RelayAnswer => ({ status: 404, json: { detail: `${what} not found` } })

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function found(rows: readonly Row[], key: string, value: string | undefined, use: (row: Row) => RelayAnswer): RelayAnswer {
  const row = rows.find((candidate) => candidate[key] === value)
  return row ? use(row) : notFound(key)
}

function removed(rows: Row[], key: string, value: string | undefined): RelayAnswer {
  return found(rows, key, value, (row) => {
    rows.splice(rows.indexOf(row), 1)
    return gone
  })
}

function byCursor(rows: readonly Row[], query: URLSearchParams, fallback: number): RelayAnswer {
  const limit = Number(query.get('limit') ?? fallback)
  const start = Number(query.get('cursor') ?? 0)
  const items = rows.slice(start, start + limit)
  const next = start + limit < rows.length ? String(start + limit) : null
  return ok({ items, next_cursor: next, has_more: next !== null })
}

const PER_PAGE = 20

function byPage(rows: readonly Row[], query: URLSearchParams): RelayAnswer {
  const per_page = Number(query.get('per_page') ?? PER_PAGE)
  const page = Number(query.get('page') ?? 1)
  const start = (page - 1) * per_page
  const items = rows.slice(start, start + per_page)
  return ok({ items, total: rows.length, page, per_page, has_next: start + per_page < rows.length, has_prev: page > 1 })
}

function byNumber(rows: readonly Row[], query: URLSearchParams): RelayAnswer {
  const page_size = Number(query.get('page_size') ?? PER_PAGE)
  const page = Number(query.get('page') ?? 1)
  const pages = Math.max(1, Math.ceil(rows.length / page_size))
  if (page > pages) return { status: 404, json: { detail: 'Invalid page.' } }
  const has_next = page < pages
  return ok({
    count: rows.length,
    page,
    pages,
    page_size,
    has_next,
    has_previous: page > 1,
    next_page: has_next ? page + 1 : null,
    previous_page: page > 1 ? page - 1 : null,
    results: rows.slice((page - 1) * page_size, page * page_size),
  })
}

const matching = (rows: readonly Row[], query: URLSearchParams): Row[] => {
  const search = query.get('search')?.toLowerCase()
  return rows.filter((row) => search === undefined || `${text(row.name)} ${text(row.slug)}`.toLowerCase().includes(search))
}
const present = (rows: readonly Row[], query: URLSearchParams): Row[] => {
  const presence = query.get('presence') ?? 'any'
  return rows.filter((row) => presence === 'any' || row.presence === presence)
}
const inFleet = (call: RouteCall, use: (fleetId: string) => RelayAnswer): RelayAnswer =>
  found(call.world.fleets, 'id', call.params.fleet, (fleet) => use(text(fleet.id)))
const onMachine = (call: RouteCall, use: (machine: Row) => RelayAnswer): RelayAnswer =>
  found(call.world.machines, 'id', call.params.machine, use)
const onSkill = (call: RouteCall, use: (row: Row) => RelayAnswer): RelayAnswer =>
  found(call.world.skills, 'slug', call.params.slug, use)
const onSchedule = (call: RouteCall, use: (row: Row) => RelayAnswer): RelayAnswer =>
  inFleet(call, () => found(call.world.schedules, 'id', call.params.schedule, use))

const changed = (row: Row, body: Json): RelayAnswer => ok(Object.assign(row, body))

export const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /api/machines': ({ world, query }) => byCursor(present(world.machines, query), query, 100),
  'GET /api/machines/{machine}': (call) => onMachine(call, (row) => ok(machineDetail(row))),
  'PATCH /api/machines/{machine}': (call) => onMachine(call, (row) => changed(row, call.body)),
  'DELETE /api/machines/{machine}': (call) =>
    onMachine(call, (row) => {
      row.disabled_at = call.world.now()
      return gone
    }),
  'GET /api/admin/machines/{machine}/info': (call) => onMachine(call, (row) => ok(machineInfo(row))),
  'GET /api/admin/machines/{machine}/spend': (call) => onMachine(call, () => ok(machineSpend(call.query.get('window') ?? '7d'))),
  'GET /api/admin/machines/{machine}/messages': (call) =>
    onMachine(call, (row) => {
      const messages = call.world.messages.get(text(row.id)) ?? []
      const limit = Number(call.query.get('limit') ?? 50)
      return ok({ agent_session_id: messages.length > 0 ? 'agent-1' : null, messages: messages.slice(-limit) })
    }),
  'DELETE /api/admin/machines/{machine}/messages': (call) =>
    onMachine(call, (row) => {
      const deleted = call.world.messages.get(text(row.id))?.length ?? 0
      call.world.messages.delete(text(row.id))
      return ok({ agent_session_id: deleted > 0 ? 'agent-1' : null, deleted })
    }),
  'GET /api/admin/machines/{machine}/active_session': (call) =>
    onMachine(call, (row) => ok({ agent_session_id: call.world.messages.has(text(row.id)) ? 'agent-1' : null })),
  'POST /api/admin/machines/{machine}/ask': (call) =>
    onMachine(call, (row) => {
      if (row.presence !== 'online') return { status: 503, json: { detail: 'machine is offline' } }
      const { prompt, pin } = call.body
      return { status: 200, sse: call.asks.start({ prompt: text(prompt), pin: pin === undefined ? undefined : text(pin) }) }
    }),
  'POST /api/admin/machines/{machine}/pin': ({ asks, body }) =>
    asks.pin(text(body.challenge_id), text(body.pin)) ? ok({}) : notFound('challenge'),
  'POST /api/admin/machines/{machine}/confirm': ({ asks, body }) => {
    const next = asks.confirm(text(body.confirm_token), body.accept === true)
    if (next === undefined) return notFound('confirmation')
    return next === null ? ok({}) : { status: 200, sse: next }
  },
  'GET /api/fleets': ({ world, query }) => byPage(world.fleets, query),
  'POST /api/fleets': ({ world, body }) => {
    const { name, slug, mfa_required = 'none' } = body
    if (world.fleets.some((fleet) => fleet.slug === slug)) return { status: 409, json: { detail: 'slug is taken' } }
    const now = world.now()
    const fleet = { id: world.newId('fleet'), name, slug, mfa_required, role: 'owner', created_at: now, disabled_at: null }
    world.fleets.push(fleet)
    return created(fleet)
  },
  'PATCH /api/fleets/{fleet}': (call) => found(call.world.fleets, 'id', call.params.fleet, (row) => changed(row, call.body)),
  'DELETE /api/fleets/{fleet}': (call) =>
    found(call.world.fleets, 'id', call.params.fleet, (row) => {
      row.disabled_at = call.world.now()
      return gone
    }),
  'GET /api/fleets/{fleet}/members': (call) => inFleet(call, () => byPage(call.world.members, call.query)),
  'POST /api/fleets/{fleet}/members': (call) =>
    inFleet(call, () => {
      const { world, body } = call
      const { email, role } = body
      const name = text(email).split('@')[0]
      const now = world.now()
      const member = { user_id: world.newId('user'), email, display_name: name, role, joined_at: now, invited_by_id: null }
      world.members.push(member)
      return created(member)
    }),
  'PATCH /api/fleets/{fleet}/members/{user}': (call) =>
    inFleet(call, () => found(call.world.members, 'user_id', call.params.user, (row) => changed(row, call.body))),
  'DELETE /api/fleets/{fleet}/members/{user}': (call) =>
    inFleet(call, () => removed(call.world.members, 'user_id', call.params.user)),
  'GET /api/fleets/{fleet}/machines': (call) =>
    inFleet(call, (fleet) => {
      const ids = new Set(call.world.links.filter((link) => link.fleet_id === fleet).map((link) => link.machine_id))
      return byCursor(
        present(
          call.world.machines.filter(({ id }) => ids.has(id)),
          call.query,
        ),
        call.query,
        100,
      )
    }),
  'POST /api/fleets/{fleet}/machines': (call) =>
    inFleet(call, (fleet) => {
      const link = { machine_id: call.body.machine_id, fleet_id: fleet, joined_at: call.world.now(), added_by_id: null }
      call.world.links.push(link)
      return created(link)
    }),
  'DELETE /api/fleets/{fleet}/machines/{machine}': (call) =>
    inFleet(call, () => removed(call.world.links, 'machine_id', call.params.machine)),
  'GET /api/tunnels': ({ world, query }) => byPage(world.tunnels, query),
  'POST /api/tunnels': ({ world, body }) => {
    const id = world.newId('tunnel')
    const { options: _kept, subdomain, ...rest } = body
    const name = text(subdomain) || `t-${id.slice(-4)}`
    const own = { tunnel_id: id, fleet_id: text(world.fleets[0]?.id), subdomain: name, public_url: `https://${name}.cmdop.example` }
    const tunnel = { ...rest, ...own, created_at: world.now() }
    world.tunnels.push(tunnel)
    return created(tunnel)
  },
  'GET /api/tunnels/connected-sessions': ({ world }) => ok(world.sessions),
  'GET /api/tunnels/{tunnel}': ({ world, params }) => found(world.tunnels, 'tunnel_id', params.tunnel, ok),
  'DELETE /api/tunnels/{tunnel}': ({ world, params }) => {
    const index = world.tunnels.findIndex((tunnel) => tunnel.tunnel_id === params.tunnel)
    if (index >= 0) world.tunnels.splice(index, 1)
    return gone
  },
  'GET /api/fleets/{fleet}/schedules': (call) => inFleet(call, () => byPage(call.world.schedules, call.query)),
  'POST /api/fleets/{fleet}/schedules': (call) =>
    inFleet(call, (fleet) => {
      const { world, body } = call
      const dates = { created_at: world.now(), updated_at: world.now(), last_run_at: null, next_run_at: null, last_status: null }
      const schedule = { id: world.newId('schedule'), fleet_id: fleet, ...body, ...dates }
      world.schedules.push(schedule)
      return created(schedule)
    }),
  'GET /api/fleets/{fleet}/schedules/{schedule}': (call) => onSchedule(call, ok),
  'PATCH /api/fleets/{fleet}/schedules/{schedule}': (call) => onSchedule(call, (row) => changed(row, call.body)),
  'DELETE /api/fleets/{fleet}/schedules/{schedule}': (call) =>
    inFleet(call, () => removed(call.world.schedules, 'id', call.params.schedule)),
  'POST /api/fleets/{fleet}/schedules/{schedule}/run': (call) =>
    onSchedule(call, () => ({ status: 202, json: { queued: true, job_id: call.world.newId('run') } })),
  'GET /api/fleets/{fleet}/schedules/{schedule}/runs': (call) =>
    onSchedule(call, (row) =>
      byCursor(
        call.world.runs.filter((run) => run.schedule_id === row.id),
        call.query,
        50,
      ),
    ),
  'GET /api/fleets/{fleet}/api-keys': (call) => inFleet(call, () => byPage(call.world.keys, call.query)),
  'POST /api/fleets/{fleet}/api-keys': (call) =>
    inFleet(call, (fleet) => {
      const { world, body } = call
      const id = world.newId('key')
      const expires_at = body.expires_in_days === undefined ? null : '2026-09-15T08:00:00Z'
      const shown = { id, fleet_id: fleet, name: body.name, expires_at }
      const rest = { key_prefix: 'cmdop_ab', created_at: world.now(), last_used_at: null, revoked_at: null, created_by_id: null }
      world.keys.push({ ...shown, ...rest })
      return created({ ...shown, raw_token: `cmdop_simulated-${id.slice(-4)}` })
    }),
  'DELETE /api/fleets/{fleet}/api-keys/{key}': (call) =>
    inFleet(call, () =>
      found(call.world.keys, 'id', call.params.key, (row) => {
        row.revoked_at = call.world.now()
        return gone
      }),
    ),
  'GET /apix/skills/skills/': ({ world, query }) => {
    const slug = query.get('category')
    const category = slug === null ? null : world.categories.find((row) => row.slug === slug)?.id
    return byNumber(
      matching(world.skills, query).filter((row) => category === null || row.category === category),
      query,
    )
  },
  'GET /apix/skills/skills/my/': ({ world, query }) => byNumber(matching(world.skills, query), query),
  'GET /apix/skills/skills/{slug}/': (call) => onSkill(call, (row) => ok(skillDetail(call.world, row))),
  'POST /apix/skills/skills/': ({ world, body }) => {
    const name = text(body.name)
    const index = world.skills.length + 1
    world.skills.push({ ...skill(world.newId('skill'), name.toLowerCase().replaceAll(' ', '-'), index), name, status: 'draft' })
    return created({ name })
  },
  'PATCH /apix/skills/skills/{slug}/': (call) =>
    onSkill(call, (row) => {
      Object.assign(row, call.body)
      const { name, visibility, status } = row
      // The platform leaves out unknown members. A core does not accept null for them.
      return ok({ name, visibility, status, ...call.body })
    }),
  'DELETE /apix/skills/skills/{slug}/': ({ world, params }) => removed(world.skills, 'slug', params.slug),
  'POST /apix/skills/skills/{slug}/install/': (call) =>
    onSkill(call, (row) =>
      ok({
        slug: row.slug,
        version: '1.0.0',
        model: '@balanced',
        install_command: `cmdop skills install ${text(row.slug)}`,
        readme: '',
        skill_md: '# Skill',
        files: [{ path: 'SKILL.md', content: '# Skill' }],
        packages: { pip: ['requests'], npm: [] },
        run_check: 'true',
        meta: { installed_at: call.world.now(), installed_from: 'market', installed_version: '1.0.0', updated_at: null },
      }),
    ),
  'GET /apix/skills/skills/{slug}/versions/': (call) => onSkill(call, () => ok(call.world.versions)),
  'GET /apix/skills/skills/{slug}/reviews/': (call) => onSkill(call, () => byNumber(call.world.reviews, call.query)),
  'POST /apix/skills/skills/{slug}/star/': (call) =>
    onSkill(call, (row) => {
      row.is_starred = row.is_starred !== true
      row.star_count = Number(row.star_count) + (row.is_starred ? 1 : -1)
      return ok({ starred: row.is_starred, star_count: row.star_count })
    }),
  'POST /apix/skills/skills/{slug}/publish/': (call) =>
    onSkill(call, (row) => {
      row.status = 'processing'
      return { status: 202, json: {} }
    }),
  'GET /apix/skills/skills/{slug}/publish-status/': (call) => onSkill(call, () => ok({})),
  'GET /apix/skills/categories/': ({ world, query }) => ok(matching(world.categories, query)),
  'GET /apix/skills/tags/': ({ world, query }) => ok(matching(world.tags, query)),
}
