/** Gives every call a place in a distributed trace: goes on with the one it is in, or begins one. */
import type { Interceptor } from '../call.js'
import type { Random } from '../clock.js'
import { asInterceptor } from './policy.js'
import { formatTrace, parseTrace, type TraceContext } from './trace-context.js'

/** Options of `trace`. */
export interface TraceOptions {
  /** The trace that the caller is in, such as the headers of the request it serves. Asked for every call that has none. */
  readonly parent?: () => Readonly<Record<string, string | undefined>> | undefined
  /** Whether a trace that begins here is sampled. Default true. */
  readonly sampled?: boolean
  /** Ids come from the runtime's own source unless a test gives another. */
  readonly random?: Random
}

/** An interceptor that gives each call a trace context. */
export type TracePolicy = Interceptor & {
  /** A span of its own in the given trace, or in a new one. */
  start(parent?: Readonly<Record<string, string | undefined>>): TraceContext
}

/** Outside `retry` all attempts share a span; inside it each has its own. */
export function trace(options: TraceOptions = {}): TracePolicy {
  const { sampled = true, random } = options

  const start: TracePolicy['start'] = (given) => {
    const parent = given && parseTrace(given)
    const spanId = hexId(8, random)
    return parent ? { ...parent, spanId } : { traceId: hexId(16, random), spanId, sampled }
  }
  const intercept: Interceptor = (call, next) => {
    const inCall = call.trace.traceparent !== undefined
    const context = start(inCall ? call.trace : options.parent?.())
    // A tracestate without the parent it came with would lie about whose it is.
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
