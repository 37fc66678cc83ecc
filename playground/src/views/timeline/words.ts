/** Words of the timeline for people. */
import type { Span, SpanKind } from './spans.js'

export const KIND_WORDS: Readonly<Record<SpanKind, string>> = {
  turn: 'Turn',
  queue: 'In the queue',
  tool: 'Tool',
  wait: 'Waits for a person',
  retry: 'Retry',
  reconnect: 'Reconnect',
  gap: 'Gap',
}

const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  'new epoch': 'nothing missing',
  reconnect: 'events may be missing',
  restart: 'events may be missing',
  overflow: 'events were dropped',
  expired: 'events are gone',
  unknown: 'events may be missing',
}

/** How a span ended. */
export const endWords = ({ endMs, outcome, kind }: Span): string => {
  if (endMs === undefined) return kind === 'wait' ? 'still open' : 'goes on'
  return outcome === undefined ? 'over' : (OUTCOME_WORDS[outcome] ?? outcome)
}

const DETAIL_TITLES: Partial<Readonly<Record<SpanKind, string>>> = { turn: 'Prompt', queue: 'Prompt', wait: 'Answer' }

/** The title of the detail of a span, such as who prompted or who answered. */
export const detailTitle = ({ kind, outcome, detail }: Span): string =>
  detail?.startsWith('by ')
    ? (DETAIL_TITLES[kind] ?? 'Detail')
    : outcome === 'completed' || outcome === undefined
      ? 'Detail'
      : 'Reason'
