import type { JSX } from 'preact'
import type { PlanEntry } from 'signalbox/hub'
import type { App } from '../../app/view.js'
import { CopyCode } from '../../design/copy-code.js'
import { count, money } from '../../design/format.js'
import { now } from '../../design/now.js'
import { EVIDENCE_HELP, evidenceText, Signal } from '../../design/signal.js'
import type { AgentRow } from '../../model/agents.js'
import { capabilityChips } from '../../model/capabilities.js'
import { watchCall } from '../../model/code.js'

const PLAN_WORDS = { pending: 'to do', running: 'now', done: 'done' } as const

/** What the page knows about the agent beside its conversation: plan, state, cost, capabilities. */
export function Side({ app, row, plan }: { app: App; row: AgentRow; plan: readonly PlanEntry[] }): JSX.Element {
  const { agent, context } = row
  const facts = Object.entries(agent.facts)
  return (
    <aside class="side" aria-label={`About ${agent.name}`}>
      {plan.length > 0 ? (
        <section>
          <h2>Plan</h2>
          <ol class="plan">
            {plan.map(({ text, status, priority }, at) => (
              <li key={at} data-status={status}>
                <span class="plan-mark" aria-hidden="true" />
                <span>
                  {text}
                  <span class="muted small">
                    {' '}
                    {PLAN_WORDS[status]}
                    {priority === 'high' ? ', high priority' : ''}
                  </span>
                </span>
              </li>
            ))}
          </ol>
        </section>
      ) : null}
      <section>
        <h2>State</h2>
        <Signal state={row.state} />
        <p class="muted small">
          {evidenceText(row.evidence, now.value)}. {row.evidence ? EVIDENCE_HELP[row.evidence.from] : ''}
        </p>
      </section>
      <section>
        <h2>Use</h2>
        <p class="small num">
          {row.costUsd === undefined || !row.costBasis || row.costBasis === 'none'
            ? 'No cost reported.'
            : `${money(row.costUsd)}, ${row.costBasis} by the system.`}
        </p>
        {context ? (
          <p class="small num">
            Context: {count(context.used)}
            {context.size === undefined ? '' : ` of ${count(context.size)}`} tokens
            {context.size === undefined ? null : (
              <meter min={0} max={context.size} value={context.used} aria-label="Part of the context that is used">
                {Math.round((100 * context.used) / context.size)} %
              </meter>
            )}
          </p>
        ) : null}
      </section>
      <section>
        <h2>Can</h2>
        <ul class="can-list">
          {capabilityChips(agent.can).map(({ word, about }) => (
            <li key={word}>
              <span class="chip">{word}</span> <span class="muted small">{about}</span>
            </li>
          ))}
        </ul>
      </section>
      {facts.length > 0 ? (
        <section>
          <h2>Facts</h2>
          <dl class="facts-list small">
            {facts.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}-value`}>{String(value)}</dd>])}
          </dl>
        </section>
      ) : null}
      <CopyCode title="Follow this agent, as TypeScript" code={watchCall(agent.id, app)} />
    </aside>
  )
}
