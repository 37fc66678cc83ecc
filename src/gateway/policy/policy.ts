/** What the gateway knows about a protocol: how to cut what goes up into messages, and which scope each one needs. */
import type { Refusal } from '../refusal.js'
import type { Classification } from '../scopes.js'

/** The verdict's `name` is for refusals and logs: an op, a command, a path. Never an argument. */
export interface Verdict {
  readonly name: string
  readonly needs: Classification
  /** The setting to change, for the refusal. */
  readonly hint?: string
  /** The rest of the link is no longer messages but bytes, under this same verdict: a terminal that was attached. */
  readonly thenRaw?: true
}

export interface StreamPolicy {
  readonly kind: 'stream'
  /** `raw` passes bytes unseen and therefore needs `admin`. */
  readonly framing: 'ndjson' | 'frames' | 'raw'
  /** Judges one message that goes up: a parsed line, or the body of a frame. An unknown one is `admin`. */
  classify(message: unknown): Verdict | readonly Verdict[]
  /**
   * What to tell the client about one message that its scope does not cover, as a message of the protocol; the link then lives on.
   * Absent, or undefined for this message: the refusal ends the link.
   */
  answerRefusal?(message: unknown, refusal: Refusal): Uint8Array | undefined
  /** Judges a launch object field by field; absent where the protocol has none, and then none may be given. */
  classifyLaunch?(launch: Readonly<Record<string, unknown>>): Verdict[]
  /** Launch fields that hold where neither the request nor the configuration of the upstream sets them. */
  readonly launchDefaults?: Readonly<Record<string, unknown>>
}

export interface ExchangePolicy {
  readonly kind: 'exchange'
  classify(method: string, path: string): Verdict
}

/** For an upstream that nobody classified: usable, by whoever may do everything. */
export const rawPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'raw',
  classify: () => ({ name: 'bytes', needs: 'admin' }),
}

export const adminExchangePolicy: ExchangePolicy = {
  kind: 'exchange',
  classify: (method, path) => ({ name: `${method} ${path}`, needs: 'admin' }),
}
