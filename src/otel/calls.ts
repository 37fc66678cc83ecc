/** Spans for calls. */
import { context, propagation, SpanKind, SpanStatusCode, trace, type Attributes, type Span, type Tracer } from '@opentelemetry/api'
import type { Call, Interceptor } from '../core/call.js'
import { SignalboxError } from '../errors.js'
import { createRedactor, redactText } from '../redact.js'

/** Options of `otel`. */
export interface OtelOptions {
  /** Default: the tracer `signalbox` of the registered provider, looked up at the first call. */
  readonly tracer?: Tracer
  /** More attributes for a span. They pass through the redactor. */
  readonly attributes?: (call: Call) => Attributes
}

/** Outside `retry` it makes one span for a call; inside, one for each attempt. */
export function otel(options: OtelOptions = {}): Interceptor {
  const redactor = createRedactor()
  return async (call, next) => {
    const tracer = options.tracer ?? trace.getTracer('signalbox')
    const attributes = redactor.value({ ...callAttributes(call), ...ownAttributes(options, call) }) as Attributes
    const parent = propagation.extract(context.active(), call.trace)
    const span = tracer.startSpan(`${call.system} ${call.op}`, { kind: SpanKind.CLIENT, attributes }, parent)
    const inside = trace.setSpan(parent, span)
    const carried: Record<string, string> = { ...call.trace }
    propagation.inject(inside, carried)
    try {
      return await context.with(inside, () => next({ ...call, trace: carried }))
    } catch (error) {
      fail(span, error)
      throw error
    } finally {
      span.end()
    }
  }
}

function callAttributes(call: Call): Attributes {
  return {
    'rpc.system': call.system,
    'rpc.method': call.op,
    'network.transport': call.transport,
    'signalbox.kind': call.kind,
    'signalbox.idempotent': call.idempotent,
    'signalbox.attempt': call.attempt,
  }
}

function fail(span: Span, error: unknown): void {
  const typedError = SignalboxError.is(error) ? error : undefined
  const message = typedError?.message ?? redactText(error instanceof Error ? error.message : String(error))
  const type = typedError?.code ?? (error instanceof Error ? error.name : '_OTHER')
  // Not the error itself: its stack repeats the message of every cause, which the redactor has not seen.
  span.recordException({ name: typedError?.name ?? type, message })
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  span.setAttribute('error.type', type)
  if (!typedError) return
  span.setAttribute('signalbox.sent', typedError.sent)
  if (typedError.status !== undefined) span.setAttribute('http.response.status_code', typedError.status)
  if (typedError.remoteCode !== undefined) span.setAttribute('signalbox.remote_code', typedError.remoteCode)
}

/** An observer that fails must not fail the call. */
function ownAttributes(options: OtelOptions, call: Call): Attributes | undefined {
  try {
    return options.attributes?.(call)
  } catch {
    return undefined
  }
}
