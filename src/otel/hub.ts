/** OpenTelemetry spans of what the agents of a hub do: turns, tools and asks. */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes, type Span, type Tracer } from '@opentelemetry/api'
import { SignalboxError } from '../errors.js'
import type { Hub } from '../hub/hub.js'
import type { AgentId } from '../hub/model/agent.js'
import type { HubCursor } from '../hub/model/cursor.js'
import { createHubSpans, type SpanAttributes, type SpanMaker } from '../hub/trace/spans.js'
import { createRedactor } from '../redact.js'

/** Options of `traceHub`. */
export interface TraceHubOptions {
  /** Default: the tracer `signalbox` of the registered provider. */
  readonly tracer?: Tracer
  /** Only these agents. Default all. */
  readonly agents?: readonly AgentId[]
  /** Where to start. Default with new events. */
  readonly from?: HubCursor
}

/** A running conversion of events to spans. Disposal does the same as `close`. */
export interface HubTracing extends AsyncDisposable {
  /** Resolves when the hub or the tracing was closed. Rejects when the watch failed. */
  readonly done: Promise<void>
  /**
   * Ends every open span, with the attribute `signalbox.unfinished`. Never rejects.
   *
   * @example
   * ```ts
   * import type { HubTracing } from 'signalbox/otel'
   *
   * declare const tracing: HubTracing
   * await tracing.close()
   * ```
   */
  close(): Promise<void>
}

/**
 * Makes a span `invoke_agent` of each turn that begins from now on, with spans `execute_tool` and `ask` inside of it. Attributes follow the
 * conventions for generative AI; facts without a name there begin with `signalbox.`. Texts of prompts, answers and tools are in no span.
 *
 * @example
 * ```ts
 * import type { Hub } from 'signalbox/hub'
 * import { traceHub } from 'signalbox/otel'
 *
 * declare const hub: Hub
 * await using tracing = traceHub(hub)
 * await tracing.done
 * ```
 */
export function traceHub(hub: Hub, options: TraceHubOptions = {}): HubTracing {
  const { agents, from } = options
  const kinds = ['agent', 'turn', 'tool', 'ask', 'ask_resolved', 'usage', 'end'] as const
  const watch = hub.watch({ kinds, ...(agents ? { agents } : {}), ...(from ? { from } : {}) })
  const spans = createHubSpans(otelSpans(() => options.tracer ?? trace.getTracer('signalbox')))
  const run = async (): Promise<void> => {
    try {
      for await (const batch of watch.batches()) for (const event of batch) spans.take(event)
    } catch (error) {
      if (!SignalboxError.is(error, 'closed')) throw error
    } finally {
      spans.close(new Date().toISOString())
    }
  }
  const done = run()
  done.catch(() => {})
  const close = (): Promise<void> => watch.close().then(() => done.catch(() => {}))
  return { done, close, [Symbol.asyncDispose]: close }
}

function otelSpans(tracer: () => Tracer): SpanMaker<Span> {
  const redactor = createRedactor()
  const clean = (attributes: SpanAttributes): Attributes =>
    redactor.value(Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))) as Attributes
  return {
    start({ name, remote, attributes, at }, parent) {
      const kind = remote ? SpanKind.CLIENT : SpanKind.INTERNAL
      const inside = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT
      const spanOptions = { kind, attributes: clean(attributes), startTime: new Date(at) }
      return tracer().startSpan(redactor.text(name), spanOptions, inside)
    },
    end(span, { attributes, at, error }) {
      if (attributes) span.setAttributes(clean(attributes))
      if (error) {
        span.setAttribute('error.type', error.type)
        span.setStatus({ code: SpanStatusCode.ERROR, message: redactor.text(error.message) })
      }
      span.end(new Date(at))
    },
  }
}
