import type { JSX } from 'preact'
import { workLink } from '../../app/address.js'
import type { App } from '../../app/view.js'
import { money, span } from '../../design/format.js'
import { now } from '../../design/now.js'
import { EVIDENCE_HELP, evidenceText, Signal } from '../../design/signal.js'
import type { AgentRow } from '../../model/agents.js'
import { capabilityChips } from '../../model/capabilities.js'

const MAX_CHIPS = 5

/** One agent. Renders only when this agent changes. */
export function FleetRow({ app, id }: { app: App; id: string }): JSX.Element | null {
  const row = app.model.agent(id).value
  if (!row) return null
  const { agent } = row
  const chips = capabilityChips(agent.can)
  return (
    <div class="fleet-grid fleet-row" role="row" data-agent={id} data-state={row.state} data-gone={row.gone || undefined}>
      <span role="cell" class="fleet-state">
        <Signal state={row.state} />
        <EvidenceOf row={row} />
      </span>
      <span role="cell" class="fleet-agent">
        <a class="fleet-name" href={workLink(id)} data-action="open-agent">
          {agent.name}
        </a>
        <span class="muted small ellipsis">
          <span class="system" data-system={agent.system}>
            {agent.system}
          </span>
          {agent.host ? ` on ${agent.host}` : factLine(row)}
        </span>
      </span>
      <span role="cell" class="fleet-turn">
        <TurnOf row={row} />
      </span>
      <span role="presentation" class="fleet-numbers">
        <span role="cell" class="num">
          <span class="cell-label">Asks </span>
          {row.asks.length > 0 ? (
            <a class="badge" href="#/asks" aria-label={`${row.asks.length} open asks`}>
              {row.asks.length}
            </a>
          ) : (
            <span class="muted">0</span>
          )}
        </span>
        <span role="cell" class="num" title="From the last prompt to the first event of its answer">
          <span class="cell-label">Latency </span>
          {row.latencyMs === undefined ? <span class="muted">–</span> : span(row.latencyMs)}
        </span>
        <span role="cell" class="num">
          <span class="cell-label">Cost </span>
          <CostOf row={row} />
        </span>
      </span>
      <span role="cell" class="fleet-can">
        {chips.slice(0, MAX_CHIPS).map(({ word, about }) => (
          <span class="chip" key={word} title={about}>
            {word}
          </span>
        ))}
        {chips.length > MAX_CHIPS ? (
          <span
            class="chip off"
            title={chips
              .slice(MAX_CHIPS)
              .map(({ word, about }) => `${word}: ${about}`)
              .join('\n')}
          >
            +{chips.length - MAX_CHIPS}
          </span>
        ) : null}
      </span>
    </div>
  )
}

function factLine({ agent }: AgentRow): string {
  const { model, cwd, path, runtime } = agent.facts
  const facts = [model, cwd ?? path, runtime].filter((fact) => fact !== undefined)
  return facts.length > 0 ? ` ${facts.join(', ')}` : ''
}

function EvidenceOf({ row }: { row: AgentRow }): JSX.Element {
  return (
    <span class="muted evidence" title={row.evidence && EVIDENCE_HELP[row.evidence.from]}>
      {row.gone ? 'left the hub' : evidenceText(row.evidence, now.value)}
    </span>
  )
}

function TurnOf({ row }: { row: AgentRow }): JSX.Element {
  const open = row.turns.filter(({ what }) => what !== 'queued')
  const waiting = row.turns.length - open.length
  const turn = open.at(-1)
  if (!turn) {
    return (
      <span class="muted small">
        {row.state === 'running'
          ? 'A turn that began before this page'
          : row.lastOutcome
            ? `Last turn: ${row.lastOutcome}`
            : 'No turn yet'}
      </span>
    )
  }
  return (
    <>
      <span class="ellipsis turn-text">{turn.text ?? 'A turn that was not prompted through this hub'}</span>
      <span class="muted small num">
        {turn.by ? `${turn.by}, ` : ''}
        {span(Math.max(0, now.value - turn.sinceMs))}
        {waiting > 0 ? `, ${waiting} queued` : ''}
      </span>
    </>
  )
}

function CostOf({ row }: { row: AgentRow }): JSX.Element {
  if (!row.agent.can.usage && !row.costUsd) {
    return (
      <span class="muted" title="This system reports no usage">
        not reported
      </span>
    )
  }
  if (row.costUsd === undefined || row.costBasis === undefined || row.costBasis === 'none') return <span class="muted">–</span>
  return (
    <>
      {money(row.costUsd)} <span class="muted small">{row.costBasis}</span>
    </>
  )
}
