/** Counters with ccflow's metric names, written as Prometheus text. Has no registry and no dependency. */
import type { Interceptor } from '../../core/call.js'
import { SignalboxError } from '../../errors.js'
import type { ResultLine } from '../messages/lines.js'
import { isFailure } from '../messages/guards.js'
import type { TokenCounts } from '../messages/usage.js'

/** The amounts that one turn adds to the counters. */
export interface TurnMetrics {
  /** The model of the turn. */
  readonly model: string
  /** The result line. */
  readonly line: ResultLine
  /** The tokens of the turn. */
  readonly tokens: TokenCounts
  /** The cost of the turn. */
  readonly costUsd: number
}

/** Counters of a client. */
export interface Metrics {
  /**
   * Adds one result: its request, duration, tokens and cost. An observer calls this for every turn.
   *
   * @example
   * ```ts
   * import type { Metrics, ResultLine } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * declare const line: ResultLine
   * const tokens = { inputTokens: 10, outputTokens: 5, thinkingTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0, totalTokens: 15 }
   * metrics.recordTurn({ model: 'sonnet', line, tokens, costUsd: 0.01 })
   * ```
   */
  recordTurn(turn: TurnMetrics): void
  /**
   * Counts a failure under its type.
   *
   * @example
   * ```ts
   * import type { Metrics } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * metrics.recordError('deadline_exceeded')
   * ```
   */
  recordError(errorType: string): void
  /**
   * Counts the failures of the calls that pass through it. For the option `interceptors` of a client.
   *
   * @example
   * ```ts
   * import { createClaude, createMetrics } from 'signalbox/claude'
   * import { claudeProcess } from 'signalbox/node'
   *
   * const metrics = createMetrics()
   * const claude = createClaude({ transport: claudeProcess(), interceptors: [metrics.interceptor] })
   * ```
   */
  readonly interceptor: Interceptor
  /**
   * Adds what one encoding as TOON saved: the ratio (0 to 1) and the tokens.
   *
   * @example
   * ```ts
   * import type { Metrics } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * metrics.recordToonSavings(0.4, 120)
   * ```
   */
  recordToonSavings(ratio: number, tokensSaved: number): void
  /**
   * Counts one more open session.
   *
   * @example
   * ```ts
   * import type { Metrics } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * metrics.sessionOpened()
   * ```
   */
  sessionOpened(): void
  /**
   * Counts one open session less, and the turns that the session had.
   *
   * @example
   * ```ts
   * import type { Metrics } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * metrics.sessionClosed(12)
   * ```
   */
  sessionClosed(turns: number): void
  /**
   * All counters in the Prometheus text format, as the body of a `/metrics` response.
   *
   * @example
   * ```ts
   * import type { Metrics } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * console.log(metrics.text())
   * ```
   */
  text(): string
  /**
   * Sets every counter to 0.
   *
   * @example
   * ```ts
   * import type { Metrics } from 'signalbox/claude'
   *
   * declare const metrics: Metrics
   * metrics.reset()
   * ```
   */
  reset(): void
}

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

const DURATIONS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
const TURNS = [1, 2, 3, 5, 10, 20, 50]
const RATIOS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
/** The most label values per metric. Further values are counted under `other`, so that a scrape stays small. */
const MAX_SERIES = 200

/**
 * Counters of turns, tokens and cost, as Prometheus text.
 *
 * @example
 * ```ts
 * import { createMetrics, createObserver } from 'signalbox/claude'
 *
 * const metrics = createMetrics()
 * const observer = createObserver({ metrics })
 * console.log(metrics.text(), observer)
 * ```
 */
