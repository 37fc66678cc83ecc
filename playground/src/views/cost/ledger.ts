/** Cost and tokens from the events of a hub, by agent, session and day. Pure. */
import type { HubEvent, HubEventOf } from 'signalbox/hub'

/** A sum. A cost that no system told is absent, which is not the same as zero. */
export interface Figures {
  /** US dollars that systems counted. */
  readonly reportedUsd?: number
  /** US dollars that were computed from tokens. */
  readonly estimatedUsd?: number
  /** Whether any system told tokens. If not, the counts of tokens are zero because nobody counted. */
  readonly hasTokens: boolean
  readonly input: number
  readonly output: number
  /** Tokens that came from a cache. They are not fresh tokens, and no other figure contains them. */
  readonly cacheRead: number
  readonly cacheWrite: number
  /** Turns that ended. */
  readonly turns: number
  /** Turns that ended at an agent that has told no cost so far. The sum omits them. */
  readonly turnsWithoutCost: number
}

/** How the figures are divided. */
export type Division = 'agent' | 'session' | 'day'

/** One line of a table. */
export interface CostRow {
  readonly key: string
  readonly agent?: string
  readonly session?: string
  /** The local day, such as `2026-03-01`. */
  readonly day?: string
  readonly figures: Figures
}

/** Everything that was counted. */
export interface CostLedger {
  /** Returns true when a figure changed. */
  apply(events: readonly HubEvent[]): boolean
  rows(by: Division): readonly CostRow[]
  total(): Figures
  /** Agents with ended turns and without any cost: what the sums omit. */
  omitted(): readonly { readonly agent: string; readonly turns: number }[]
  /** The time of the first counted event. */
  readonly sinceMs: number | undefined
  /** Why the figures may miss something, in the order of the gaps. */
  readonly gaps: readonly { readonly reason: string; readonly atMs: number }[]
}

/** The kinds of events that the ledger reads. */
export const COST_EVENTS = ['usage', 'end', 'gap'] as const

type Cell = { -readonly [Key in keyof Figures]: Figures[Key] } & {
  readonly agent: string
  readonly session: string
  readonly day: string
}
const COUNTS = ['input', 'output', 'cacheRead', 'cacheWrite'] as const
const MAX_GAPS = 20

/** Makes an empty ledger. */
export function createCostLedger(): CostLedger {
  const cells = new Map<string, Cell>()
  /** The last running total of a session, for the difference to the next one. */
  const totals = new Map<string, HubEventOf<'usage'>>()
  const withCost = new Set<string>()
  const gaps: { reason: string; atMs: number }[] = []
  let sinceMs: number | undefined

  const cellOf = ({ agent, session = 'main', at }: HubEvent): Cell => {
    const day = dayOf(Date.parse(at))
    const key = `${agent}\n${session}\n${day}`
    const known = cells.get(key)
    if (known) return known
    const cell = {
      agent,
      session,
      day,
      hasTokens: false,
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
      turns: 0,
      turnsWithoutCost: 0,
    }
    cells.set(key, cell)
    return cell
  }
  const count = (event: HubEventOf<'usage'>): void => {
    const cell = cellOf(event)
    // A running total replaces the one before it; it starts at zero with each new process.
    const place = `${event.agent}\n${event.session ?? ''}\n${event.epoch}`
    const before = event.scope === 'session' ? totals.get(place) : undefined
    if (event.scope === 'session') totals.set(place, { ...before, ...event })
    for (const key of COUNTS) {
      const now = event.tokens?.[key]
      if (now === undefined) continue
      cell.hasTokens = true
      cell[key] += now - (before?.tokens?.[key] ?? 0)
    }
    if (event.costUsd === undefined) return
    withCost.add(event.agent)
    const key = event.basis === 'reported' ? 'reportedUsd' : 'estimatedUsd'
    cell[key] = (cell[key] ?? 0) + event.costUsd - (before?.costUsd ?? 0)
  }
  const finished = (): readonly Cell[] =>
    [...cells.values()].map((cell) => ({ ...cell, turnsWithoutCost: withCost.has(cell.agent) ? 0 : cell.turns }))
  return {
    apply(events) {
      let changed = false
      for (const event of events) {
        if (event.origin === 'replay') continue
        if (event.kind === 'usage') count(event)
        else if (event.kind === 'end' && event.sent !== 'no') cellOf(event).turns += 1
        else if (event.kind === 'gap' && event.agent === '') gaps.splice(0, gaps.length, ...gaps.slice(1 - MAX_GAPS), gapOf(event))
        else continue
        sinceMs ??= Date.parse(event.at)
        changed = true
      }
      return changed
    },
    rows(by) {
      const grouped = new Map<string, CostRow>()
      for (const cell of finished()) {
        const { agent, session, day } = cell
        const key = by === 'agent' ? agent : by === 'session' ? `${agent}\n${session}` : day
        const place = by === 'day' ? { day } : by === 'agent' ? { agent } : { agent, session }
        const known = grouped.get(key)
        grouped.set(key, { key, ...place, figures: known ? sum(known.figures, cell) : sum(cell) })
      }
      const rows = [...grouped.values()]
      return by === 'day' ? rows.sort((left, right) => right.key.localeCompare(left.key)) : rows.sort(byCost)
    },
    total: () => sum(...finished()),
    omitted() {
      const turns = new Map<string, number>()
      for (const { agent, turnsWithoutCost } of finished()) {
        if (turnsWithoutCost > 0) turns.set(agent, (turns.get(agent) ?? 0) + turnsWithoutCost)
      }
      return [...turns].map(([agent, own]) => ({ agent, turns: own })).sort((left, right) => right.turns - left.turns)
    },
    get sinceMs() {
      return sinceMs
    },
    gaps,
  }
}

const gapOf = ({ reason, at }: HubEventOf<'gap'>) => ({ reason, atMs: Date.parse(at) })

/** The sum of figures. A cost is absent only where every part lacks it. */
function sum(...parts: readonly Figures[]): Figures {
  const add = (key: 'reportedUsd' | 'estimatedUsd') => {
    const known = parts.flatMap((part) => part[key] ?? [])
    return known.length === 0 ? {} : { [key]: known.reduce((left, right) => left + right, 0) }
  }
  const total = (key: (typeof COUNTS)[number] | 'turns' | 'turnsWithoutCost'): number =>
    parts.reduce((left, part) => left + part[key], 0)
  return {
    ...add('reportedUsd'),
    ...add('estimatedUsd'),
    hasTokens: parts.some((part) => part.hasTokens),
    input: total('input'),
    output: total('output'),
    cacheRead: total('cacheRead'),
    cacheWrite: total('cacheWrite'),
    turns: total('turns'),
    turnsWithoutCost: total('turnsWithoutCost'),
  }
}

const allUsd = ({ reportedUsd = 0, estimatedUsd = 0 }: Figures): number => reportedUsd + estimatedUsd
const byCost = (left: CostRow, right: CostRow): number =>
  allUsd(right.figures) - allUsd(left.figures) || right.figures.turns - left.figures.turns || left.key.localeCompare(right.key)

/** The day on the reader's clock. */
function dayOf(ms: number): string {
  const date = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** How much of a budget is used, from 0 upwards: the larger part of its two limits. */
export function usedPart(budget: { maxCostUsd?: number; maxTokens?: number }, costUsd: number, tokens: number): number {
  const part = (used: number, most: number | undefined): number =>
    most === undefined ? 0 : most === 0 ? Number(used > 0) : used / most
  return Math.max(part(costUsd, budget.maxCostUsd), part(tokens, budget.maxTokens))
}
