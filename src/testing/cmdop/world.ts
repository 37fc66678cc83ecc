/** The rows of a relay and a platform, in their JSON: snake_case, null for absent values, dates with Z. */

export type Json = Readonly<Record<string, unknown>>
export type Row = Record<string, unknown>

/**
 * The id of row `index` of a kind, as a UUID that a reader can recognise. Kind 1 is machines, 2 fleets, 3 users, 4 sessions, 5
 * tunnels, 6 schedules, 7 runs, 8 keys, 9 skills.
 */
export function simulatedId(kind: number, index: number): string {
  return `00000000-0000-4000-${(0x8000 + kind).toString(16)}-${String(index).padStart(12, '0')}`
}
const MACHINE = 1
const FLEET = 2
const USER = 3
const SESSION = 4
const TUNNEL = 5
const SCHEDULE = 6
const RUN = 7
const KEY = 8
const SKILL = 9

const CATEGORY = simulatedId(SKILL, 701)
const AT = '2026-06-17T08:00:00Z'

/** The number of rows of each kind at the start. */
export interface CmdopWorldOptions {
  /** Default 3. */
  readonly machines?: number
  /** Default 2. */
  readonly fleets?: number
  /** Default 2. */
  readonly members?: number
  /** Default 1. */
  readonly schedules?: number
  /** Default 3. */
  readonly runs?: number
  /** Default 3. */
  readonly skills?: number
  /** Default 0. */
  readonly keys?: number
}

/** The rows of the relay and the platform, in the JSON of the servers. A test may read and change them. */
export interface CmdopWorld {
  /** Machines; those with odd numbers are online. */
  readonly machines: Row[]
  /** Fleets. */
  readonly fleets: Row[]
  /** Members. Every fleet has the same ones. */
  readonly members: Row[]
  /** Which machine is in which fleet. */
  readonly links: Row[]
  /** Sessions that are connected. */
  readonly sessions: Row[]
  /** Open tunnels. */
  readonly tunnels: Row[]
  /** Schedules. */
  readonly schedules: Row[]
  /** Runs of schedules. */
  readonly runs: Row[]
  /** API keys. */
  readonly keys: Row[]
  /** Skills. */
  readonly skills: Row[]
  /** Versions of skills. */
  readonly versions: Row[]
  /** Reviews of skills. */
  readonly reviews: Row[]
  /** Categories. */
  readonly categories: Row[]
  /** Tags. */
  readonly tags: Row[]
  /** Messages by the id of their machine. */
  readonly messages: Map<string, Row[]>
  /**
   * The time that the servers write into new rows, in ISO 8601.
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const { world } = createCmdopRelaySimulator()
   * console.log(world.now())
   */
  readonly now: () => string
  /**
   * The id for the next row of a kind, for a row that a test adds.
   *
   * @example
   * import { createCmdopRelaySimulator } from 'signalbox/testing'
   *
   * const { world } = createCmdopRelaySimulator()
   * world.tags.push({ id: world.newId('skill'), name: 'release' })
   */
  readonly newId: (kind: keyof typeof KINDS) => string
}

const KINDS = { tunnel: TUNNEL, schedule: SCHEDULE, run: RUN, key: KEY, fleet: FLEET, user: USER, skill: SKILL }

