import type { JSX } from 'preact'
import type { BudgetState } from 'signalbox/hub'
import { CopyCode } from '../../design/copy-code.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { count, money } from '../../design/format.js'
import { usedPart } from './ledger.js'
import type { CostState } from './state.js'

const EXAMPLE = `import { createHub } from 'signalbox/hub'

const budgets = [{ name: 'today', maxCostUsd: 20, over: 'stop' }] as const
await using hub = await createHub({ sources, budgets })`

/** The budgets of the hub with their state. */
export function Budgets({ state, nameOf }: { state: CostState; nameOf: (agent: string) => string }): JSX.Element {
  const known = state.budgets.value
  return (
    <section class="card" aria-labelledby="budgets-title">
      <h2 id="budgets-title">Budgets</h2>
      {known.status === 'waiting' ? <p class="muted">Asking the hub…</p> : null}
      {known.status === 'failed' && known.error.code === 'unsupported' ? (
        <p>This hub is of an earlier version and does not report budgets. Update it on its machine.</p>
      ) : null}
      {known.status === 'failed' && known.error.code !== 'unsupported' ? <ErrorNotice error={known.error} /> : null}
      {known.status === 'known' && known.budgets.length === 0 ? (
        <>
          <p>This hub has no budget, so no cost stops an agent. A budget is part of the options of the hub:</p>
          <CopyCode title="How to set a budget" code={EXAMPLE} />
        </>
      ) : null}
      {known.status === 'known' && known.budgets.length > 0 ? (
        <ul class="budget-list">
          {known.budgets.map((one) => (
            <BudgetLine key={one.budget.name} state={one} nameOf={nameOf} />
          ))}
        </ul>
      ) : null}
    </section>
  )
}

function BudgetLine({ state, nameOf }: { state: BudgetState; nameOf: (agent: string) => string }): JSX.Element {
  const { budget, costUsd, tokens, isPassed, omits } = state
  const part = usedPart(budget, costUsd, tokens)
  const used = [
    ...(budget.maxCostUsd === undefined ? [] : [`${money(costUsd)} of ${money(budget.maxCostUsd)}`]),
    ...(budget.maxTokens === undefined ? [] : [`${count(tokens)} of ${count(budget.maxTokens)} fresh tokens`]),
  ].join(', ')
  return (
    <li data-budget={budget.name} data-passed={isPassed}>
      <div class="row spread">
        <h3>{budget.name}</h3>
        <span class="budget-state">{stateWord(state)}</span>
      </div>
      <div
        class="budget-bar"
        role="meter"
        aria-label={`Used of ${budget.name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(part * 100))}
        aria-valuetext={used}
      >
        <span style={{ width: `${Math.min(100, part * 100)}%` }} />
      </div>
      <p class="small">
        <span class="num">{used}</span>
        <span class="muted"> · {whoOf(state, nameOf)}</span>
      </p>
      {omits.length > 0 && budget.maxCostUsd !== undefined ? (
        <p class="small muted">
          Not counted in dollars, because their systems report no cost: {omits.slice(0, 6).map(nameOf).join(', ')}
          {omits.length > 6 ? ` and ${omits.length - 6} more` : ''}.
        </p>
      ) : null}
    </li>
  )
}

function stateWord({ isPassed, budget: { over } }: BudgetState): string {
  if (!isPassed)
    return over === 'stop' ? 'Within the limit. Above it, prompts are refused.' : 'Within the limit. Above it, the hub warns.'
  return over === 'stop' ? 'Above the limit. New prompts are refused.' : 'Above the limit. The hub wrote a warning.'
}

function whoOf({ budget: { system, agents } }: BudgetState, nameOf: (agent: string) => string): string {
  if (agents) return agents.map(nameOf).join(', ')
  return system === undefined ? 'every agent' : `every agent of ${system}`
}
