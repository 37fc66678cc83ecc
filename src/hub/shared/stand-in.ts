/** Takes the place of a source that no hub can reach: its agents are shown as offline, with the reason, and its turns wait for a hub that can. */
import { hubError } from '../context.js'
import type { Agent, Evidence } from '../model/agent.js'
import type { Source } from '../source.js'

/** The name of the fact that says why an agent is offline. */
const OFFLINE_REASON = 'offlineReason'

export function standInSource(name: string, agents: readonly Agent[], reason: string, evidence: Evidence): Source {
  return {
    name,
    system: agents[0]?.system ?? 'hub',
    open: async () =>
      agents.map((agent) => ({
        ...agent,
        sessions: agent.sessions.map(({ id }) => ({ id, state: 'offline' as const, evidence })),
        facts: { ...agent.facts, [OFFLINE_REASON]: reason },
      })),
    prompt: async () => {
      throw hubError({ code: 'unavailable', op: 'prompt', message: reason, retryable: true })
    },
    // The system may still work on the turn. Its own hub finds out when it is back.
    resolve: async () => ({ outcome: 'unknown', reason }),
    async [Symbol.asyncDispose]() {},
  }
}
