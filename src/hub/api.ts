/** The hub object of a program. It passes each call to the part that handles it. */
import { hubError } from './context.js'
import type { BudgetState, Spent } from './guard/budget.js'
import type { Hub, TurnInfo } from './hub.js'
import { openWatch, type Journal } from './journal/watch.js'
import type { Agent, AgentId, SessionSummary } from './model/agent.js'
import type { Answer, AnswerResult, Ask } from './model/ask.js'
import type { CallOptions } from '../core/call.js'
import type { HistoryPage, HistoryQuery, NewSession } from './source.js'
import type { NamedPrompt } from './turns/admit.js'
import { createTurn, type TurnAccess } from './turns/turn.js'

type Result<Value> = Value | Promise<Value>

/** The calls of a hub, for agents that it drives and for agents that another hub on the same store drives. */
export interface HubParts {
  readonly journal: Journal
  agents(): readonly Agent[]
  prompt(agent: AgentId, text: string, options: NamedPrompt): Promise<TurnInfo>
  find(promptId: string): Promise<TurnInfo>
  cancel(promptId: string, by: string): Promise<void>
  asks(): readonly Ask[]
  answer(askId: string, answer: Answer, by: string): Promise<AnswerResult>
  history(agent: AgentId, query: HistoryQuery): Promise<HistoryPage>
  sessions(agent: AgentId, options: CallOptions): Promise<readonly SessionSummary[]>
  openSession(agent: AgentId, session: NewSession, options: CallOptions): Promise<SessionSummary>
  closeSession(agent: AgentId, session: string, options: CallOptions): Promise<void>
  spent(agent?: AgentId): Spent
  budgets(): readonly BudgetState[]
}

export function createApi(parts: HubParts, ended: Journal['ended'], close: () => Promise<void>): Hub {
  const { journal } = parts
  const call = async <Value>(run: () => Result<Value>): Promise<Value> => {
    const end = ended()
    if (end) throw end.error ?? hubError({ code: 'closed', message: 'The hub is closed.' })
    return await run()
  }
  const access: TurnAccess = {
    watch: (options) => openWatch(journal, options),
    find: (promptId) => call(() => parts.find(promptId)),
    cancel: (promptId, by = 'user') => call(() => parts.cancel(promptId, by)),
  }
  return {
    agents: () => call(() => parts.agents()),
    watch: access.watch,
    prompt(agent, text, options = {}) {
      const { promptId = crypto.randomUUID() } = options
      return createTurn(
        access,
        promptId,
        agent,
        call(() => parts.prompt(agent, text, { ...options, promptId })),
      )
    },
    turn: (promptId) => createTurn(access, promptId, undefined),
    asks: () => call(() => parts.asks()),
    answer: (askId, answer, { by = 'user' } = {}) => call(() => parts.answer(askId, answer, by)),
    history: (agent, query = {}) => call(() => parts.history(agent, query)),
    sessions: (agent, options = {}) => call(() => parts.sessions(agent, options)),
    openSession: (agent, session = {}, options = {}) => call(() => parts.openSession(agent, session, options)),
    closeSession: (agent, session, options = {}) => call(() => parts.closeSession(agent, session, options)),
    spent: (agent) => call(() => parts.spent(agent)),
    budgets: () => call(() => parts.budgets()),
    close,
    [Symbol.asyncDispose]: close,
  }
}
