/** The tables behind the simulator, and the lock of each session's row. */
import type { Clock, Random } from '../../core/clock.js'
import type { CollectorRecord, SessionRecord } from './sessions.js'

export interface WorkspaceRecord {
  readonly id: string
  readonly organization_id: string
  readonly name: string
  readonly slug: string
  is_active: boolean
  readonly created_at: string
}

export interface OrganizationRecord {
  readonly id: string
  readonly name: string
  readonly slug: string
  readonly is_active: boolean
  readonly created_at: string
}

export interface Records {
  readonly workspaces: Map<string, WorkspaceRecord>
  readonly organizations: Map<string, OrganizationRecord>
  readonly collectors: Map<string, CollectorRecord>
  readonly sessions: Map<string, SessionRecord>
  readonly mostAtOnce: number
  newId(): string
  now(): string
  addOrganization(name: string, slug?: string): OrganizationRecord
  addWorkspace(name: string, organizationId?: string, slug?: string): WorkspaceRecord
  addCollector(workspaceId: string): CollectorRecord
  builtin(workspaceId: string): CollectorRecord
  /** Runs work under the session's lock, in the order of the calls. */
  locked<T>(sessionId: string, work: () => Promise<T>): Promise<T>
  /** Counts requests that run for one session at the same time. */
  inside<T>(sessionId: string, work: () => Promise<T>): Promise<T>
}

const KEY_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export function createRecords(random: Random, clock: Clock): Records {
  const workspaces = new Map<string, WorkspaceRecord>()
  const organizations = new Map<string, OrganizationRecord>()
  const collectors = new Map<string, CollectorRecord>()
  const builtins = new Map<string, CollectorRecord>()
  const sessions = new Map<string, SessionRecord>()
  const locks = new Map<string, Promise<void>>()
  const counts = new Map<string, number>()
  let mostAtOnce = 0

  const pick = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
  const hex = (length: number): string => pick('0123456789abcdef', length)
  const newId = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick('89ab', 1)}${hex(3)}-${hex(12)}`
  const now = (): string => new Date(clock.now()).toISOString().replace('Z', '000Z')
  const slugOf = (name: string): string =>
    name
      .toLowerCase()
      .replace(/[\s_]/g, '-')
      .replace(/[^a-z0-9-]/g, '') || 'default'
  const addOrganization: Records['addOrganization'] = (name, slug = slugOf(name)) => {
    const made = { id: newId(), name, slug, is_active: true, created_at: now() }
    organizations.set(made.id, made)
    return made
  }
  const makeCollector = (workspaceId: string): CollectorRecord => {
    const made = { id: newId(), workspaceId, key: `cs_live_${pick(KEY_ALPHABET, 43)}`, createdAt: now(), enabled: true }
    collectors.set(made.id, made)
    return made
  }

  return {
    workspaces,
    organizations,
    collectors,
    sessions,
    newId,
    now,
    get mostAtOnce() {
      return mostAtOnce
    },
    addOrganization,
    addWorkspace(name, organizationId = addOrganization('Acme').id, slug = slugOf(name)) {
      const made = { id: newId(), organization_id: organizationId, name, slug, is_active: true, created_at: now() }
      workspaces.set(made.id, made)
      return made
    },
    addCollector: makeCollector,
    builtin(workspaceId) {
      const made = builtins.get(workspaceId) ?? makeCollector(workspaceId)
      builtins.set(workspaceId, made)
      return made
    },
    async locked(sessionId, work) {
      const before = locks.get(sessionId) ?? Promise.resolve()
      const mine = before.then(work)
      const done = mine.then(
        () => {},
        () => {},
      )
      locks.set(sessionId, done)
      try {
        return await mine
      } finally {
        if (locks.get(sessionId) === done) locks.delete(sessionId)
      }
    },
    async inside(sessionId, work) {
      const count = (counts.get(sessionId) ?? 0) + 1
      counts.set(sessionId, count)
      mostAtOnce = Math.max(mostAtOnce, count)
      try {
        return await work()
      } finally {
        const left = (counts.get(sessionId) ?? 1) - 1
        if (left > 0) counts.set(sessionId, left)
        else counts.delete(sessionId)
      }
    },
  }
}
