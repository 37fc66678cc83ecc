/** Two turns beside each other, both beginning at 0. Pure. */
import { durationMs, type Span, type SpanStore, type Track } from './spans.js'

/** The figures of one turn. */
export interface TurnFigures {
  readonly turn: Span
  readonly isRunning: boolean
  readonly totalMs: number
  readonly queueMs: number
  readonly tools: number
  readonly failedTools: number
  readonly toolMs: number
  readonly waits: number
  readonly waitMs: number
  readonly retryMs: number
  readonly costUsd: number | undefined
  readonly tokens: number | undefined
}

/** The spans of a turn, the turn itself first. */
function spansOfTurn(store: SpanStore, turn: Span): readonly Span[] {
  const track = store.tracks().find(({ agent }) => agent === turn.agent)
  return (track?.spans ?? []).filter((span) => span.turn === turn.turn && span.turn !== undefined)
}

/** The figures of a turn. Times of tools that ran side by side are not added twice. */
export function figuresOf(store: SpanStore, turn: Span, nowMs: number): TurnFigures {
  const own = spansOfTurn(store, turn)
  const ofKind = (kind: Span['kind']): readonly Span[] => own.filter((span) => span.kind === kind)
  const tools = ofKind('tool')
  return {
    turn,
    isRunning: turn.endMs === undefined,
    totalMs: durationMs(turn, nowMs),
    queueMs: coveredMs(ofKind('queue'), nowMs),
    tools: tools.length,
    failedTools: tools.filter(({ outcome }) => outcome === 'failed').length,
    toolMs: coveredMs(tools, nowMs),
    waits: ofKind('wait').length,
    waitMs: coveredMs(ofKind('wait'), nowMs),
    retryMs: coveredMs(ofKind('retry'), nowMs),
    costUsd: turn.usage?.costUsd,
    tokens: turn.usage?.tokens,
  }
}

/** The time that at least one of the spans covers. */
export function coveredMs(spans: readonly Span[], nowMs: number): number {
  let sum = 0
  let until = -Infinity
  for (const span of [...spans].sort((left, right) => left.startMs - right.startMs)) {
    const endMs = span.endMs ?? nowMs
    sum += Math.max(0, endMs - Math.max(span.startMs, until))
    until = Math.max(until, endMs)
  }
  return sum
}

/** Tracks for a comparison: the spans of each turn, moved so that the turn begins at 0. The queue lies before 0. */
export function alignedTracks(store: SpanStore, turns: readonly Span[], nowMs: number): readonly Track[] {
  return turns.map((turn, index) => ({
    agent: `${'AB'[index] ?? index + 1}  ${turn.label}`,
    spans: spansOfTurn(store, turn).map((span) => ({
      ...span,
      id: `${index} ${span.id}`,
      startMs: span.startMs - turn.startMs,
      endMs: (span.endMs ?? nowMs) - turn.startMs,
    })),
  }))
}