export function createWorld(options: CmdopWorldOptions = {}): CmdopWorld {
  const { machines = 3, fleets = 2, members = 2, schedules = 1, runs = 3, skills = 3, keys = 0 } = options
  const made = new Map<number, number>()
  const list = (count: number, kind: number, row: (id: string, index: number) => Row): Row[] => {
    made.set(kind, count)
    return Array.from({ length: count }, (_, index) => row(simulatedId(kind, index + 1), index + 1))
  }
  const fleetId = simulatedId(FLEET, 1)
  const scheduleId = simulatedId(SCHEDULE, 1)
  return {
    machines: list(machines, MACHINE, machine),
    fleets: list(fleets, FLEET, (id, index) => ({
      id,
      name: `Fleet ${index}`,
      slug: `fleet-${index}`,
      mfa_required: index === 1 ? 'none' : 'any',
      role: index === 1 ? 'owner' : null,
      created_at: AT,
      disabled_at: null,
    })),
    members: list(members, USER, (id, index) => ({
      user_id: id,
      email: `user${index}@example.com`,
      display_name: `User ${index}`,
      role: index === 1 ? 'owner' : 'member',
      joined_at: AT,
      invited_by_id: null,
    })),
    links: [{ machine_id: simulatedId(MACHINE, 1), fleet_id: fleetId, joined_at: AT, added_by_id: null }],
    sessions: [
      {
        session_id: simulatedId(SESSION, 1),
        machine_id: simulatedId(MACHINE, 1),
        hostname: 'host-1',
        label: 'host-1',
        status: 'connected',
      },
      { session_id: simulatedId(SESSION, 2), machine_id: null, hostname: 'host-2', label: 'a guest', status: 'connected' },
    ],
    tunnels: [],
    schedules: list(schedules, SCHEDULE, (id, index) => ({
      id,
      fleet_id: fleetId,
      name: `nightly ${index}`,
      description: '',
      cron_expr: '0 3 * * *',
      timezone: 'UTC',
      command: 'backup.sh',
      target_kind: 'all_fleet_machines',
      is_enabled: true,
      machine_ids: [],
      created_at: AT,
      updated_at: AT,
      last_run_at: AT,
      next_run_at: null,
      last_status: 'completed',
    })),
    runs: list(runs, RUN, (id, index) => ({
      id,
      schedule_id: scheduleId,
      fleet_id: fleetId,
      status: index === 1 ? 'running' : 'completed',
      started_at: AT,
      finished_at: index === 1 ? null : AT,
      duration_seconds: index === 1 ? null : 1.5,
      error: '',
      command_count: index,
    })),
    keys: list(keys, KEY, (id, index) => ({
      id,
      fleet_id: fleetId,
      name: `key-${index}`,
      key_prefix: 'cmdop_ab',
      created_at: AT,
      expires_at: null,
      last_used_at: null,
      revoked_at: null,
      created_by_id: null,
    })),
    skills: list(skills, SKILL, (id, index) => skill(id, `skill-${index}`, index)),
    versions: [
      {
        id: simulatedId(SKILL, 901),
        skill: simulatedId(SKILL, 1),
        version: '1.0.0',
        skill_md: '# One',
        created_at: AT,
      },
    ],
    reviews: [
      {
        id: simulatedId(SKILL, 801),
        author_handle: 'ada',
        author_display_name: 'Ada',
        author_avatar_url: 'https://example.com/a.png',
        body: 'It works.',
        is_rewritten: false,
        source: 'site',
        upstream_created_at: null,
      },
    ],
    categories: [
      { id: CATEGORY, name: 'DevOps', slug: 'devops', ordering: 1, skill_count: skills },
      { id: simulatedId(SKILL, 702), name: 'Testing', slug: 'testing', ordering: 2, skill_count: 0 },
    ],
    tags: [{ id: simulatedId(SKILL, 601), name: 'CI', slug: 'ci' }],
    messages: new Map([[simulatedId(MACHINE, 1), history()]]),
    now: () => AT,
    newId(kind) {
      const number = KINDS[kind]
      const next = (made.get(number) ?? 0) + 1
      made.set(number, next)
      return simulatedId(number, next)
    },
  }
}

