/** Words of the timeline for people. */
import type { SpanKind } from './spans.js'

export const KIND_WORDS: Readonly<Record<SpanKind, string>> = {
  turn: 'Turn',
  queue: 'In the queue',
  tool: 'Tool',
  wait: 'Waits for a person',
  retry: 'Retry',
  reconnect: 'Reconnect',
  gap: 'Gap',
}
