/** The requests that a source sends to its agent, each with its checked result. */
import type { SignalboxError } from '../../errors.js'
import type { SessionSummary } from '../../hub/model/agent.js'
import { AGENT_METHODS } from '../protocol/methods.js'
import { parseMessage } from '../protocol/parse.js'
import { ListSessionsResponse, NewSessionResponse, PromptResponse, type InitializeResponse } from '../protocol/schema.js'
import type { RpcConnection, RpcOutcome } from '../rpc/connection.js'
import type { AcpSourceOptions } from './options.js'

const folder = ({ cwd, mcpServers = [] }: AcpSourceOptions) => ({ cwd, mcpServers })

/** Sets the configured mode of a session. */
async function setMode(
  rpc: RpcConnection,
  sessionId: string,
  { mode: modeId }: AcpSourceOptions,
  signal?: AbortSignal,
): Promise<void> {
  if (modeId !== undefined) await rpc.request(AGENT_METHODS.setMode, { sessionId, modeId }, { signal })
}

/** Creates a session in the configured mode and gives its id. With `fork` it begins with the conversation of that session. */
export async function newSession(
  rpc: RpcConnection,
  options: AcpSourceOptions,
  signal: AbortSignal | undefined,
  fork?: string,
): Promise<string> {
  const method = fork === undefined ? AGENT_METHODS.newSession : AGENT_METHODS.forkSession
  const from = fork === undefined ? {} : { sessionId: fork }
  const result = await rpc.request(method, { ...from, ...folder(options) }, { signal })
  const { sessionId } = parseMessage(NewSessionResponse, result, method)
  await setMode(rpc, sessionId, options, signal)
  return sessionId
}

/** How an agent brings back a session: `session/resume` without its past, `session/load` with it. Undefined: it cannot. */
export function resumeMethod({ agentCapabilities }: InitializeResponse): string | undefined {
  if (agentCapabilities?.sessionCapabilities?.resume) return AGENT_METHODS.resumeSession
  return agentCapabilities?.loadSession ? AGENT_METHODS.loadSession : undefined
}

/** Brings back a session by one of the two methods. */
export async function bringBack(
  rpc: RpcConnection,
  options: AcpSourceOptions,
  method: string,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await rpc.request(method, { sessionId, ...folder(options) }, { signal })
  await setMode(rpc, sessionId, options, signal)
}

/** Every session that the agent lists, page by page. */
export async function listSessions(rpc: RpcConnection, signal: AbortSignal | undefined): Promise<readonly SessionSummary[]> {
  const summaries: SessionSummary[] = []
  const cursors = new Set<string>()
  for (let cursor: string | undefined; ; ) {
    const result = await rpc.request(AGENT_METHODS.listSessions, cursor === undefined ? {} : { cursor }, { signal })
    const { sessions, nextCursor } = parseMessage(ListSessionsResponse, result, AGENT_METHODS.listSessions)
    for (const { sessionId, title, updatedAt, cwd } of sessions) {
      summaries.push({
        id: sessionId,
        ...(typeof title === 'string' ? { title } : {}),
        ...(typeof updatedAt === 'string' ? { updatedAt } : {}),
        facts: typeof cwd === 'string' ? { cwd } : {},
      })
    }
    // An agent that repeats a cursor would be asked for ever.
    if (typeof nextCursor !== 'string' || cursors.has(nextCursor)) return summaries
    cursors.add(nextCursor)
    cursor = nextCursor
  }
}

/** The response to a prompt, or the error that took its place. */
export function promptOutcome(outcome: RpcOutcome): { readonly response: PromptResponse } | { readonly error: SignalboxError } {
  if ('error' in outcome) return outcome
  try {
    return { response: parseMessage(PromptResponse, outcome.result, AGENT_METHODS.prompt) }
  } catch (error) {
    return { error: error as SignalboxError }
  }
}
