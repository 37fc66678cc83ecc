/** Turns the lines of all turns into events, usage and metrics. Every line is read once, so nothing is counted twice. */
import { systemClock, type Clock } from '../../core/clock.js'
import type { Answer } from '../messages/answer.js'
import { createDeriver } from '../messages/derive-messages.js'
import { createEventEmitter, type ClaudeEvent, type EventEmitter } from './events.js'
import { isResult } from '../messages/guards.js'
import type { ClaudeLine, ResultLine } from '../messages/lines.js'
import type { ClaudeMessage } from '../messages/messages.js'
import type { Spent } from '../messages/meter.js'
import type { Metrics } from './metrics.js'
import { createUsageTracker, tokensOf, type UsageTracker } from '../messages/usage.js'

/** Options of `createObserver`. */
export interface ObserverOptions {
  /** Default: a new emitter, which ignores failures of its handlers. */
  readonly events?: EventEmitter
  /** Default: a new tracker. */
  readonly usage?: UsageTracker
  /** Default: no metrics. */
  readonly metrics?: Metrics
  /** For tests. */
  readonly clock?: Clock
}

/** Collects events, usage and metrics of one client. Two clients need two observers. */
export interface ClaudeObserver {
  /** The events. */
  readonly events: EventEmitter
  /** The sums. */
  readonly usage: UsageTracker
  /** The counters, if there are any. */
  readonly metrics: Metrics | undefined
  /**
   * Takes one line of a turn. The client calls this once for every line. `spent` comes with a result: the tokens and cost that
   * this result adds to earlier results of the process.
   *
   * @example
   * ```ts
   * import { createObserver, type ClaudeObserver } from 'signalbox/claude'
   *
   * const inner = createObserver()
   * const see: ClaudeObserver['see'] = (line, answer, spent) => inner.see(line, answer, spent)
   * const observer: ClaudeObserver = { ...inner, see }
   * ```
   */
  readonly see: (line: ClaudeLine, answer: Answer, spent?: Spent) => void
}

/**
 * Feeds events, usage and metrics from every line of a client, once each.
 *
 * @example
 * ```ts
 * import { createClaude, createObserver } from 'signalbox/claude'
 * import { claudeProcess } from 'signalbox/node'
 *
 * const observer = createObserver()
 * await using claude = createClaude({ transport: claudeProcess(), observer })
 * observer.events.on('cost.incurred', ({ amountUsd }) => console.log(amountUsd))
 * await claude.querySimple('Hello')
 * ```
 */
export function createObserver(options: ObserverOptions = {}): ClaudeObserver {
  const { events = createEventEmitter(), usage = createUsageTracker(), metrics, clock = systemClock } = options
  // One deriver per turn, kept as long as the turn's answer.
  const turns = new WeakMap<Answer, ReturnType<typeof createDeriver>>()

  const emit = (answer: Answer, event: object): void =>
    events.emit({
      ...event,
      timestamp: new Date(clock.now()).toISOString(),
      sessionId: answer.sessionId ?? '',
      metadata: {},
    } as ClaudeEvent)

  const message = (entry: ClaudeMessage, answer: Answer): void => {
    switch (entry.type) {
      case 'text':
        if (!entry.partial) emit(answer, { type: 'message.received', messageType: 'text', content: entry.content })
        return
      case 'thinking':
        if (!entry.partial)
          emit(answer, { type: 'thinking.received', content: entry.content, thinkingTokens: entry.thinkingTokens })
        return
      case 'toolUse':
        emit(answer, { type: 'tool.called', toolName: entry.tool, toolId: entry.id, arguments: entry.args })
        return
      case 'toolResult': {
        const error = entry.isError ? entry.result : undefined
        emit(answer, {
          type: 'tool.result',
          toolName: entry.tool,
          toolId: entry.id,
          result: entry.result,
          success: !entry.isError,
          error,
        })
      }
    }
  }

  const result = (line: ResultLine, answer: Answer, { costUsd, models }: Spent): void => {
    const tokens = tokensOf(line)
    const model = answer.init?.model
    for (const [name, entry] of Object.entries(models)) {
      // The totals list every model that the process has used. Skip models that this turn did not use.
      if (!(entry.inputTokens || entry.outputTokens || entry.costUSD)) continue
      usage.add(name, entry.inputTokens, entry.outputTokens, {
        cacheWriteTokens: entry.cacheCreationInputTokens,
        cacheReadTokens: entry.cacheReadInputTokens,
        costUsd: entry.costUSD,
      })
    }
    metrics?.recordTurn({ model: model ?? 'unknown', line, tokens, costUsd })
    if (tokens.totalTokens > 0) emit(answer, { type: 'tokens.used', model, ...tokens })
    if (costUsd > 0) emit(answer, { type: 'cost.incurred', model, ...tokens, amountUsd: costUsd })
  }

  const see: ClaudeObserver['see'] = (line, answer, spent) => {
    if (isResult(line)) {
      if (spent) result(line, answer, spent)
      return
    }
    // Without handlers, deriving the messages again would be wasted work.
    if (events.handlerCount === 0) return
    let deriver = turns.get(answer)
    if (!deriver) {
      deriver = createDeriver()
      turns.set(answer, deriver)
    }
    const out: ClaudeMessage[] = []
    deriver.line(line, out)
    for (const entry of out) message(entry, answer)
  }
  return { events, usage, metrics, see }
}
