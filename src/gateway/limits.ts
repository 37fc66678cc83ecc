/** Every limit of the gateway, by the name under which a refusal tells people to raise it. */

/** Every limit of the gateway, by the name under which a refusal tells people to raise it. `DEFAULT_LIMITS` has the defaults. */
export interface GatewayLimits {
  /** One request body or one message of a protocol, unless its upstream sets another number. */
  readonly maxMessageBytes: number
  /** Arrays and objects inside each other, in one JSON message. */
  readonly maxJsonDepth: number
  /** Values in one JSON message. */
  readonly maxJsonNodes: number
  /** What one credential may send; more is read later. A burst of twice as much is free. */
  readonly maxBytesPerSecond: number
  /** One WebSocket frame. The first one carries the launch; no other needs more than 64 KiB. */
  readonly maxFrameBytes: number
  /** TCP connections over all clients. */
  readonly maxConnections: number
  /** Connections that one credential keeps while others want in; further ones are the first to be closed. */
  readonly maxConnectionsPerCredential: number
  /** Links and calls of one credential. */
  readonly maxLinksPerCredential: number
  /** Links of one upstream. */
  readonly maxLinksPerUpstream: number
  /** Links of an upstream that takes a launch, each of which is a child process. */
  readonly maxChildrenPerUpstream: number
  /** Calls that stream or wait, over all upstreams. */
  readonly maxCalls: number
  /** Wrong PINs of one credential at one upstream before the next one has to wait. */
  readonly maxWrongPins: number
  /** What may wait in this process for one slow reader; beyond it nothing more is read for it, and what only answers it cuts it off. */
  readonly maxBufferedBytes: number
  /** All headers of one request together. */
  readonly maxHeaderBytes: number
  /** From connect to the end of the headers. */
  readonly headersTimeoutMs: number
  /** From the end of the headers to the end of the body. */
  readonly bodyTimeoutMs: number
  /** The first frame of a link must be a complete `open` by then. */
  readonly openTimeoutMs: number
  /** How long a link may be silent in both directions. */
  readonly idleTimeoutMs: number
  /** How long a consumer may take nothing while something waits for it. */
  readonly stallTimeoutMs: number
  /** On shutdown: how long `serveGateway` waits until links and calls are closed. */
  readonly drainTimeoutMs: number
}

/** The limits that hold unless the configuration sets others. */
export const DEFAULT_LIMITS: GatewayLimits = {
  maxMessageBytes: 1024 * 1024,
  maxJsonDepth: 64,
  maxJsonNodes: 50_000,
  maxBytesPerSecond: 8 * 1024 * 1024,
  maxFrameBytes: 256 * 1024,
  maxConnections: 256,
  maxConnectionsPerCredential: 96,
  maxLinksPerCredential: 64,
  maxLinksPerUpstream: 64,
  maxChildrenPerUpstream: 4,
  maxCalls: 256,
  maxWrongPins: 5,
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

/** A counter with a limit. */
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
