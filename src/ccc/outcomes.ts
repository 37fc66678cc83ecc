/** The options of an ask or a send, and its possible outcomes. */
import type { CallOptions } from '../core/call.js'
import { SignalboxError, type Sent } from '../errors.js'
import type { CccMessage } from './results.js'

/** The data with which an ask or a send is found again. Plain data: it may be stored. */
export interface Receipt {
  /** Name of the session. */
  readonly session: string
  /** The text as it was sent, guards included. */
  readonly text: string
  /** The author as it was sent, marker included. */
  readonly from: string
  /** Time of this machine's clock just before the request left. */
  readonly sentAtMs: number
  /** The marker of the request. A unique marker makes the time comparison unnecessary. */
  readonly marker?: string | undefined
  /** The id that the server gave the message. Known when a send was answered. */
  readonly messageId?: number | undefined
}

/** Options of `send`, and of every method that sends. */
export interface SendOptions extends CallOptions {
  /** Exact name of the session. */
  readonly session: string
  /** The prompt. `maxTextBytes(session)` is its limit; `textPolicy` says what happens to a text that the terminal would change. */
  readonly text: string
  /** The author: shown to people in Telegram and kept in the history. Default `api`. */
  readonly from?: string
  /**
   * A unique word. It is appended to `from` as `#marker`, where people can see it, and makes the message findable beyond doubt. If the text
   * holds it too, and asks Claude to repeat it, an answer that repeats it is `own`.
   */
  readonly marker?: string
  /**
   * Wait for the other asks and sends of this client to the same prompt line; default true. With false the text is typed at once. Without
   * `timeoutMs` the deadline begins when the waiting is over.
   */
  readonly queue?: boolean
}

/** Options of `ask`. */
export interface AskOptions extends SendOptions {
  /** Look into the history to find out whose answer came back; default true. With false the attribution is `unverified`. */
  readonly verify?: boolean
}

/** Options of `sendAndWait`. */
export interface SendAndWaitOptions extends SendOptions {
  /** How often the history is read; default 1.5 s. */
  readonly pollMs?: number
}

/**
 * Whose answer it is.
 * - `own`: proven. Every message before this one has an answer and no other request stands before the answer, or the answer repeats the
 *   marker, which stands in the text.
 * - `shared`: it may belong to another request, because an unanswered one stands before this message or before the answer.
 * - `foreign`: it stands behind another message.
 * - `unverified`: the history cannot tell. The session has no topic, entries are hidden, or the server is from January or February 2026.
 */
export type Attribution = 'own' | 'shared' | 'foreign' | 'unverified'

/** The outcome of an ask that was delivered. */
export type AskResult =
  | {
      readonly outcome: 'answered'
      readonly response: string
      /** As the server measured it; for `sendAndWait`, as this client measured it. */
      readonly durationMs: number
      readonly attribution: Attribution
      readonly receipt: Receipt
    }
  /** The message was delivered, and no answer was captured. Claude may still be at work: `resolve(receipt)` finds a late answer. */
  | { readonly outcome: 'unanswered'; readonly durationMs: number; readonly receipt: Receipt }

/** The outcome of a send that was delivered. */
export interface SendResult {
  /** Id of the stored message. Not usable as `history({ after })` for local sessions: Claude's answers there all have the id 1. */
  readonly messageId: number | undefined
  /** Keep it for `resolve()`. */
  readonly receipt: Receipt
}

/** The outcome of an ask or a send. */
export type Resolution =
  | {
      readonly outcome: 'answered'
      readonly message: CccMessage
      /** The first answer behind the message, or the one that repeats the marker. */
      readonly response: string
      /** Claude's entries behind the message, up to the next request. If `attribution` is `shared`, each may belong to another request. */
      readonly answers: readonly CccMessage[]
      readonly attribution: Attribution
    }
  /** The message is in Telegram and in the history, and was probably typed. There is no answer yet. */
  | { readonly outcome: 'stored'; readonly message: CccMessage }
  /** The whole history is in view, and the message is not in it. */
  | { readonly outcome: 'not_stored' }
  /**
   * It cannot be known.
   * - `early`: the server may still store the message; ask again a minute after the send.
   * - `empty`: there is no history, as in a session without a topic.
   * - `hidden`: entries are out of view, behind a line over 64 KiB or more than 500 others.
   * - `clocks`: an equal message exists that seems older than the request.
   */
  | { readonly outcome: 'unknown'; readonly reason: 'early' | 'empty' | 'hidden' | 'clocks' }

/** A failed ask or send. `sent` tells whether the message may have been delivered; with `maybe` or `yes`, `resolve()` finds out. */
export class CccSendError extends SignalboxError {
  override readonly name: string = 'CccSendError'
  /** Pass it, or the error itself, to `resolve()`. */
  readonly receipt: Receipt

  constructor(error: SignalboxError, receipt: Receipt, sent: Sent = error.sent) {
    const { message, cause } = error
    super({ system: 'ccc', ...error, message, sent, cause })
    this.receipt = receipt
  }
}
