/** What is kept of a session, and the store that keeps it. */

export const SESSION_STATUSES = ['active', 'closed', 'expired', 'error'] as const
/** Whether a stored session is open. */
export type SessionStatus = (typeof SESSION_STATUSES)[number]

/** What a store keeps of a session. */
export interface SessionState {
  readonly sessionId: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly status: SessionStatus
  readonly model: string
  readonly systemPrompt: string | null
  readonly appendSystemPrompt: string | null
  readonly turnCount: number
  readonly totalInputTokens: number
  readonly totalOutputTokens: number
  readonly totalCostUsd: number
  /** A chain over prompts and answers: equal hashes, equal conversations. */
  readonly messagesHash: string
  readonly lastPrompt: string
  readonly lastResponse: string
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly toonSavingsRatio: number
}

/** What a list of sessions shows of each. */
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

/** Every field narrows; `limit` and `offset` do not touch `count`. */
export interface SessionFilter {
  readonly status?: SessionStatus
  readonly model?: string
  /** Any of them. */
  readonly tags?: readonly string[]
  readonly createdAfter?: string
  readonly createdBefore?: string
  readonly updatedAfter?: string
  readonly updatedBefore?: string
  readonly minTurns?: number
  readonly maxTurns?: number
  /** Default 100. */
  readonly limit?: number
  readonly offset?: number
  /** Default `updatedAt`. */
  readonly orderBy?: SessionOrder
  /** Default true. */
  readonly orderDesc?: boolean
}

/** As much of a store as a client needs. */
export interface SessionKeeper {
  save(state: SessionState): Promise<void>
  load(sessionId: string): Promise<SessionState | null>
}

/** Keeps sessions: finds, lists, counts and forgets them. */
export interface SessionStore extends SessionKeeper, AsyncDisposable {
  delete(sessionId: string): Promise<boolean>
  list(filter?: SessionFilter): Promise<readonly SessionMetadata[]>
  /** Deletes what was not updated since, active ones excepted; gives how many. */
  cleanup(updatedBefore: string): Promise<number>
  exists(sessionId: string): Promise<boolean>
  count(filter?: SessionFilter): Promise<number>
  /** False where there is no such session. */
  updateStatus(sessionId: string, status: SessionStatus): Promise<boolean>
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

/** Whether a session passes a filter; for stores that filter in memory. */
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

/** Sorts by an allowed key, ties by id, and cuts the page. */
export function pageOf(states: readonly SessionMetadata[], filter: SessionFilter): readonly SessionMetadata[] {
  const { orderBy = 'updatedAt', orderDesc = true, limit = 100, offset = 0 } = filter
  const key = (state: SessionMetadata): string | number =>
    orderBy === 'totalTokens' ? state.totalInputTokens + state.totalOutputTokens : state[orderBy]
  const sign = orderDesc ? -1 : 1
  const sorted = states.toSorted((one, other) => {
    const [mine, theirs] = [key(one), key(other)]
    if (mine !== theirs) return mine < theirs ? -sign : sign
    return one.sessionId < other.sessionId ? -1 : 1
  })
  return sorted.slice(offset, offset + limit)
}
