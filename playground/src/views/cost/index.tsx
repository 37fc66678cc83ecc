import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { JSX } from 'preact'
import type { Hub } from 'signalbox/hub'
import type { App, View } from '../../app/view.js'
import { Button } from '../../design/button.js'
import { EmptyState } from '../../design/empty-state.js'
import { ErrorNotice } from '../../design/error-notice.js'
import { count, money } from '../../design/format.js'
import { Budgets } from './budgets.js'
import { journalStart } from '../journal.js'
import { createCostLedger, type CostRow, type Division, type Figures } from './ledger.js'
import { createCost, type CostState } from './state.js'
import './cost.css'

/** Money and tokens by agent, session and day, and the budgets of the hub. */
export const view: View = {
  id: 'cost',
  title: 'Cost',
  key: 'c',
  Component: ({ app }) => {
    const state = app.connection.value
    return state.status === 'open' ? <Cost app={app} hub={state.connection.hub} /> : <p class="boot">Opening the hub…</p>
  },
}

const DIVISIONS: readonly (readonly [Division, string])[] = [
  ['agent', 'By agent'],
  ['session', 'By session'],
  ['day', 'By day'],
]
const ROWS_AT_ONCE = 100

function Cost({ app, hub }: { app: App; hub: Hub }): JSX.Element {
  const state = useMemo(
    () =>
      createCost(
        hub,
        app.keep('cost', () => ({ ledger: createCostLedger(), place: journalStart() })),
      ),
    [hub],
  )
  useEffect(() => state.stop, [state])
  const division = useSignal<Division>('agent')
  const shown = useSignal(ROWS_AT_ONCE)
  const { counted, failure, ledger } = state
  void counted.value
  const nameOf = (agent: string): string => app.model.agent(agent).value?.agent.name ?? agent
  const total = ledger.total()
  const rows = ledger.rows(division.value)
  const isEmpty = rows.length === 0
  return (
    <>
      <header class="view-head">
        <h1>Cost</h1>
        {ledger.sinceMs === undefined ? null : (
          <p class="small muted">From the journal, since {new Date(ledger.sinceMs).toLocaleString('en-GB')}</p>
        )}
      </header>
      <div class="view-body cost-body">
        {failure.value ? (
          <div class="cost-wide">
            <ErrorNotice error={failure.value} />
          </div>
        ) : null}
        {isEmpty ? null : <Totals total={total} />}
        {isEmpty ? null : <Covered state={state} nameOf={nameOf} />}
        <Budgets state={state} nameOf={nameOf} />
        {isEmpty ? (
          <div class="cost-wide">
            <EmptyState
              title="Nothing was spent yet"
              why="The journal of this hub has no turn that reached a system. Figures appear when the first turn ends."
            >
              <Button tone="main" action="go-fleet" onClick={() => app.navigate('fleet')}>
                Choose an agent
              </Button>
            </EmptyState>
          </div>
        ) : (
          <section class="card cost-wide" aria-labelledby="cost-table-title">
            <div class="row spread">
              <h2 id="cost-table-title">{DIVISIONS.find(([id]) => id === division.value)?.[1]}</h2>
              <div class="row" role="group" aria-label="How the figures are divided">
                {DIVISIONS.map(([id, title]) => (
                  <Button
                    key={id}
                    action={`by-${id}`}
                    aria-pressed={division.value === id}
                    tone={division.value === id ? 'main' : 'plain'}
                    onClick={() => {
                      division.value = id
                      shown.value = ROWS_AT_ONCE
                    }}
                  >
                    {title}
                  </Button>
                ))}
              </div>
            </div>
            <CostTable rows={rows.slice(0, shown.value)} division={division.value} nameOf={nameOf} all={rows} />
            {rows.length > shown.value ? (
              <Button
                action="more-rows"
                onClick={() => {
                  shown.value += ROWS_AT_ONCE
                }}
              >
                Show more of {count(rows.length)}
              </Button>
            ) : null}
          </section>
        )}
      </div>
    </>
  )
}

const fresh = ({ input, output }: Figures): number => input + output
const usd = (value: number | undefined): string => (value === undefined ? 'none' : money(value))

function Totals({ total }: { total: Figures }): JSX.Element {
  const cards: readonly (readonly [string, string, string])[] = [
    ['Reported', usd(total.reportedUsd), 'Counted by the systems themselves.'],
    ['Estimated', usd(total.estimatedUsd), 'Computed from tokens. Not part of the reported sum.'],
    [
      'Fresh tokens',
      total.hasTokens ? count(fresh(total)) : 'none',
      total.hasTokens ? `${count(total.input)} read, ${count(total.output)} written.` : 'No system has reported tokens yet.',
    ],
    ['From a cache', total.hasTokens ? count(total.cacheRead) : 'none', 'Read again at a lower price. These are not fresh tokens.'],
  ]
  return (
    <dl class="cost-totals cost-wide">
      {cards.map(([title, figure, about]) => (
        <div class="card" key={title} data-total={title}>
          <dt>{title}</dt>
          <dd class="num cost-figure">{figure}</dd>
          <dd class="small muted">{about}</dd>
        </div>
      ))}
    </dl>
  )
}

