/** Opens, finds, closes and removes the sessions of one store. Long because every method has an example. */
import { namesChecker, type NamesOf } from '../launch/known-names.js'
import { systemClock, type Clock, type Timer } from '../../core/clock.js'
import type { ClaudeEvent, EventEmitter } from '../ops/events.js'
import { SessionNotFoundError } from '../messages/errors.js'
import type { QueryOptions } from '../run/query.js'
import { memorySessionStore } from './store.js'
import type { Session, SessionOptions } from './types.js'
import type { SessionFilter, SessionMetadata, SessionState, SessionStatus, SessionStore } from './state.js'

/** Options of `createSessionManager`. */
export interface SessionManagerOptions {
  /** Where the sessions are kept. Default: memory. The store stays open when the manager stops. */
  readonly store?: SessionStore
  /** For tests. */
  readonly clock?: Clock
  /** Whether `start` begins a regular removal of old sessions. Default true. */
  readonly autoCleanup?: boolean
  /** How often old sessions are removed. Default one hour. */
  readonly cleanupIntervalMs?: number
  /** How long a session that is not active is kept after its last turn. Default seven days. */
  readonly sessionTtlMs?: number
}

const MANAGER_OPTIONS: NamesOf<SessionManagerOptions> = {
  store: true,
  clock: true,
  autoCleanup: true,
  cleanupIntervalMs: true,
  sessionTtlMs: true,
}
const checkManager = /* @__PURE__ */ namesChecker(MANAGER_OPTIONS, 'SessionManagerOptions', 'sessions')

/** Counts and sums over a store. */
export interface ManagerStats {
  /** Sessions in the store. */
  readonly totalSessions: number
  /** Stored sessions that are not closed. */
  readonly activeSessions: number
  /** Stored sessions that are closed. */
  readonly closedSessions: number
  /** Sessions that are open here. */
  readonly inMemorySessions: number
  /** Tokens of all stored sessions. */
  readonly totalTokens: number
  /** Cost of all stored sessions. */
  readonly totalCostUsd: number
}

/** Opens, finds, lists and removes the sessions of one store. */
export interface SessionManager extends AsyncDisposable {
  /**
   * Begins the regular removal of old sessions. All other methods work without `start`.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * sessions.start()
   * ```
   */
  start(): void
  /**
   * Ends the regular cleanup and closes every session that this manager has open. The store stays open.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * await sessions.stop()
   * ```
   */
  stop(): Promise<void>
  /**
   * Opens a new session and saves it in the store.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const session = await sessions.createSession({ tags: ['support'] })
   * ```
   */
  createSession(options?: SessionOptions): Promise<Session>
  /**
   * The session with this id: the open one, or else one that is opened from the store. Null when the id is unknown.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const session = await sessions.getSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * if (session) console.log(await session.sendMessage('Go on.').text())
   * ```
   */
  getSession(sessionId: string, options?: SessionOptions): Promise<Session | null>
  /**
   * The state of a session, without opening the session. Null when the id is unknown.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const state = await sessions.peekSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * console.log(state?.lastPrompt)
   * ```
   */
  peekSession(sessionId: string): Promise<SessionState | null>
  /**
   * Opens a session from the store. A session with this id that is open here is closed first. An unknown id rejects with
   * `SessionNotFoundError`.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const session = await sessions.loadSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  loadSession(sessionId: string, options?: SessionOptions): Promise<Session>
  /**
   * Closes a session and marks it as closed in the store. False when the id is unknown.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * await sessions.closeSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  closeSession(sessionId: string): Promise<boolean>
  /**
   * Closes a session and removes it from the store. False when the id is unknown.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * await sessions.deleteSession('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  deleteSession(sessionId: string): Promise<boolean>
  /**
   * One page of the stored sessions that pass the filter. Default: the 100 that changed last.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const expensive = await sessions.listSessions({ orderBy: 'totalCostUsd', limit: 5 })
   * ```
   */
  listSessions(filter?: SessionFilter): Promise<readonly SessionMetadata[]>
  /**
   * The stored sessions with the status `active`, at most 100.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * for (const { sessionId } of await sessions.listActiveSessions()) console.log(sessionId)
   * ```
   */
  listActiveSessions(): Promise<readonly SessionMetadata[]>
  /**
   * The sessions that changed in the last hours, newest first. Default: 24 hours, 10 sessions.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const today = await sessions.listRecentSessions(24, 20)
   * ```
   */
  listRecentSessions(hours?: number, limit?: number): Promise<readonly SessionMetadata[]>
  /**
   * The stored sessions that have at least one of the tags.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const found = await sessions.searchByTags(['support', 'urgent'])
   * ```
   */
  searchByTags(tags: readonly string[], limit?: number): Promise<readonly SessionMetadata[]>
  /**
   * How many stored sessions pass the filter.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const closed = await sessions.countSessions({ status: 'closed' })
   * ```
   */
  countSessions(filter?: Pick<SessionFilter, 'status' | 'model'>): Promise<number>
  /**
   * Whether the session is open here or stored.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * console.log(await sessions.sessionExists('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11'))
   * ```
   */
  sessionExists(sessionId: string): Promise<boolean>
  /**
   * Removes the sessions that are not active and did not change for `sessionTtlMs`. Gives how many were removed.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * console.log(await sessions.cleanupExpired(), 'sessions removed')
   * ```
   */
  cleanupExpired(): Promise<number>
  /**
   * Removes the closed sessions that did not change for this many milliseconds. Default 0: all closed sessions. Gives how many
   * were removed.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * await sessions.cleanupClosed(86_400_000)
   * ```
   */
  cleanupClosed(olderThanMs?: number): Promise<number>
  /**
   * Counts and sums over all stored sessions.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * const { totalSessions, totalCostUsd } = await sessions.getStats()
   * ```
   */
  getStats(): Promise<ManagerStats>
  /**
   * Sends one prompt in a new session, closes the session, and gives the text of the answer.
   *
   * @example
   * ```ts
   * import type { SessionManager } from 'signalbox/claude'
   *
   * declare const sessions: SessionManager
   * console.log(await sessions.quickQuery('Name one colour.'))
   * ```
   */
  quickQuery(prompt: string, options?: QueryOptions): Promise<string>
  /** The sessions that are open here. */
  readonly activeSessions: readonly Session[]
  /** How many sessions are open here. */
  readonly activeSessionCount: number
  /** The store of this manager. */
  readonly store: SessionStore
}

