/** W3C Trace Context, the parts a client needs: read it, go on with it, write it as headers or as a child's environment. */

export interface TraceContext {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string
  /** Whether the trace is recorded. */
  readonly sampled: boolean
  /** Vendors' own entries, passed on as they came. */
  readonly tracestate?: string
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/
// The standard asks for at least this much to be passed on; what is longer is dropped whole, never cut.
const LONGEST_TRACESTATE = 512

/** Undefined for whatever the standard says must be ignored. */
export function parseTrace(trace: Readonly<Record<string, string | undefined>>): TraceContext | undefined {
  const match = TRACEPARENT.exec(trace.traceparent?.trim() ?? '')
  if (!match) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined
  // Version 00 ends here; a later version may say more, and its first four fields still hold.
  if (version === '00' && rest !== undefined) return undefined
  const sampled = (Number.parseInt(flags, 16) & 1) === 1
  const { tracestate } = trace
  const keep = tracestate !== undefined && tracestate !== '' && tracestate.length <= LONGEST_TRACESTATE
  return { traceId, spanId, sampled, ...(keep ? { tracestate } : {}) }
}

/** As a call carries it, and as HTTP headers. */
export function formatTrace(context: TraceContext): Record<string, string> {
  const { traceId, spanId, sampled, tracestate } = context
  const traceparent = `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}

/** The same for a child: the environment variables that OpenTelemetry and others read, TRACEPARENT and TRACESTATE. */
export function traceEnvironment(trace: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(trace)) {
    // No NUL in an environment; anything else that odd is no trace either.
    if (!value.includes('\0')) environment[name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')] = value
  }
  return environment
}
