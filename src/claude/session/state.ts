/** The state of a session in a store, and the interface of the store. */

export const SESSION_STATUSES = ['active', 'closed', 'expired', 'error'] as const
/** Whether a stored session is open. */
export type SessionStatus = (typeof SESSION_STATUSES)[number]

/** The stored state of a session. */
export interface SessionState {
  /** The id under which the CLI keeps the session. */
  readonly sessionId: string
  /** When the session was created, as ISO 8601 in UTC. */
  readonly createdAt: string
  /** When the session last changed, as ISO 8601. */
  readonly updatedAt: string
  /** Whether the session is open. */
  readonly status: SessionStatus
  /** The model that was asked for, or `default`. */
  readonly model: string
  /** The system prompt that was asked for. */
  readonly systemPrompt: string | null
  /** The text that was added to the system prompt. */
  readonly appendSystemPrompt: string | null
  /** Turns that were sent. */
  readonly turnCount: number
  /** Input tokens of all turns. */
  readonly totalInputTokens: number
  /** Output tokens of all turns. */
  readonly totalOutputTokens: number
  /** The cost of all turns. */
  readonly totalCostUsd: number
  /** A hash over all prompts and answers. Two sessions with the same hash have the same conversation. */
  readonly messagesHash: string
  /** The message of the last turn that ended. */
  readonly lastPrompt: string
  /** The answer of the last turn that ended. */
  readonly lastResponse: string
  /** Labels that lists can be filtered by. */
  readonly tags: readonly string[]
  /** The caller's own data. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Always 0. The field exists because ccflow's databases have it. */
  readonly toonSavingsRatio: number
}

/** The part of a session's state that lists show. */
export type SessionMetadata = Pick<
  SessionState,
  | 'sessionId'
  | 'createdAt'
  | 'updatedAt'
  | 'status'
  | 'model'
  | 'turnCount'
  | 'totalInputTokens'
  | 'totalOutputTokens'
  | 'totalCostUsd'
  | 'tags'
>

/** The keys that a list of sessions can be sorted by. */
export const SESSION_ORDERS = ['createdAt', 'updatedAt', 'turnCount', 'totalTokens', 'totalCostUsd'] as const
/** A key that a list of sessions can be sorted by. */
export type SessionOrder = (typeof SESSION_ORDERS)[number]

/** Selects sessions. A session must pass every field that is given. `count` ignores `limit` and `offset`. */
export interface SessionFilter {
  /** Only sessions with this status. */
  readonly status?: SessionStatus
  /** Only sessions of this model. */
  readonly model?: string
  /** Only sessions with at least one of these labels. */
  readonly tags?: readonly string[]
  /** Only sessions created at this time or later (ISO 8601). */
  readonly createdAfter?: string
  /** Only sessions created at this time or before (ISO 8601). */
  readonly createdBefore?: string
  /** Only sessions that changed at this time or later (ISO 8601). */
  readonly updatedAfter?: string
  /** Only sessions that did not change after this time (ISO 8601). */
  readonly updatedBefore?: string
  /** At least this many turns. */
  readonly minTurns?: number
  /** At most this many turns. */
  readonly maxTurns?: number
  /** How many sessions to give at most. Default 100. */
  readonly limit?: number
  /** How many sessions to skip. Default 0. */
  readonly offset?: number
  /** What the list is sorted by. Default `updatedAt`. */
  readonly orderBy?: SessionOrder
  /** Highest or newest first. Default true. */
  readonly orderDesc?: boolean
}

/** The part of a store that a client needs. */
export interface SessionKeeper {
  /**
   * Stores a state. An earlier state of the same session is replaced.
   *
   * @example
   * ```ts
   * import type { Session, SessionKeeper } from 'signalbox/claude'
   *
   * declare const store: SessionKeeper
   * declare const session: Session
   * await store.save(session.toState())
   * ```
   */
  save(state: SessionState): Promise<void>
  /**
   * The stored state of a session; null when the store does not have the session.
   *
   * @example
   * ```ts
   * import type { SessionKeeper } from 'signalbox/claude'
   *
   * declare const store: SessionKeeper
   * const state = await store.load('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * console.log(state?.lastResponse)
   * ```
   */
  load(sessionId: string): Promise<SessionState | null>
}