/** The part of a client that the manager needs. `createClaude` and `createFullClaude` return it. */
export interface SessionOpener {
  /** Opens a new session. */
  createSession(options?: SessionOptions): Session
  /** Opens a stored session; null when it is unknown. */
  loadSession(sessionId: string, options?: SessionOptions): Promise<Session | null>
  /** Gets an event when a session is deleted. */
  readonly events: EventEmitter | undefined
}

const PAGE = 500

/**
 * Opens, finds, lists and removes the sessions of one store.
 *
 * Long because its methods share one table of open sessions.
 *
 * @example
 * ```ts
 * import { createSessionManager, memorySessionStore, type ClaudeClient } from 'signalbox/claude'
 *
 * declare const claude: ClaudeClient
 * await using sessions = createSessionManager(claude, { store: memorySessionStore() })
 * ```
 */
export function createSessionManager(client: SessionOpener, options: SessionManagerOptions = {}): SessionManager {
  checkManager(options)
  const { events } = client
  const {
    store = memorySessionStore(),
    clock = systemClock,
    autoCleanup = true,
    cleanupIntervalMs = 3_600_000,
    sessionTtlMs = 7 * 86_400_000,
  } = options
  const open = new Map<string, Session>()
  let timer: Timer | undefined
  let started = false

  const isoBefore = (ms: number): string => new Date(clock.now() - ms).toISOString()
  const keep = (session: Session): Session => {
    open.set(session.sessionId, session)
    return session
  }
  const live = (sessionId: string): Session | undefined => {
    const session = open.get(sessionId)
    if (session?.isClosed) open.delete(sessionId)
    return session?.isClosed ? undefined : session
  }
  const schedule = (): void => {
    if (!started || !autoCleanup) return
    timer = clock.after(
      cleanupIntervalMs,
      () =>
        void manager
          .cleanupExpired()
          .catch(() => {})
          .then(schedule),
    )
  }
  const closeNow = async (session: Session): Promise<void> => {
    await session.close()
    open.delete(session.sessionId)
  }
  const remove = async (metadata: SessionMetadata): Promise<boolean> => {
    if (live(metadata.sessionId)) return false
    const gone = await store.delete(metadata.sessionId)
    if (gone) {
      const { sessionId, model, turnCount } = metadata
      const totalTokens = metadata.totalInputTokens + metadata.totalOutputTokens
      const timestamp = new Date(clock.now()).toISOString()
      events?.emit({
        type: 'session.deleted',
        sessionId,
        model,
        turnCount,
        totalTokens,
        timestamp,
        metadata: {},
      } satisfies ClaudeEvent)
    }
    return gone
  }
  const removeAll = async (filter: SessionFilter, may: (metadata: SessionMetadata) => boolean): Promise<number> => {
    let removed = 0
    for (let offset = 0; ; ) {
      const page = await store.list({ ...filter, orderBy: 'createdAt', orderDesc: false, limit: PAGE, offset })
      let kept = 0
      for (const metadata of page) {
        if (may(metadata) && (await remove(metadata))) removed += 1
        else kept += 1
      }
      if (page.length < PAGE) return removed
      offset += kept
    }
  }
  const withStatus = (status: SessionStatus): Promise<number> => store.count({ status })

  const manager: SessionManager = {
    start() {
      if (started) return
      started = true
      schedule()
    },
    async stop() {
      started = false
      timer?.cancel()
      await Promise.all([...open.values()].map(closeNow))
    },
    async createSession(options = {}) {
      const session = keep(client.createSession({ store, ...options }))
      await store.save(session.toState())
      return session
    },
    async getSession(sessionId, options = {}) {
      const liveSession = live(sessionId)
      if (liveSession) return liveSession
      const session = await client.loadSession(sessionId, { store, ...options })
      return session ? keep(session) : null
    },
    peekSession: async (sessionId) => live(sessionId)?.toState() ?? (await store.load(sessionId)),
    async loadSession(sessionId, options = {}) {
      const before = live(sessionId)
      if (before) await closeNow(before)
      const session = await client.loadSession(sessionId, { store, ...options })
      if (session) return keep(session)
      throw new SessionNotFoundError({ code: 'not_found', message: `The store has no session ${sessionId}.`, sessionId })
    },
    async closeSession(sessionId) {
      const liveSession = live(sessionId)
      if (!liveSession) return await store.updateStatus(sessionId, 'closed')
      await closeNow(liveSession)
      return true
    },
    async deleteSession(sessionId) {
      const liveSession = live(sessionId)
      if (liveSession) await closeNow(liveSession)
      const state = await store.load(sessionId)
      return state ? await remove(state) : false
    },
    listSessions: (filter) => store.list(filter),
    listActiveSessions: () => store.list({ status: 'active' }),
    listRecentSessions: (hours = 24, limit = 10) => store.list({ updatedAfter: isoBefore(hours * 3_600_000), limit }),
    searchByTags: (tags, limit) => store.list({ tags, ...(limit === undefined ? {} : { limit }) }),
    countSessions: (filter) => store.count(filter),
    sessionExists: async (sessionId) => live(sessionId) !== undefined || (await store.exists(sessionId)),
    cleanupExpired: () => removeAll({ updatedBefore: isoBefore(sessionTtlMs) }, ({ status }) => status !== 'active'),
    cleanupClosed: (olderThanMs = 0) => removeAll({ status: 'closed', updatedBefore: isoBefore(olderThanMs) }, () => true),
    async getStats() {
      let totalTokens = 0
      let totalCostUsd = 0
      for (let offset = 0; ; offset += PAGE) {
        const page = await store.list({ limit: PAGE, offset, orderBy: 'createdAt' })
        for (const entry of page) {
          totalTokens += entry.totalInputTokens + entry.totalOutputTokens
          totalCostUsd += entry.totalCostUsd
        }
        if (page.length < PAGE) break
      }
      const [totalSessions, activeSessions, closedSessions] = await Promise.all([
        store.count(),
        withStatus('active'),
        withStatus('closed'),
      ])
      return {
        totalSessions,
        activeSessions,
        closedSessions,
        inMemorySessions: manager.activeSessionCount,
        totalTokens,
        totalCostUsd,
      }
    },
    async quickQuery(prompt, options = {}) {
      const { signal, timeoutMs, ...rest } = options
      const session = keep(client.createSession({ store, options: rest }))
      try {
        const send = { ...(signal ? { signal } : {}), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
        return await session.sendMessage(prompt, send).text()
      } finally {
        await closeNow(session)
      }
    },
    get activeSessions() {
      return [...open.values()].filter((session) => !session.isClosed)
    },
    get activeSessionCount() {
      return manager.activeSessions.length
    },
    store,
    [Symbol.asyncDispose]: () => manager.stop(),
  }
  return manager
}
