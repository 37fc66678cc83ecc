/** Gives every call a trace context: continues the present trace or starts one. */
import type { Interceptor } from '../call.js'
import type { Random } from '../clock.js'
import { asInterceptor } from './policy.js'
import { formatTrace, parseTrace, type TraceContext } from './trace-context.js'

/** Options of `trace`. */
export interface TraceOptions {
  /** Returns the trace of the caller, such as the headers of the request that it serves. Called for every call without a trace. */
  readonly parent?: () => Readonly<Record<string, string | undefined>> | undefined
  /** Whether a trace that starts here is sampled. Default true. */
  readonly sampled?: boolean
  /** The random source for ids. Default: that of the runtime. */
  readonly random?: Random
}

/** An interceptor that gives each call a trace context. */
export type TracePolicy = Interceptor & {
  /** A new span in the given trace, or in a new trace. */
  start(parent?: Readonly<Record<string, string | undefined>>): TraceContext
}

/** Outside `retry` all attempts share a span; inside it each has its own. */
export function trace(options: TraceOptions = {}): TracePolicy {
  const { sampled = true, random } = options

  const start: TracePolicy['start'] = (call) => {
    const parent = call && parseTrace(call)
    const spanId = hexId(8, random)
    return parent ? { ...parent, spanId } : { traceId: hexId(16, random), spanId, sampled }
  }
  const intercept: Interceptor = (call, next) => {
    const inCall = call.trace.traceparent !== undefined
    const context = start(inCall ? call.trace : options.parent?.())
    // A tracestate is valid only with its own traceparent.
    const { traceparent: _old, tracestate: _stale, ...others } = call.trace
    return next({ ...call, trace: { ...others, ...formatTrace(context) } })
  }
  return asInterceptor(intercept, { start })
}

function hexId(bytes: number, random: Random | undefined): string {
  const id = new Uint8Array(bytes)
  if (random) for (let index = 0; index < bytes; index += 1) id[index] = Math.floor(random() * 256)
  else crypto.getRandomValues(id)
  // All zeros means "no id".
  if (id.every((byte) => byte === 0)) id[bytes - 1] = 1
  return Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
