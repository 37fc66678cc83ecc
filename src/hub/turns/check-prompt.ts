/** Checks whether an agent can be prompted now. */
import { hubError, type HubContext } from '../context.js'
import type { AgentId } from '../model/agent.js'

/** Throws when the agent cannot be prompted. Returns how many turns of one session the system runs at once. */
export function checkPrompt(context: HubContext, id: AgentId, session: string | undefined): number {
  const op = 'prompt'
  const agent = context.agent(id)
  if (!agent) throw hubError({ code: 'not_found', op, message: `There is no agent ${id}.` })
  const { prompt, queue, sessions } = agent.can
  if (!prompt || !context.sourceOf(id)?.prompt) {
    // An agent that was never reached has no capabilities yet, so the reason is not a missing capability.
    const isAway = agent.sessions.length > 0 && agent.sessions.every(({ state }) => state === 'offline')
    const why = agent.facts.offlineReason
    if (isAway) throw hubError({ code: 'unreachable', op, message: `${id} is offline${why === undefined ? '.' : `: ${why}`}` })
    throw hubError({ code: 'unsupported', op, message: `${id} takes no prompts.` })
  }
  const isKnown = session === undefined || agent.sessions.some((each) => each.id === session)
  if (!isKnown && !sessions?.resume && !sessions?.create) {
    throw hubError({ code: 'not_found', op, message: `${id} has no session ${session}.` })
  }
  return 1 + (queue?.depth ?? 0)
}