/** A store of sessions that can also list, count and remove them. */
export interface SessionStore extends SessionKeeper, AsyncDisposable {
  /**
   * Removes a session; false when the store does not have it.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * const removed = await store.delete('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  delete(sessionId: string): Promise<boolean>
  /**
   * One page of the sessions that pass the filter. Default: the 100 that changed last.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * const newest = await store.list({ status: 'active', limit: 10 })
   * ```
   */
  list(filter?: SessionFilter): Promise<readonly SessionMetadata[]>
  /**
   * Removes the sessions that did not change since the given time (ISO 8601). Active sessions stay. Gives how many were removed.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * const removed = await store.cleanup('2026-01-01T00:00:00.000Z')
   * ```
   */
  cleanup(updatedBefore: string): Promise<number>
  /**
   * Whether the store has the session.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * if (!(await store.exists('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11'))) console.log('unknown')
   * ```
   */
  exists(sessionId: string): Promise<boolean>
  /**
   * How many sessions pass the filter. `limit` and `offset` are ignored.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * const closed = await store.count({ status: 'closed' })
   * ```
   */
  count(filter?: SessionFilter): Promise<number>
  /**
   * Sets the status of a session; false when the store does not have the session.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * await store.updateStatus('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11', 'closed')
   * ```
   */
  updateStatus(sessionId: string, status: SessionStatus): Promise<boolean>
  /**
   * Closes the store. Later calls fail with `closed`.
   *
   * @example
   * ```ts
   * import type { SessionStore } from 'signalbox/claude'
   *
   * declare const store: SessionStore
   * await store.close()
   * ```
   */
  close(): Promise<void>
}

/** The part of a session's state that lists show. */
export function metadataOf(state: SessionState): SessionMetadata {
  const { sessionId, createdAt, updatedAt, status, model, turnCount, totalInputTokens, totalOutputTokens, totalCostUsd, tags } =
    state
  return {
    sessionId,
    createdAt,
    updatedAt,
    status,
    model,
    turnCount,
    totalInputTokens,
    totalOutputTokens,
    totalCostUsd,
    tags: [...tags],
  }
}

/** Whether a session passes a filter. For stores that filter in memory. */
export function matchesFilter(state: SessionMetadata, filter: SessionFilter): boolean {
  const { status, model, tags, createdAfter, createdBefore, updatedAfter, updatedBefore, minTurns, maxTurns } = filter
  if (status !== undefined && state.status !== status) return false
  if (model !== undefined && state.model !== model) return false
  if (tags !== undefined && tags.length > 0 && !tags.some((tag) => state.tags.includes(tag))) return false
  if (createdAfter !== undefined && state.createdAt < createdAfter) return false
  if (createdBefore !== undefined && state.createdAt > createdBefore) return false
  if (updatedAfter !== undefined && state.updatedAt < updatedAfter) return false
  if (updatedBefore !== undefined && state.updatedAt > updatedBefore) return false
  if (minTurns !== undefined && state.turnCount < minTurns) return false
  return maxTurns === undefined || state.turnCount <= maxTurns
}

/** Sorts sessions as the filter says, equal ones by id, and gives the page. For stores that sort in memory. */
export function pageOf(states: readonly SessionMetadata[], filter: SessionFilter): readonly SessionMetadata[] {
  const { orderBy = 'updatedAt', orderDesc = true, limit = 100, offset = 0 } = filter
  const key = (state: SessionMetadata): string | number =>
    orderBy === 'totalTokens' ? state.totalInputTokens + state.totalOutputTokens : state[orderBy]
  const sign = orderDesc ? -1 : 1
  const sorted = states.toSorted((a, b) => {
    const [keyA, keyB] = [key(a), key(b)]
    if (keyA !== keyB) return keyA < keyB ? -sign : sign
    return a.sessionId < b.sessionId ? -1 : 1
  })
  return sorted.slice(offset, offset + limit)
}
