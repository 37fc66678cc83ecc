/** The sessions of CatSyphon that a recorder writes: one for each session of an agent. Each item is appended once, also after a crash. */
import type { CollectorEvent } from '../../catsyphon/events.js'
import type { Session } from '../../catsyphon/session.js'
import { sha256Hex } from '../../core/sha256.js'
import type { Redactor } from '../../redact.js'
import type { Agent, AgentId } from '../model/agent.js'
import type { Cell, Records, SessionRecord } from './records.js'
import { emptyState, type RecordedItem } from './translate.js'

/** A session that is loaded. */
export interface OpenSession {
  readonly key: string
  readonly cell: Cell<SessionRecord>
  readonly target: Session
  /** Keys of items that an earlier process appended after it wrote the record. */
  readonly done: Set<string>
  /** What the next record says. The record in the store is older while this has changes. */
  next: { -readonly [Key in keyof SessionRecord]: SessionRecord[Key] }
  changed: boolean
}

export interface Sessions {
  open(agent: AgentId, session: string): Promise<OpenSession>
  /** Opens every session of the agent that is recorded and started. */
  started(agent: AgentId): Promise<OpenSession[]>
  /** Stores the keys of the items first, then appends the items. Resolves with the number of items that were appended. */
  append(openSession: OpenSession, before: string, items: readonly RecordedItem[]): Promise<number>
  /** Stores every change. */
  save(seq: number): Promise<void>
}

export interface SessionsOptions {
  readonly records: Records
  readonly recorderId: string
  readonly redactor: Redactor
  readonly openTarget: (id: string) => Session
}

/** Sessions that stay loaded. */
const MAX_LOADED = 500

const part = (text: string): string => sha256Hex(text).slice(0, 24)
const prefixOf = (agent: AgentId): string => `session.${part(agent)}.`

export function createSessions({ records, recorderId, redactor, openTarget }: SessionsOptions): Sessions {
  const loaded = new Map<string, OpenSession>()

  const load = async (key: string, agent: AgentId, session: string): Promise<OpenSession> => {
    const stored = await records.get<SessionRecord>(key)
    const fresh = (): SessionRecord => ({
      v: 1,
      agent,
      session,
      started: false,
      state: emptyState(),
      seq: 0,
      taken: 0,
      keys: [],
      gapSeq: 0,
    })
    const cell: Cell<SessionRecord> = stored ?? { value: fresh(), version: null }
    const { keys, taken } = cell.value
    const target = openTarget(sessionId(recorderId, agent, session))
    const now = await target.taken()
    // An outbox that has forgotten the session counts from 0 again.
    const durable = Math.max(0, Math.min(keys.length, now - taken))
    const done = new Set(keys.slice(0, durable))
    return { key, cell, target, done, next: { ...structuredClone(cell.value), taken: now, keys: [] }, changed: false }
  }
  const open = async (agent: AgentId, session: string): Promise<OpenSession> => {
    const key = `${prefixOf(agent)}${part(session)}`
    const openSession = loaded.get(key) ?? (await load(key, agent, session))
    // Moved to the end: the first one is the one to forget.
    loaded.delete(key)
    loaded.set(key, openSession)
    if (loaded.size > MAX_LOADED) {
      const idle = [...loaded.values()].find((other) => !other.changed && other !== openSession)
      if (idle) loaded.delete(idle.key)
    }
    return openSession
  }
  return {
    open,
    async started(agent) {
      const all: OpenSession[] = []
      for await (const key of records.keys(prefixOf(agent))) {
        const stored = loaded.get(key)?.next ?? (await records.get<SessionRecord>(key))?.value
        if (stored) all.push(await open(agent, stored.session))
      }
      return all.filter(({ next }) => next.started)
    },
    async append(openSession, before, items) {
      const missing = items.filter(({ key }) => !openSession.done.has(key))
      if (missing.length === 0) return 0
      // The items of an earlier process stay in the list: this process may die before the state behind them is stored.
      const keys = [...openSession.done, ...missing.map(({ key }) => key)]
      openSession.cell.value = {
        ...(JSON.parse(before) as SessionRecord),
        taken: openSession.next.taken - openSession.done.size,
        keys,
      }
      await records.put(openSession.key, openSession.cell)
      const appended = missing.map(({ key, event }) =>
        openSession.target.add(prepared(event, openSession.target.id, key, redactor)),
      )
      await Promise.all(appended)
      openSession.next.taken += missing.length
      return missing.length
    },
    async save(seq) {
      for (const openSession of loaded.values()) {
        if (!openSession.changed) continue
        openSession.cell.value = { ...structuredClone(openSession.next), seq, keys: [] }
        await records.put(openSession.key, openSession.cell)
        openSession.done.clear()
        openSession.next.seq = seq
        openSession.changed = false
      }
    },
  }
}

/** The same for the same session, also after a restart of the hub with an empty journal. */
const sessionId = (recorderId: string, agent: AgentId, session: string): string =>
  `hub-${sha256Hex(`${recorderId}\n${agent}\n${session}`).slice(0, 32)}`

function prepared(event: CollectorEvent, id: string, key: string, redactor: Redactor): CollectorEvent {
  const data = redactor.value(event.data) as Record<string, unknown>
  return { ...event, data, eventHash: sha256Hex(`${id} ${key}`).slice(0, 32) }
}

/** The first event of a session of CatSyphon. */
export function startOf(agent: Agent | undefined, id: AgentId, session: string): CollectorEvent['data'] {
  const { cwd, branch, version } = agent?.facts ?? {}
  return {
    agent_type: agent?.system === 'claude' || agent?.system === 'ccc' ? 'claude-code' : (agent?.system ?? 'unknown'),
    slug: session === 'main' ? id : `${id} ${session}`,
    ...(typeof version === 'string' ? { agent_version: version } : {}),
    ...(typeof cwd === 'string' ? { working_directory: cwd } : {}),
    ...(typeof branch === 'string' ? { git_branch: branch } : {}),
  }
}