const BASIS_WORDS = {
  reported: 'all of it reported by the systems',
  estimated: 'all of it estimated',
  mixed: 'some of it reported, some estimated',
  none: 'no system has reported a cost',
} as const

/** What the sums cover and omit, and what the hub itself says. */
function Covered({ state, nameOf }: { state: CostState; nameOf: (agent: string) => string }): JSX.Element {
  const spent = state.spent.value
  const omitted = state.ledger.omitted()
  const { gaps } = state.ledger
  return (
    <section class="card cost-covered" aria-labelledby="cost-covered-title">
      <h2 id="cost-covered-title">What the sums cover</h2>
      {spent ? (
        <p data-spent={spent.costUsd}>
          Since it started, this hub has counted <strong class="num">{money(spent.costUsd)}</strong> for{' '}
          {count(spent.covers.length)} {spent.covers.length === 1 ? 'agent' : 'agents'}, {BASIS_WORDS[spent.basis]}.
        </p>
      ) : (
        <p class="muted">The hub has not sent its sum yet.</p>
      )}
      {omitted.length > 0 ? (
        <p data-omits>
          <strong>In no sum of dollars:</strong>{' '}
          {omitted
            .slice(0, 8)
            .map(({ agent, turns }) => `${nameOf(agent)} (${count(turns)} ${turns === 1 ? 'turn' : 'turns'})`)
            .join(', ')}
          {omitted.length > 8 ? ` and ${omitted.length - 8} more` : ''}. Their systems report no cost.
        </p>
      ) : (
        <p class="muted">Every agent that ended a turn has reported a cost.</p>
      )}
      {gaps.length > 0 ? (
        <p>
          <strong>Events are missing.</strong> The journal had {gaps.length === 1 ? 'a gap' : `${gaps.length} gaps`}, so the figures
          from it may be too low. The sum of the hub above does not depend on the journal.
        </p>
      ) : null}
    </section>
  )
}

function CostTable(props: {
  rows: readonly CostRow[]
  division: Division
  all: readonly CostRow[]
  nameOf: (agent: string) => string
}): JSX.Element {
  const { rows, division, nameOf } = props
  const most = Math.max(...props.all.map(({ figures: { reportedUsd = 0, estimatedUsd = 0 } }) => reportedUsd + estimatedUsd), 0)
  const share = (value: number | undefined): string => `${most > 0 ? ((value ?? 0) / most) * 100 : 0}%`
  return (
    <div class="cost-scroll" role="region" aria-label="Figures" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{division === 'day' ? 'Day' : 'Agent'}</th>
            {division === 'session' ? <th scope="col">Session</th> : null}
            <th scope="col" class="right">
              Reported
            </th>
            <th scope="col" class="right">
              Estimated
            </th>
            <th scope="col" class="right">
              Tokens in
            </th>
            <th scope="col" class="right">
              Tokens out
            </th>
            <th scope="col" class="right">
              From cache
            </th>
            <th scope="col" class="right">
              Turns
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, agent, session, day, figures }) => (
            <tr
              key={key}
              {...(agent === undefined ? {} : { 'data-agent': agent })}
              {...(day === undefined ? {} : { 'data-day': day })}
            >
              <th scope="row">
                <span class="cost-name">{day ?? nameOf(agent ?? '')}</span>
                <span class="cost-bar" aria-hidden="true">
                  <span style={{ width: share(figures.reportedUsd) }} />
                  <span class="estimated" style={{ width: share(figures.estimatedUsd) }} />
                </span>
              </th>
              {division === 'session' ? <td class="mono">{session}</td> : null}
              <td class="right num">{figures.reportedUsd === undefined ? <NotReported /> : money(figures.reportedUsd)}</td>
              <td class="right num">{figures.estimatedUsd === undefined ? <NotReported /> : money(figures.estimatedUsd)}</td>
              <td class="right num">{figures.hasTokens ? count(figures.input) : <NotReported />}</td>
              <td class="right num">{figures.hasTokens ? count(figures.output) : <NotReported />}</td>
              <td class="right num">{figures.hasTokens ? count(figures.cacheRead) : <NotReported />}</td>
              <td class="right num">
                {count(figures.turns)}
                {figures.turnsWithoutCost > 0 ? (
                  <span class="cost-without"> {count(figures.turnsWithoutCost)} without a cost</span>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const NotReported = (): JSX.Element => (
  <span class="muted">
    <span aria-hidden="true">–</span>
    <span class="hidden-text">not reported</span>
  </span>
)
