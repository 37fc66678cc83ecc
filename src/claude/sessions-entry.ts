/** Sessions that are kept: the store over any key-value store, what drivers of their own need, and the manager of many sessions. */
export { createSessionManager, type ManagerStats, type SessionManager, type SessionManagerOptions } from './manager.js'
export { kvSessionStore, memorySessionStore, storeError } from './session-store.js'
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
} from './session-state.js'
