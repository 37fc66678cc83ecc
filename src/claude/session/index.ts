/** Sessions: conversations over one process, the stores that keep them, and the manager of many sessions. */
export type { SendOptions, Session, SessionOptions, SessionStats } from './types.js'
export {
  createSessionManager,
  type ManagerStats,
  type SessionManager,
  type SessionManagerOptions,
  type SessionOpener,
} from './manager.js'
export { kvSessionStore, memorySessionStore, storeError } from './store.js'
export {
  matchesFilter,
  metadataOf,
  pageOf,
  SESSION_ORDERS,
  SESSION_STATUSES,
  type SessionFilter,
  type SessionKeeper,
  type SessionMetadata,
  type SessionOrder,
  type SessionState,
  type SessionStatus,
  type SessionStore,
} from './state.js'
