/** Prompts for more than one agent. Functions over the hub's interface, so that they work over a link too. */
import { hubError } from './context.js'
import type { Hub, PromptOptions, Turn } from './hub.js'
import type { Agent, AgentId } from './model/agent.js'

/** Which agents: their ids, or a test of each agent. */
export type AgentChoice = readonly AgentId[] | ((agent: Agent) => boolean)

/** Options of `askAll`. */
export interface AskAllOptions extends Omit<PromptOptions, 'promptId'> {
  /** Makes the prompts idempotent: each turn gets the id `<promptId>@<agent>`. */
  readonly promptId?: string
}

/**
 * Sends one prompt to every chosen agent and gives their turns.
 *
 * @example
 * ```ts
 * import { askAll, type Hub } from 'signalbox/hub'
 *
 * declare const hub: Hub
 * const turns = await askAll(hub, (agent) => agent.system === 'ccc', 'What are you working on?')
 * for (const turn of turns) console.log(turn.agent, await turn.text())
 * ```
 */
export async function askAll(hub: Hub, choice: AgentChoice, text: string, options: AskAllOptions = {}): Promise<readonly Turn[]> {
  const { promptId, ...rest } = options
  const ids = typeof choice === 'function' ? (await hub.agents()).filter(choice).map(({ id }) => id) : choice
  return ids.map((id) => hub.prompt(id, text, { ...rest, ...(promptId === undefined ? {} : { promptId: `${promptId}@${id}` }) }))
}

/**
 * Prompts the best agent that fits: an idle one before a busy one. Rejects with `not_found` when none fits.
 *
 * @example
 * ```ts
 * import { promptAny, type Hub } from 'signalbox/hub'
 *
 * declare const hub: Hub
 * const turn = await promptAny(hub, (agent) => agent.can.cancel !== undefined, 'Review the last commit.')
 * console.log(turn.agent, await turn.text())
 * ```
 */
export async function promptAny(
  hub: Hub,
  fits: (agent: Agent) => boolean,
  text: string,
  options: PromptOptions = {},
): Promise<Turn> {
  const able = (await hub.agents()).filter((agent) => agent.can.prompt && fits(agent))
  const best = able.find((agent) => agent.sessions.some(({ state }) => state === 'idle')) ?? able[0]
  if (!best) throw hubError({ code: 'not_found', op: 'prompt', message: 'No agent fits.' })
  return hub.prompt(best.id, text, options)
}