export function createMetrics({ prefix = 'ccflow' }: { readonly prefix?: string } = {}): Metrics {
  let counters = new Map<string, Map<string, number>>()
  let histograms = new Map<string, Map<string, Histogram>>()
  let activeSessions = 0

  const series = <Value>(all: Map<string, Map<string, Value>>, name: string): Map<string, Value> => {
    const values = all.get(name) ?? new Map<string, Value>()
    all.set(name, values)
    return values
  }
  const bounded = <Value>(values: Map<string, Value>, labels: string): string =>
    values.has(labels) || values.size < MAX_SERIES ? labels : labels.replace(/="[^"]*"/g, '="other"')
  const add = (name: string, labels: string, by: number): void => {
    const seriesOfName = series(counters, name)
    const key = bounded(seriesOfName, labels)
    seriesOfName.set(key, (seriesOfName.get(key) ?? 0) + Math.max(0, by))
  }
  const observe = (name: string, labels: string, value: number, bounds: readonly number[]): void => {
    const seriesOfName = series(histograms, name)
    const key = bounded(seriesOfName, labels)
    const histogram = seriesOfName.get(key) ?? { counts: bounds.map(() => 0), sum: 0, count: 0 }
    seriesOfName.set(key, histogram)
    for (const [index, bound] of bounds.entries()) if (value <= bound) histogram.counts[index] = (histogram.counts[index] ?? 0) + 1
    histogram.sum += value
    histogram.count += 1
  }
  const label = (name: string, value: string): string =>
    `${name}="${value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`

  const metrics: Metrics = {
    async interceptor(call, next) {
      try {
        return await next(call)
      } catch (error) {
        const code = SignalboxError.is(error) ? error.code : 'unknown'
        metrics.recordError(SignalboxError.is(error, 'remote') ? (error.remoteCode ?? code) : code)
        throw error
      }
    },
    recordTurn({ model, line, tokens, costUsd }) {
      const of = label('model', model)
      add('requests_total', `${of},${label('status', isFailure(line) ? 'error' : 'success')}`, 1)
      observe('request_duration_seconds', of, (line.duration_ms ?? 0) / 1000, DURATIONS)
      add('tokens_input_total', of, tokens.inputTokens)
      add('tokens_output_total', of, tokens.outputTokens)
      add('tokens_cache_read_total', of, tokens.cacheReadTokens)
      add('tokens_cache_write_total', of, tokens.cacheWriteTokens)
      add('cost_usd_total', of, costUsd)
    },
    recordError: (errorType) => add('errors_total', label('error_type', errorType), 1),
    recordToonSavings(ratio, tokensSaved) {
      observe('toon_savings_ratio', '', ratio, RATIOS)
      add('toon_tokens_saved_total', '', tokensSaved)
    },
    sessionOpened() {
      activeSessions += 1
    },
    sessionClosed(turns) {
      activeSessions = Math.max(0, activeSessions - 1)
      observe('session_turns', '', turns, TURNS)
    },
    text() {
      const lines: string[] = []
      const braces = (labels: string): string => (labels === '' ? '' : `{${labels}}`)
      for (const [name, values] of counters) {
        lines.push(`# TYPE ${prefix}_${name} counter`)
        for (const [labels, value] of values) lines.push(`${prefix}_${name}${braces(labels)} ${value}`)
      }
      lines.push(`# TYPE ${prefix}_active_sessions gauge`, `${prefix}_active_sessions ${activeSessions}`)
      for (const [name, values] of histograms) {
        const bounds = name === 'session_turns' ? TURNS : name === 'toon_savings_ratio' ? RATIOS : DURATIONS
        lines.push(`# TYPE ${prefix}_${name} histogram`)
        for (const [labels, { counts, sum, count }] of values) {
          const comma = labels === '' ? '' : `${labels},`
          for (const [index, bound] of bounds.entries())
            lines.push(`${prefix}_${name}_bucket{${comma}le="${bound}"} ${counts[index]}`)
          lines.push(`${prefix}_${name}_bucket{${comma}le="+Inf"} ${count}`)
          lines.push(`${prefix}_${name}_sum${braces(labels)} ${sum}`, `${prefix}_${name}_count${braces(labels)} ${count}`)
        }
      }
      return `${lines.join('\n')}\n`
    },
    reset() {
      counters = new Map()
      histograms = new Map()
      activeSessions = 0
    },
  }
  return metrics
}
