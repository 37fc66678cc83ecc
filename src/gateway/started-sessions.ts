/** Which sessions each credential started, so that a credential below `admin` resumes only those. Kept in memory, and bounded. */
import type { LaunchFacts } from './policy/policy.js'

/** Session ids by credential. */
export interface StartedSessions {
  add(grantId: string, sessionId: string): void
  of(grantId: string): LaunchFacts
}

const MAX_GRANTS = 1_000
const MAX_SESSIONS = 1_000

/** Creates the list of one gateway. */
export function createStartedSessions(): StartedSessions {
  const started = new Map<string, Set<string>>()
  return {
    add(grantId, sessionId) {
      const ids = started.get(grantId) ?? new Set<string>()
      ids.add(sessionId.toLowerCase())
      if (ids.size > MAX_SESSIONS) deleteOldest(ids)
      // Set again, so that the credential that was used last is forgotten last.
      started.delete(grantId)
      started.set(grantId, ids)
      if (started.size > MAX_GRANTS) deleteOldest(started)
    },
    of: (grantId) => ({ startedSession: (id) => started.get(grantId)?.has(id.toLowerCase()) === true }),
  }
}

function deleteOldest(collection: { keys(): Iterator<string>; delete(key: string): boolean }): void {
  const { value } = collection.keys().next()
  if (value !== undefined) collection.delete(value)
}
