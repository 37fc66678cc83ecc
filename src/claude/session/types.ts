/** What a session is to its caller, and what it is made from. */
import type { CallOptions } from '../../core/call.js'
import type { RunContext } from '../run/run-context.js'
import type { EventEmitter } from '../ops/events.js'
import type { ContentBlock } from '../messages/lines.js'
import type { CLIAgentOptions } from '../run/options.js'
import type { SessionControls } from './controls.js'
import type { SessionKeeper, SessionState } from './state.js'
import type { Turn } from '../run/turn.js'

export interface SessionOptions {
  /** Of a new session; a UUID. */
  readonly sessionId?: string | undefined
  readonly options?: CLIAgentOptions
  readonly store?: SessionKeeper | undefined
  readonly tags?: readonly string[]
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Takes the turns that the CLI begins by itself; without it they are read and dropped. */
  readonly onTurn?: (turn: Turn) => void
  /** What a send does while another turn runs. Default `queue`. */
  readonly whileBusy?: 'queue' | 'reject'
  /** Sends that may wait. Default 100. */
  readonly maxQueued?: number
}

export interface SendOptions extends CallOptions {
  /** Data for this turn, as a block before the message. */
  readonly context?: unknown
}

export interface SessionOrigin {
  /** The session to go on with. */
  readonly resume?: string | undefined
  readonly fork?: { readonly from: string; readonly at?: string | undefined } | undefined
  /** What the store knew. */
  readonly state?: SessionState | undefined
}

export interface SessionParts {
  readonly context: RunContext
  readonly events?: EventEmitter | undefined
  readonly onClosed?: (session: Session) => void
  readonly onOpened?: (session: Session) => void
}

export interface SessionStats {
  readonly sessionId: string
  readonly totalTurns: number
  readonly totalInputTokens: number
  readonly totalOutputTokens: number
  readonly totalTokens: number
  readonly totalCostUsd: number
  readonly durationSeconds: number
}

export interface Session extends SessionControls, AsyncDisposable {
  readonly sessionId: string
  readonly options: CLIAgentOptions
  readonly createdAt: string
  readonly updatedAt: string
  readonly turnCount: number
  readonly isClosed: boolean
  readonly tags: readonly string[]
  readonly totalCostUsd: number
  readonly lastPrompt: string
  readonly lastResponse: string
  addTag(tag: string): void
  removeTag(tag: string): void
  toState(): SessionState
  sendMessage(content: string | readonly ContentBlock[], options?: SendOptions): Turn
  /** A new session with this one's history, up to a message of it if named; this one stays as it is. */
  fork(options?: { readonly at?: string; readonly sessionId?: string }): Session
  /** Stops a turn that runs, refuses what waits, ends the process. Idempotent. */
  close(): Promise<SessionStats>
}
