/** W3C Trace Context for clients: parse it, continue it, write it as headers or as the environment of a child. */

export interface TraceContext {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string
  /** Whether the trace is recorded. */
  readonly sampled: boolean
  /** Entries of vendors, passed on unchanged. */
  readonly tracestate?: string
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const ZEROS = /^0+$/
// The standard requires at least this length; a longer value is dropped as a whole.
const LONGEST_TRACESTATE = 512

/** Undefined for a header that the standard says to ignore. */
export function parseTrace(trace: Readonly<Record<string, string | undefined>>): TraceContext | undefined {
  const match = TRACEPARENT.exec(trace.traceparent?.trim() ?? '')
  if (!match) return undefined
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined
  // Version 00 ends here; a later version may have more fields, and its first four have the same meaning.
  if (version === '00' && rest !== undefined) return undefined
  const sampled = (Number.parseInt(flags, 16) & 1) === 1
  const { tracestate } = trace
  const keep = tracestate !== undefined && tracestate !== '' && tracestate.length <= LONGEST_TRACESTATE
  return { traceId, spanId, sampled, ...(keep ? { tracestate } : {}) }
}

/** The context as HTTP headers, the form in which a call carries it. */
export function formatTrace(context: TraceContext): Record<string, string> {
  const { traceId, spanId, sampled, tracestate } = context
  const traceparent = `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate }
}

/** The same for a child: the environment variables that OpenTelemetry and others read, TRACEPARENT and TRACESTATE. */
export function traceEnvironment(trace: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, value] of Object.entries(trace)) {
    // An environment cannot hold NUL, and other control characters are not valid in a trace.
    if (!value.includes('\0')) environment[name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')] = value
  }
  return environment
}
