/** The limits of the gateway, their defaults, and counters for them. */

/** Every limit of the gateway, by the name under which a refusal tells people to raise it. `DEFAULT_LIMITS` has the defaults. */
export interface GatewayLimits {
  /** One request body or one message of a protocol, unless its upstream sets another number. Default 1 MiB. */
  readonly maxMessageBytes: number
  /** Arrays and objects inside each other, in one JSON message. Default 64. */
  readonly maxJsonDepth: number
  /** Values in one JSON message. Default 50,000. */
  readonly maxJsonNodes: number
  /**
   * Bytes that one credential may send in a second; more is read later. A burst of twice as much is free. A message on a link counts at
   * least 512 bytes, so the default allows 16,384 small messages in a second. Default 8 MiB.
   */
  readonly maxBytesPerSecond: number
  /** One WebSocket frame. The first one carries the launch; no other needs more than 64 KiB. Default 256 KiB. */
  readonly maxFrameBytes: number
  /** TCP connections over all clients. Default 256. */
  readonly maxConnections: number
  /**
   * Connections that one credential keeps while other clients want to connect; further ones are the first to be closed. Default 96.
   */
  readonly maxConnectionsPerCredential: number
  /** Links and calls of one credential. Default 48, fewer than `maxLinksPerUpstream`, so that one credential cannot take all links. */
  readonly maxLinksPerCredential: number
  /** Links of one upstream. Default 64. */
  readonly maxLinksPerUpstream: number
  /** Links of an upstream that takes a launch, each of which is a child process. Default 4. */
  readonly maxChildrenPerUpstream: number
  /** Calls that stream or wait, over all upstreams. Default 256. */
  readonly maxCalls: number
  /** Wrong PINs of one credential at one upstream before the next one has to wait. Default 5. */
  readonly maxWrongPins: number
  /**
   * Bytes that may wait in this process for one slow reader. Above it the gateway reads no more for that reader, and closes a
   * WebSocket that sends pings and does not read the answers. Default 1 MiB.
   */
  readonly maxBufferedBytes: number
  /** All headers of one request together. Default 16 KiB. */
  readonly maxHeaderBytes: number
  /** From connect to the end of the headers. Default 10 s. */
  readonly headersTimeoutMs: number
  /** From the end of the headers to the end of the body. Default 30 s. */
  readonly bodyTimeoutMs: number
  /** The first frame of a link must be a complete `open` by then. Default 2 s. */
  readonly openTimeoutMs: number
  /** How long a link may be silent in both directions. Default 4 hours. */
  readonly idleTimeoutMs: number
  /** How long a reader may read nothing while data waits for it. Default 30 s. */
  readonly stallTimeoutMs: number
  /** On shutdown: how long `serveGateway` waits until links and calls are closed. Default 4 s. */
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
  maxLinksPerCredential: 48,
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

/** Counts what is in use. `take` returns the function that releases it, which is safe to call twice; undefined at the limit. */
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
