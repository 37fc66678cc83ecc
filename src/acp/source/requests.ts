/** The requests that a source sends to its agent, each with its checked result. */
import { SignalboxError } from '../../errors.js'
import type { SessionSummary } from '../../hub/model/agent.js'
import { AGENT_METHODS } from '../protocol/methods.js'
import { parseMessage } from '../protocol/parse.js'
import { ListSessionsResponse, NewSessionResponse, PromptResponse, type InitializeResponse } from '../protocol/schema.js'
import type { RpcConnection, RpcOutcome } from '../rpc/connection.js'
import type { AcpSourceOptions } from './options.js'

/** A connection with what the agent said about itself. */
interface Connected {
  readonly rpc: RpcConnection
  readonly info: InitializeResponse
}

/** The folders and the MCP servers of a session. Throws `unsupported` for folders that the agent does not take. */
function placeOf({ info }: Connected, { cwd, mcpServers = [], additionalDirectories = [] }: AcpSourceOptions, op: string): object {
  if (additionalDirectories.length === 0) return { cwd, mcpServers }
  if (info.agentCapabilities?.sessionCapabilities?.additionalDirectories) return { cwd, mcpServers, additionalDirectories }
  const message = 'The agent does not take additional folders.'
  throw new SignalboxError({ code: 'unsupported', system: 'acp', op, message, hint: 'Leave out additionalDirectories.' })
}

/** Sets the configured mode and the configured options of a session. */
async function configure(
  { rpc }: Connected,
  sessionId: string,
  { mode: modeId, configOptions = {} }: AcpSourceOptions,
  signal?: AbortSignal,
): Promise<void> {
  if (modeId !== undefined) await rpc.request(AGENT_METHODS.setMode, { sessionId, modeId }, { signal })
  for (const [configId, value] of Object.entries(configOptions)) {
    const typed = typeof value === 'boolean' ? { type: 'boolean', value } : { value }
    await rpc.request(AGENT_METHODS.setConfigOption, { sessionId, configId, ...typed }, { signal })
  }
}

/** Creates a session with the configured mode and options and gives its id. With `fork` it begins with the conversation of that session. */
export async function newSession(
  connected: Connected,
  options: AcpSourceOptions,
  signal: AbortSignal | undefined,
  fork?: string,
): Promise<string> {
  const method = fork === undefined ? AGENT_METHODS.newSession : AGENT_METHODS.forkSession
  const from = fork === undefined ? {} : { sessionId: fork }
  const result = await connected.rpc.request(method, { ...from, ...placeOf(connected, options, method) }, { signal })
  const { sessionId } = parseMessage(NewSessionResponse, result, method)
  await configure(connected, sessionId, options, signal)
  return sessionId
}

/** How an agent brings back a session: `session/resume` without its past, `session/load` with it. Undefined: it cannot. */
export function resumeMethod({ agentCapabilities }: InitializeResponse): string | undefined {
  if (agentCapabilities?.sessionCapabilities?.resume) return AGENT_METHODS.resumeSession
  return agentCapabilities?.loadSession ? AGENT_METHODS.loadSession : undefined
}

/** Brings back a session by one of the two methods. */
export async function bringBack(
  connected: Connected,
  options: AcpSourceOptions,
  method: string,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await connected.rpc.request(method, { sessionId, ...placeOf(connected, options, method) }, { signal })
  await configure(connected, sessionId, options, signal)
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