function machine(id: string, index: number): Row {
  return {
    id,
    name: index === 1 ? 'build box' : '',
    hostname: `host-${index}`,
    os: 'linux',
    os_version: '6.1',
    architecture: 'amd64',
    agent_version: '1.4.2',
    last_heartbeat_at: index === 1 ? AT : null,
    presence: index % 2 === 1 ? 'online' : 'offline',
    public_key_fingerprint: null,
    public_key_status: null,
    disabled_at: null,
    created_at: AT,
    fleets: index === 1 ? [{ fleet_id: simulatedId(FLEET, 1), slug: 'fleet-1', name: 'Fleet 1', role: 'owner' }] : [],
    specs: {
      cpu_model: 'EPYC',
      cpu_count: 8,
      total_ram_bytes: 34_359_738_368,
      home_dir: '/root',
      uid: 0,
      device_type: 'server',
      device_model: '',
    },
    is_jarvis: false,
  }
}

export function machineDetail(summary: Row): Row {
  return {
    ...summary,
    is_root: true,
    username: 'root',
    device_id: null,
    public_key: null,
    public_key_version: 1,
    public_key_registered_at: null,
    created_by_id: null,
    live_metrics: null,
  }
}

export function machineInfo(summary: Row): Row {
  return {
    identity: {
      hostname: summary.hostname,
      os: summary.os,
      os_version: summary.os_version,
      kernel_version: '6.1.0',
      agent_version: summary.agent_version,
    },
    hardware: { cpu: 'EPYC', cpu_cores: 8, memory_total_gb: 32, disk_total_gb: 512.5, gpu: '' },
    live_state: null,
    session: {
      connected_at: AT,
      last_heartbeat_at: AT,
      reconnect_count_24h: 2,
      token_expires_at: null,
      tunnel_count_active: 0,
    },
    presence: { status: 'healthy', last_seen_at: AT, freshness_seconds: 5 },
    fingerprint: { public_key_fingerprint: null, public_key_status: null, public_key_version: 1 },
  }
}

export function machineSpend(window: string): Row {
  return {
    window,
    total_usd: 1.25,
    delta_usd: 0.25,
    delta_pct: 25,
    tokens_in: 1000,
    tokens_out: 2000,
    calls: 7,
    ocr_pages: 0,
    top_models: [{ model: '@balanced', usd: 1.25, pct: 100 }],
  }
}

function history(): Row[] {
  return [
    { role: 'user', text: 'uptime', created_at: AT, request_id: 'r-1', success: null, error: null, duration_ms: null },
    { role: 'ai', text: 'up 3 days', created_at: AT, request_id: 'r-1', success: true, error: null, duration_ms: 812 },
  ]
}

export function skill(id: string, slug: string, index: number): Row {
  return {
    id,
    slug,
    name: `Skill ${index}`,
    short_description: `Does ${index}`,
    author: 7,
    author_username: 'ada',
    // Lists name a category by its id, requests by its slug.
    category: CATEGORY,
    category_name: 'DevOps',
    tags: [{ id: simulatedId(SKILL, 601), name: 'CI', slug: 'ci' }],
    visibility: 'public',
    status: 'published',
    is_verified: index === 1,
    icon: null,
    cover: null,
    install_count: index,
    star_count: 0,
    download_count: 0,
    review_count: index === 1 ? 1 : 0,
    is_starred: false,
    upstream_author_name: '',
    upstream_author_avatar: 'https://example.com/a.png',
    upstream_author_url: 'https://example.com/ada',
    created_at: AT,
    updated_at: AT,
  }
}

export function skillDetail(world: CmdopWorld, summary: Row): Row {
  const { category: id, category_name: _inCategory, ...rest } = summary
  return {
    ...rest,
    description: `All about ${String(summary.slug)}`,
    readme: '# Read me',
    category: world.categories.find((category) => category.id === id) ?? null,
    latest_version: null,
    reviews: [],
    parsed_meta: null,
    upstream_github_url: 'https://example.com/g',
    upstream_npm_package: '',
    upstream_license: '',
    seo: {
      title: '',
      description: '',
      keywords: [],
      og_title: '',
      og_description: '',
      og_image: 'https://example.com/o.png',
      canonical: 'https://example.com/s',
    },
  }
}
