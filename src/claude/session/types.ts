/** The session as its caller sees it, and the parts that it is made from. */
import type { CallOptions } from '../../core/call.js'
import type { NamesOf } from '../launch/known-names.js'
import type { RunContext } from '../run/run-context.js'
import type { EventEmitter } from '../ops/events.js'
import type { ContentBlock } from '../messages/lines.js'
import type { CLIAgentOptions } from '../run/options.js'
import type { SessionControls } from '../run/controls.js'
import type { SessionKeeper, SessionState } from './state.js'
import type { Turn } from '../run/turn.js'

/** Options of a session. */
export interface SessionOptions {
  /** The id of a new session; a UUID. Default: a random one. */
  readonly sessionId?: string | undefined
  /** Options for every turn of the session. */
  readonly options?: CLIAgentOptions
  /** Where the session is kept; default: the client's store. */
  readonly store?: SessionKeeper | undefined
  /** Labels that lists can be filtered by. */
  readonly tags?: readonly string[]
  /** The caller's own data. It is stored with the session and part of its events. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Called with each turn that the CLI begins by itself. Without it, such turns are read and dropped. */
  readonly onTurn?: (turn: Turn) => void
  /** What `sendMessage` does while another turn runs: wait for it, or throw `conflict`. Default `queue`. */
  readonly whileBusy?: 'queue' | 'reject'
  /** How many messages may wait; a further one throws `rate_limited`. Default 100. */
  readonly maxQueued?: number
}

/** Options of one message. */
export interface SendOptions extends CallOptions {
  /** Data for this turn, as a block before the message. */
  readonly context?: unknown
}

/** Every option of a session. */
export const SESSION_OPTIONS: NamesOf<SessionOptions> = {
  sessionId: true,
  options: true,
  store: true,
  tags: true,
  metadata: true,
  onTurn: true,
  whileBusy: true,
  maxQueued: true,
}

/** Every option of a message. */
export const SEND_OPTIONS: NamesOf<SendOptions> = { signal: true, timeoutMs: true, context: true }

export interface SessionOrigin {
  /** The session to go on with. */
  readonly resume?: string | undefined
  readonly fork?: { readonly from: string; readonly at?: string | undefined } | undefined
  /** The state from the store, for a loaded session. */
  readonly state?: SessionState | undefined
}

export interface SessionParts {
  readonly context: RunContext
  readonly events?: EventEmitter | undefined
  readonly onClosed?: (session: Session) => void
  readonly onOpened?: (session: Session) => void
}

/** The sums of a session, given when it closes. */
export interface SessionStats {
  /** The session. */
  readonly sessionId: string
  /** Turns that were sent. */
  readonly totalTurns: number
  /** Input tokens of all turns. */
  readonly totalInputTokens: number
  /** Output tokens of all turns. */
  readonly totalOutputTokens: number
  /** Input and output tokens of all turns. */
  readonly totalTokens: number
  /** The cost of all turns. */
  readonly totalCostUsd: number
  /** Seconds since the session was opened in this process. */
  readonly durationSeconds: number
}

/** A conversation over one process. Each message is a turn. Messages wait until the turns before them are over. */
export interface Session extends SessionControls, AsyncDisposable {
  /** The id under which the CLI keeps the session. */
  readonly sessionId: string
  /** The options that every turn of the session runs with. */
  readonly options: CLIAgentOptions
  /** When the session began, as ISO 8601. */
  readonly createdAt: string
  /** When the session last changed, as ISO 8601. */
  readonly updatedAt: string
  /** Turns that were sent. */
  readonly turnCount: number
  /** True once `close` was called. */
  readonly isClosed: boolean
  /** Labels that lists can be filtered by. */
  readonly tags: readonly string[]
  /** The cost of all turns of this session. */
  readonly totalCostUsd: number
  /** The message of the last turn that ended. */
  readonly lastPrompt: string
  /** The answer of the last turn that ended. */
  readonly lastResponse: string
  /**
   * Adds a label that session lists can be filtered by. A label that the session already has is not added twice.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * session.addTag('review')
   * ```
   */
  addTag(tag: string): void
  /**
   * Removes a label. A label that the session does not have is ignored.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * session.removeTag('review')
   * ```
   */
  removeTag(tag: string): void
  /**
   * The session as plain data, in the form that a store keeps.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { turnCount, totalCostUsd } = session.toState()
   * ```
   */
  toState(): SessionState
  /**
   * Sends a message when the turns before it are over, and gives its turn. Throws `closed`, `conflict` with `whileBusy: 'reject'`, or
   * `rate_limited` when too many messages wait.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * console.log(await session.sendMessage('What did I say?').text())
   * ```
   */
  sendMessage(content: string | readonly ContentBlock[], options?: SendOptions): Turn
  /**
   * A new session that begins with the history of this one, up to the message `at` if given. This session does not change. Throws
   * `not_found` before the first turn.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * await using other = session.fork()
   * console.log(await other.sendMessage('Try another approach.').text())
   * ```
   */
  fork(options?: { readonly at?: string; readonly sessionId?: string }): Session
  /**
   * Stops the turn that runs, refuses the messages that wait, and ends the process. Gives the sums of the session. A second call
   * gives the same result.
   *
   * @example
   * ```ts
   * import type { Session } from 'signalbox/claude'
   *
   * declare const session: Session
   * const { totalTurns, totalCostUsd } = await session.close()
   * ```
   */
  close(): Promise<SessionStats>
}
