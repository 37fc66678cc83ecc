/** How the gateway reads a protocol: how the bytes of a client are divided into messages, and which scope each message needs. */
import type { Refusal } from '../refusal.js'
import type { Classification } from '../scopes.js'

/** The verdict's `name` is for refusals and logs: an op, a command, a path. Never an argument. */
export interface Verdict {
  /** The op, the command or the path, for refusals and logs. Never an argument. */
  readonly name: string
  /** The scope that the credential must cover. `server-only` is refused to every credential. */
  readonly needs: Classification
  /** The setting to change, for the refusal. */
  readonly hint?: string
  /** The message carries a PIN: after several wrong ones, further ones are refused for a while. */
  readonly carriesPin?: true
  /** After this message the link carries raw bytes, such as those of an attached terminal. They are not judged again. */
  readonly thenRaw?: true
}

/** What the gateway learns from the messages of an upstream. */
export interface UpstreamEvents {
  /** The upstream refused a PIN. */
  onWrongPin(): void
  /** A session of this id runs on the link. */
  onSession(id: string): void
}

/** A policy that remembers what the upstream said on one link. */
export interface LinkPolicy {
  /** Judges one message that goes up on this link. */
  classify(message: unknown): Verdict | readonly Verdict[]
  /** Bytes of the upstream on their way to the client. Must neither change the chunk nor throw. */
  received(chunk: Uint8Array): void
}

/** What is known about the credential that launches. */
export interface LaunchFacts {
  /** Whether this credential has started the session with this id. */
  startedSession(id: string): boolean
}

/** How the gateway reads the messages of a client to a stream upstream. */
export interface StreamPolicy {
  /** Tells it from an exchange policy. */
  readonly kind: 'stream'
  /** `raw` passes bytes unseen and therefore needs `admin`. */
  readonly framing: 'ndjson' | 'frames' | 'raw'
  /** Judges one message that goes up: a parsed line, or the body of a frame. An unknown one is `admin`. */
  classify(message: unknown): Verdict | readonly Verdict[]
  /** Made for each link, where a verdict depends on what the upstream said before; its `classify` is used instead. */
  forLink?(events: UpstreamEvents): LinkPolicy
  /**
   * The answer to one message that the client's scope does not cover, as a message of the protocol. The link then stays open.
   * Absent, or undefined for this message: the refusal ends the link.
   */
  answerRefusal?(message: unknown, refusal: Refusal): Uint8Array | undefined
  /**
   * The same message with this name as its sender, for a protocol whose messages name one. The gateway calls it for credentials without
   * `admin`, so that a client cannot act under the name of another.
   */
  withSender?(message: unknown, sender: string): unknown
  /** Judges a launch object field by field; absent when the protocol has none, and then none may be given. */
  classifyLaunch?(launch: Readonly<Record<string, unknown>>, facts?: LaunchFacts): Verdict[]
  /** Launch fields that hold where neither the request nor the configuration of the upstream sets them. */
  readonly launchDefaults?: Readonly<Record<string, unknown>>
}

/** How the gateway reads requests to an HTTP upstream. */
export interface ExchangePolicy {
  /** Tells it from a stream policy. */
  readonly kind: 'exchange'
  /** Judges one request; `body` is undefined when the method has none. */
  classify(method: string, path: string, body?: Uint8Array): Verdict | readonly Verdict[]
}

/** For a stream upstream without a table: its bytes pass unseen, for credentials with `admin`. */
export const rawPolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'raw',
  classify: () => ({ name: 'bytes', needs: 'admin' }),
}

/** For an HTTP upstream without a table: every request needs `admin`. */
export const adminExchangePolicy: ExchangePolicy = {
  kind: 'exchange',
  // The path may be any text, even a secret, so neither the refusal nor the log has it.
  classify: (method) => ({ name: `${method} of a path in no table`, needs: 'admin' }),
}
