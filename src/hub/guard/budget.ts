/** Budgets as data: how much agents may cost, and what happens then. Pure. */
import type { AgentId } from '../model/agent.js'
import type { UsageEvent } from '../model/event.js'
import type { SourceEvent } from '../source.js'

/** What the agents have cost, and which agents the figure covers. */
export interface Spent {
  /** The sum in US dollars for the agents in `covers`. The agents in `omits` are not in it. */
  readonly costUsd: number
  /**
   * `reported`: figures of the systems. `estimated`: computed from tokens. `mixed`: some of both. `none`: no system has reported a cost.
   */
  readonly basis: 'reported' | 'estimated' | 'mixed' | 'none'
  /** Agents whose cost is in the sum. */
  readonly covers: readonly AgentId[]
  /** Agents that ended a turn and whose system reports no cost. */
  readonly omits: readonly AgentId[]
}

/** A limit for a set of agents together. */
export interface Budget {
  /** Appears in the journal: `by: 'budget:<name>'`. */
  readonly name: string
  /** Agents of this system; left out, of all systems. */
  readonly system?: string
  /** These agents; left out, all. */
  readonly agents?: readonly AgentId[]
  /** US dollars for all these agents together, since the hub started. Agents whose system reports no cost are not counted. */
  readonly maxCostUsd?: number
  /** Input and output tokens. A cache read is not a fresh token and is not counted. */
  readonly maxTokens?: number
  /** `warn` writes a notice. `stop` also cancels what runs and refuses new prompts. */
  readonly over: 'warn' | 'stop'
}

/** A budget, and how much of it is used. */
export interface BudgetState {
  /** The budget as the hub was given it. */
  readonly budget: Budget
  /** US dollars of the agents in `covers`, since the hub started. */
  readonly costUsd: number
  /** Input and output tokens of all agents of the budget, since the hub started. Cache reads are not counted. */
  readonly tokens: number
  /** Agents of the budget whose cost is in `costUsd`. */
  readonly covers: readonly AgentId[]
  /** Agents of the budget that ended a turn and whose system reports no cost. */
  readonly omits: readonly AgentId[]
  /** Whether the limit was passed. It stays true until the hub starts again; a `stop` budget then refuses prompts. */
  readonly isPassed: boolean
}

/** The figures of one agent. */
interface Account {
  costUsd: number
  tokens: number
  hasCost: boolean
  bases: Set<'reported' | 'estimated'>
  /** Session totals replace each other; turn figures add up. */
  readonly sessions: Map<string, { costUsd: number; tokens: number }>
}

/** What the ledger reads of an event. */
type Chargeable = Pick<SourceEvent, 'agent' | 'session' | 'epoch' | 'origin'> & { readonly kind: string }

export interface Ledger {
  /** Counts a usage event. A replayed event costs nothing. Gives the budgets that were passed by it. */
  take(event: Chargeable, system: string): readonly Budget[]
  /** The budget that forbids another prompt to this agent. */
  blocks(agent: AgentId, system: string): Budget | undefined
  spent(agent?: AgentId): Spent
  /** Every budget with its figures, in the order of the options. */
  states(): BudgetState[]
}

export function createLedger(budgets: readonly Budget[]): Ledger {
  const accounts = new Map<AgentId, Account & { readonly system: string }>()
  const passed = new Set<Budget>()

  const accountOf = (agent: AgentId, system: string): Account => {
    const account = accounts.get(agent) ?? { system, costUsd: 0, tokens: 0, hasCost: false, bases: new Set(), sessions: new Map() }
    accounts.set(agent, account)
    return account
  }
  const covers = ({ system, agents }: Budget, agent: AgentId, ofSystem: string): boolean =>
    (system === undefined || system === ofSystem) && (agents === undefined || agents.includes(agent))
  const accountsOf = (budget: Budget) => [...accounts].filter(([agent, { system }]) => covers(budget, agent, system))
  const isPassed = (budget: Budget): boolean => {
    const { costUsd, tokens } = sumOf(accountsOf(budget))
    return costUsd > (budget.maxCostUsd ?? Number.POSITIVE_INFINITY) || tokens > (budget.maxTokens ?? Number.POSITIVE_INFINITY)
  }

  return {
    take(event, system) {
      if (event.origin === 'replay') return []
      if (event.kind === 'end') accountOf(event.agent, system)
      if (event.kind !== 'usage') return []
      count(accountOf(event.agent, system), event as Chargeable & UsageEvent)
      const newlyPassed = budgets.filter((budget) => !passed.has(budget) && covers(budget, event.agent, system) && isPassed(budget))
      for (const budget of newlyPassed) passed.add(budget)
      return newlyPassed
    },
    blocks: (agent, system) => [...passed].find((budget) => budget.over === 'stop' && covers(budget, agent, system)),
    spent(agent) {
      const entries = [...accounts].filter(([id]) => agent === undefined || id === agent)
      const bases = new Set(entries.flatMap(([, account]) => [...account.bases]))
      const { costUsd, covers, omits } = sumOf(entries)
      return { costUsd, basis: bases.size > 1 ? 'mixed' : ([...bases][0] ?? 'none'), covers, omits }
    },
    states: () => budgets.map((budget) => ({ budget, ...sumOf(accountsOf(budget)), isPassed: passed.has(budget) })),
  }
}

function sumOf(entries: readonly (readonly [AgentId, Account])[]) {
  return {
    costUsd: entries.reduce((sum, [, { costUsd }]) => sum + costUsd, 0),
    tokens: entries.reduce((sum, [, { tokens }]) => sum + tokens, 0),
    covers: entries.filter(([, { hasCost }]) => hasCost).map(([id]) => id),
    omits: entries.filter(([, { hasCost }]) => !hasCost).map(([id]) => id),
  }
}

function count(account: Account, event: Chargeable & UsageEvent): void {
  const { scope, basis, tokens = {}, costUsd, session = '', epoch } = event
  const fresh = (tokens.input ?? 0) + (tokens.output ?? 0)
  if (costUsd !== undefined) {
    account.hasCost = true
    account.bases.add(basis)
  }
  // A session total starts at zero with each new process.
  const key = `${session}\n${epoch}`
  const before = scope === 'session' ? account.sessions.get(key) : undefined
  account.costUsd += (costUsd ?? before?.costUsd ?? 0) - (before?.costUsd ?? 0)
  account.tokens += fresh - (before?.tokens ?? 0)
  if (scope === 'session') account.sessions.set(key, { costUsd: costUsd ?? before?.costUsd ?? 0, tokens: fresh })
}
