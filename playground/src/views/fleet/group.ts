/** Filter and groups of the fleet. Pure. */
import type { AgentRow } from '../../model/agents.js'

/** What the rows are grouped by. */
export type GroupBy = 'system' | 'host' | 'state' | 'none'

/** One group with its rows. */
export interface FleetGroup {
  readonly title: string
  readonly ids: readonly string[]
}

const STATES = ['needs_answer', 'running', 'idle', 'unknown', 'stopped', 'offline']
const NO_HOST = 'This machine, or not reported'

/** True when every word of the filter occurs in the name, the system, the host, the state or a fact of the row. */
export function matchesFilter(row: AgentRow, filter: string): boolean {
  const text = [row.id, row.agent.name, row.agent.system, row.agent.host ?? '', row.state, ...Object.values(row.agent.facts)]
    .join(' ')
    .toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

/** The groups in their order. Without a grouping there is one group without a title. */
export function groupRows(rows: readonly AgentRow[], by: GroupBy): readonly FleetGroup[] {
  const groups = new Map<string, string[]>()
  for (const row of rows) {
    const title = by === 'system' ? row.agent.system : by === 'host' ? (row.agent.host ?? NO_HOST) : by === 'state' ? row.state : ''
    const ids = groups.get(title) ?? []
    ids.push(row.id)
    groups.set(title, ids)
  }
  const list = [...groups].map(([title, ids]) => ({ title, ids }))
  return by === 'state' ? list.sort((left, right) => STATES.indexOf(left.title) - STATES.indexOf(right.title)) : list
}
