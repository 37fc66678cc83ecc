/** The state of a simulated daemon: groups with their ledgers. */
import { systemClock, type Clock } from '../../core/clock.js'
import type { CcccDialect, CcccEvent, Loose } from '../../cccc/shapes.js'

/** A refusal with the code, message and details of the wire. */
export class SimRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Loose = {},
  ) {
    super(message)
  }
}

export interface SimCursor {
  readonly event_id: string
  readonly ts: string
  readonly updated_at?: string
}

export interface SimActor {
  id: string
  title: string
  command: string[]
  submit: string
  enabled: boolean
  runner: string
  runtime: string
  running: boolean
  /** True if the actor was made from a profile, even if it was detached later. */
  linked: boolean
  profileId: string
  profileRevision: number
  createdAt: string
  updatedAt: string
  startedAt: string
  secrets: Map<string, string>
  /** The read watermark: the time of the last read message. */
  cursor: SimCursor
  /** Dialect C: the ids of mail that was read. */
  readMail: Set<string>
  status: string
}

export interface SimGroup {
  id: string
  title: string
  topic: string
  createdAt: string
  updatedAt: string
  state: string
  running: boolean
  scopes: { scope_key: string; url: string; label: string; git_remote: string }[]
  activeScope: string
  actors: SimActor[]
  ledger: CcccEvent[]
  acked: Set<string>
  cancelled: Map<string, CcccEvent>
  humanCursor: SimCursor
  context: SimContext
  settings: Loose
}

export interface SimContext {
  version: number
  notes: { id: string; content: string }[]
  decisions: Loose[]
  handoffs: Loose[]
  brief: Loose
  vision: string | null
  tasks: Loose[]
}

export interface SimProfile {
  profile: Loose
  secrets: Map<string, string>
}

export type SimListener = (event: CcccEvent) => void

export interface World {
  readonly dialect: CcccDialect
  readonly clock: Clock
  readonly groups: Map<string, SimGroup>
  readonly profiles: Map<string, SimProfile>
  readonly home: string
  now(): string
  hex(length: number): string
  append(group: SimGroup, event: { kind: string; by: string; data: Loose; scope_key?: string }): CcccEvent
  /** Streams an event without storing it. */
  announce(event: CcccEvent): void
  listen(listener: SimListener): () => void
  group(args: Loose): SimGroup
}

export function text(args: Loose, key: string, otherwise = ''): string {
  const value = args[key]
  return typeof value === 'string' ? value.trim() : otherwise
}

export function required(args: Loose, ...keys: readonly string[]): void {
  for (const key of keys) if (text(args, key) === '') throw new SimRefusal(`missing_${key}`, `missing ${key}`)
}

export function createWorld(dialect: CcccDialect, clock: Clock = systemClock): World {
  const groups = new Map<string, SimGroup>()
  const listeners = new Set<SimListener>()
  let micros = 0
  let count = 0

  const now = (): string => {
    // Times of stored events grow strictly.
    micros = Math.max(micros + 1, Math.floor(clock.now() * 1000))
    const seconds = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19)
    return `${seconds}.${String(micros % 1_000_000).padStart(6, '0')}Z`
  }
  const hex = (length: number): string => {
    count += 1
    return `51b0${count.toString(16).padStart(length - 4, '0')}`
  }

  return {
    dialect,
    clock,
    groups,
    profiles: new Map(),
    home: '/home/dev/.cccc',
    now,
    hex,
    append(group, { kind, by, data, scope_key = '' }) {
      const event: CcccEvent = { v: 1, id: hex(32), ts: now(), kind, group_id: group.id, scope_key, by, data }
      if (JSON.stringify(event).length > 256_000) {
        throw new SimRefusal('internal_error', `internal error: ValueError: ledger event too large (>256000 bytes): ${kind}`)
      }
      group.ledger.push(event)
      for (const listener of [...listeners]) listener(event)
      return event
    },
    announce(event) {
      for (const listener of [...listeners]) listener(event)
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    group(args) {
      required(args, 'group_id')
      const id = text(args, 'group_id')
      const found = groups.get(id)
      if (!found) throw new SimRefusal('group_not_found', `group not found: ${id}`)
      return found
    },
  }
}
