/** Prompts for more than one agent. Functions over the hub's interface, so that they work over a link too. */
import { hubError } from './context.js'
import type { Hub, PromptOptions, Turn } from './hub.js'
import type { Agent, AgentId, AgentState } from './model/agent.js'

/** Which agents: their ids, or a test of each agent. */
export type AgentChoice = readonly AgentId[] | ((agent: Agent) => boolean)

/** Options of `askAll`. */
export interface AskAllOptions extends Omit<PromptOptions, 'promptId'> {
  /** Makes the prompts idempotent: each turn gets the id `<promptId>@<agent>`. */
  readonly promptId?: string
}

/**
 * Sends one prompt to every chosen agent and gives their turns. A test of each agent sees only agents that take prompts.
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
  const ids = typeof choice === 'function' ? (await ableAgents(hub, choice)).map(({ id }) => id) : choice
  return ids.map((id) => hub.prompt(id, text, { ...rest, ...(promptId === undefined ? {} : { promptId: `${promptId}@${id}` }) }))
}

/**
 * Prompts the best agent that fits: an idle one before a busy one, and an agent that is stopped or offline last. Rejects with `not_found`
 * when none fits.
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
  const able = await ableAgents(hub, fits)
  const [best] = able.toSorted((a, b) => rankOf(a) - rankOf(b))
  if (!best) throw hubError({ code: 'not_found', op: 'prompt', message: 'No agent fits.' })
  return hub.prompt(best.id, text, options)
}

const ableAgents = async (hub: Hub, fits: (agent: Agent) => boolean): Promise<readonly Agent[]> =>
  (await hub.agents()).filter((agent) => agent.can.prompt && fits(agent))

/** The best state first. An agent without a session starts one, so it counts as idle. */
const RANKS: readonly AgentState[] = ['idle', 'unknown', 'running', 'needs_answer', 'stopped', 'offline']
const rankOf = ({ sessions }: Agent): number =>
  sessions.length === 0 ? 0 : Math.min(...sessions.map(({ state }) => RANKS.indexOf(state)))
