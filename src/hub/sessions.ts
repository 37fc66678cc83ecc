/** Opens and closes sessions at the systems. */
import type { CallOptions } from '../core/call.js'
import { hubError, untilAllowed, type HubContext } from './context.js'
import type { Agent, AgentId, SessionSummary } from './model/agent.js'
import type { NewSession, Source } from './source.js'

/** A system may have to start a process. */
const TIMEOUT_MS = 60_000

type Op = 'openSession' | 'closeSession'

function agentAndSource(
  context: HubContext,
  agent: AgentId,
  op: Op,
): { readonly found: Agent; readonly source: Source | undefined } {
  const found = context.agent(agent)
  if (!found) throw hubError({ code: 'not_found', op, message: `There is no agent ${agent}.` })
  return { found, source: context.sourceOf(agent) }
}

const refuse = (code: 'unsupported' | 'invalid_argument', op: Op, message: string) => hubError({ code, op, message })

/** Refuses what the agent does not offer, before anything is sent. */
function check({ can, id }: Agent, { fork, folder, model }: NewSession): void {
  const { create, fork: forks, choices = {} } = can.sessions ?? {}
  if (!create) throw refuse('unsupported', 'openSession', `The system of ${id} cannot open a session.`)
  if (fork !== undefined && !forks) throw refuse('unsupported', 'openSession', `The system of ${id} cannot fork a session.`)
  const offers = (name: string, value: string | undefined, offered: readonly string[] = []): void => {
    if (value === undefined || offered.includes(value)) return
    throw refuse('invalid_argument', 'openSession', `${id} does not offer this ${name} for a new session.`)
  }
  offers('folder', folder, choices.folders)
  offers('model', model, choices.models)
}

/** Opens a session with what the agent offers. */
export async function openSession(
  context: HubContext,
  agent: AgentId,
  session: NewSession,
  { signal, timeoutMs = TIMEOUT_MS }: CallOptions,
): Promise<SessionSummary> {
  const { found, source } = agentAndSource(context, agent, 'openSession')
  check(found, session)
  if (!source?.openSession) throw refuse('unsupported', 'openSession', `The system of ${agent} cannot open a session.`)
  await untilAllowed(context)
  return await context.within(source.openSession(agent, session, signal ? { signal } : {}), timeoutMs)
}

/** Closes a session of an agent. */
export async function closeSession(
  context: HubContext,
  agent: AgentId,
  session: string,
  { signal, timeoutMs = TIMEOUT_MS }: CallOptions,
): Promise<void> {
  const { found, source } = agentAndSource(context, agent, 'closeSession')
  if (!found.can.sessions?.close || !source?.closeSession)
    throw refuse('unsupported', 'closeSession', `The system of ${agent} cannot close a session.`)
  await untilAllowed(context)
  await context.within(source.closeSession(agent, session, signal ? { signal } : {}), timeoutMs)
}
