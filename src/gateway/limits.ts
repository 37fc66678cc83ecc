/** Every limit of the gateway, by the name under which a refusal tells people to raise it. */

export interface GatewayLimits {
  /** One request body or one message of a protocol. */
  readonly maxMessageBytes: number
  /** One WebSocket frame. */
  readonly maxFrameBytes: number
  readonly maxConnections: number
  /** Connections that one credential keeps while others want in; further ones are the first to be closed. */
  readonly maxConnectionsPerCredential: number
  /** Links and calls of one credential. */
  readonly maxLinksPerCredential: number
  /** Links of one upstream; for a subprocess upstream this is the number of children. */
  readonly maxLinksPerUpstream: number
  /** Calls that stream or wait, over all upstreams. */
  readonly maxCalls: number
  /** What may wait in this process for one slow reader; beyond it nothing more is read for it, and what only answers it cuts it off. */
  readonly maxBufferedBytes: number
  readonly maxHeaderBytes: number
  /** From connect to the end of the headers, and from there to the end of the body. */
  readonly headersTimeoutMs: number
  readonly bodyTimeoutMs: number
  /** The first frame of a link must be a complete `open` by then. */
  readonly openTimeoutMs: number
  /** How long a link may be silent in both directions. */
  readonly idleTimeoutMs: number
  /** How long a consumer may take nothing while something waits for it. */
  readonly stallTimeoutMs: number
  /** On shutdown. */
  readonly drainTimeoutMs: number
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxMessageBytes: 8 * 1024 * 1024,
  maxFrameBytes: 1024 * 1024,
  maxConnections: 256,
  maxConnectionsPerCredential: 96,
  maxLinksPerCredential: 64,
  maxLinksPerUpstream: 64,
  maxCalls: 256,
  maxBufferedBytes: 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  openTimeoutMs: 2_000,
  idleTimeoutMs: 4 * 3_600_000,
  stallTimeoutMs: 30_000,
  drainTimeoutMs: 4_000,
}

/** Counts what is in use; `take` gives the function that gives it back, which is safe to call twice. */
export interface Counter {
  take(): (() => void) | undefined
  readonly used: number
}

export function createCounter(limit: number): Counter {
  let used = 0
  return {
    take() {
      if (used >= limit) return undefined
      used += 1
      let held = true
      return () => {
        if (!held) return
        held = false
        used -= 1
      }
    },
    get used() {
      return used
    },
  }
}
