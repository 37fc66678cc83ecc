/** The state of a conversation in the simulated CLI, and the stored sessions, which outlive a process. */
import { StartFailure, type Arguments } from './arguments.js'
import type { FakeBlock } from './fake-model.js'
import type { Generation } from './generation.js'

/** One message of a stored conversation. */
export type HistoryMessage = { readonly role: string; readonly content: string | readonly FakeBlock[] }

/** Stored conversations by session id. The processes of one simulator share them. */
export interface SimulatedSessions {
  /**
   * The messages of a session; undefined if there is no such session.
   *
   * @example
   * import { createClaudeSimulator } from 'signalbox/testing'
   *
   * const { sessions } = createClaudeSimulator()
   * console.log(sessions.get('4b6c0d7e-0000-4000-8000-000000000001')?.length)
   */
  get(sessionId: string): readonly HistoryMessage[] | undefined
  /**
   * Stores the messages of a session in place of the earlier ones, and makes it the latest session.
   *
   * @example
   * import { createClaudeSimulator } from 'signalbox/testing'
   *
   * const { sessions } = createClaudeSimulator()
   * sessions.set('4b6c0d7e-0000-4000-8000-000000000001', [{ role: 'user', content: 'hello' }])
   */
  set(sessionId: string, history: readonly HistoryMessage[]): void
  /**
   * The id of the session that was stored last, which `--continue` resumes; undefined if there is none.
   *
   * @example
   * import { createClaudeSimulator } from 'signalbox/testing'
   *
   * const { sessions } = createClaudeSimulator()
   * console.log(sessions.latest())
   */
  latest(): string | undefined
}

/** Makes an empty store of conversations in memory, for the option `sessions` of `createClaudeSimulator`. */
export function memorySessions(): SimulatedSessions {
  const all = new Map<string, readonly HistoryMessage[]>()
  return {
    get: (id) => all.get(id),
    set(id, history) {
      all.delete(id)
      all.set(id, history)
    },
    latest: () => [...all.keys()].at(-1),
  }
}

export interface Conversation {
  readonly sessionId: string
  readonly history: HistoryMessage[]
  readonly seen: Set<string>
  readonly denials: object[]
  model: string | undefined
  permissionMode: string
  costUsd: number
  costAtLastResult: number
  results: number
  readonly usageByModel: Map<string, { input: number; output: number; cacheRead: number; cacheWrite: number; costUsd: number }>
  save(): void
}

export function createConversation(
  sessionId: string,
  history: readonly HistoryMessage[] = [],
  save: (history: readonly HistoryMessage[]) => void = () => {},
): Conversation {
  const own = [...history]
  return {
    sessionId,
    history: own,
    seen: new Set(),
    denials: [],
    model: undefined,
    permissionMode: 'default',
    costUsd: 0,
    costAtLastResult: 0,
    results: 0,
    usageByModel: new Map(),
    save: () => save([...own]),
  }
}

export function openConversation(
  parsed: Arguments,
  { sessions, generation }: { sessions: SimulatedSessions; generation: Generation },
): Conversation {
  const wanted = parsed.value('--session-id')
  const resumed = parsed.value('--resume') ?? (parsed.has('--continue') ? sessions.latest() : undefined)
  const fork = parsed.has('--fork-session')
  if (wanted !== undefined && sessions.get(wanted) !== undefined && (resumed === undefined || fork)) {
    throw new StartFailure(`Error: Session ID ${wanted} is already in use.`)
  }
  const history = resumed === undefined ? [] : sessions.get(resumed)
  if (history === undefined) {
    const message = `No conversation found with session ID: ${resumed}`
    throw new StartFailure(message, message)
  }
  const sessionId = resumed !== undefined && !fork ? resumed : (wanted ?? crypto.randomUUID())
  const keeps = !parsed.has('--no-session-persistence')
  const conversation = createConversation(sessionId, history, (all) => {
    if (keeps) sessions.set(sessionId, all)
  })
  conversation.model = parsed.value('--model')
  const mode = parsed.value('--permission-mode') ?? (parsed.has('--dangerously-skip-permissions') ? 'bypassPermissions' : 'default')
  conversation.permissionMode = mode === 'manual' && generation.name === 'c' ? 'default' : mode
  return conversation
}
