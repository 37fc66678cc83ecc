/**
 * Bounds the lines of the log that one credential can cause. Equal events are counted in tally.ts, but a client can cause many different
 * ones. So each credential has a number of lines for ten minutes, and all requests without a valid credential share one such number. Above
 * it an event has no line of its own. A line `folded` has the number of these events.
 */
import type { Clock } from '../core/clock.js'
import { isAudited } from './audit-trail.js'
import type { GatewayEvent } from './events.js'

/** Which events share a budget: those of a credential, and apart from them its operations that needed `admin` and passed. */
export type Share = 'ordinary' | 'admin'

/** The lines that credentials have caused, and the events that have no line. */
export interface LineBudgets {
  /** Tells the event, or folds it when the budget is used up. */
  tell(event: GatewayEvent, share: Share): void
  /** Tells the folded events of every budget whose time is over. */
  sweep(): void
  /** Tells all folded events. */
  flush(): void
}

/** The time of a budget, and of a count of equal events. */
export const WINDOW_MS = 600_000
/** Lines of one budget in that time. */
export const MAX_LINES = 300

type Outcome = 'passed' | 'refused'

interface Budget {
  readonly beganAtMs: number
  readonly grant: string | undefined
  readonly name: string | undefined
  lines: number
  /** Folded events that no line has counted yet. An outcome is here from its first folded event on. */
  readonly folded: Map<Outcome, number>
}

/** Only the owner and a credential with `admin` can cause these, so they always have a line. */
const isExempt = (event: GatewayEvent): boolean =>
  event.type === 'credential' || (event.type === 'admin' && event.outcome === 'passed')

const outcomeOf = (event: GatewayEvent): Outcome => {
  if (event.type === 'refused') return 'refused'
  return event.type === 'op' || event.type === 'admin' ? (event.outcome === 'passed' ? 'passed' : 'refused') : 'passed'
}

/** Tells events within the budgets of their credentials. */
export function createLineBudgets(clock: Clock, tell: (event: GatewayEvent) => void): LineBudgets {
  const budgets = new Map<string, Budget>()
  const isOver = ({ beganAtMs }: Budget): boolean => clock.monotonic() - beganAtMs >= WINDOW_MS
  const tellFolded = ({ grant, name }: Budget, outcome: Outcome, count: number): void =>
    tell({
      type: 'folded',
      outcome,
      ...(grant === undefined ? {} : { grant, name }),
      ...(count === 1 ? {} : { count }),
    })
  const remove = (key: string, budget: Budget): void => {
    budgets.delete(key)
    for (const [outcome, count] of budget.folded) if (count > 0) tellFolded(budget, outcome, count)
  }
  const budgetFor = (event: GatewayEvent, share: Share): Budget => {
    const { grant, name } = event as { grant?: string; name?: string }
    const key = `${share} ${grant ?? ''}`
    const existing = budgets.get(key)
    if (existing && !isOver(existing)) return existing
    if (existing) remove(key, existing)
    const budget: Budget = { beganAtMs: clock.monotonic(), grant, name, lines: 0, folded: new Map() }
    budgets.set(key, budget)
    return budget
  }
  return {
    tell(event, share) {
      if (isExempt(event) || !isAudited(event)) return tell(event)
      const budget = budgetFor(event, share)
      if (budget.lines < MAX_LINES) {
        budget.lines += 1
        return tell(event)
      }
      const outcome = outcomeOf(event)
      const { count = 1 } = event
      const waiting = budget.folded.get(outcome)
      budget.folded.set(outcome, waiting === undefined ? 0 : waiting + count)
      // The first folded event is reported at once, so that the log shows it even if the gateway is killed later.
      if (waiting === undefined) tellFolded(budget, outcome, count)
    },
    sweep() {
      for (const [key, budget] of budgets) if (isOver(budget)) remove(key, budget)
    },
    flush() {
      for (const [key, budget] of [...budgets]) remove(key, budget)
    },
  }
}
