/** OpenTelemetry spans through `@opentelemetry/api`. Without a registered SDK it does nothing, at little cost. */
export { otel, type OtelOptions } from './calls.js'
export { traceHub, type HubTracing, type TraceHubOptions } from './hub.js'
