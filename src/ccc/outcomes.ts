/** What an ask or a send can come to. */
import type { CallOptions } from '../core/call.js'
import { SignalboxError, type Sent } from '../errors.js'
import type { CccMessage } from './results.js'

/** What is needed to find an ask or a send again. Plain data: it may be stored. */
export interface Receipt {
  readonly session: string
  /** The text as it was sent, guards included. */
  readonly text: string
  /** The author as it was sent, marker included. */
  readonly from: string
  /** Time of this machine's clock just before the request left. */
  readonly sentAtMs: number
  /** The marker of the request. It must be unique: it makes the time comparison unnecessary. */
  readonly marker?: string | undefined
  /** The id that the server gave the message. Known when a send was answered. */
  readonly messageId?: number | undefined
}

export interface SendOptions extends CallOptions {
  readonly session: string
  readonly text: string
  /** Who asks; shown to people in Telegram and kept in the history. Default `api`. */
  readonly from?: string
  /**
   * A unique word. It is appended to `from` as `#marker`, where people can see it, and makes the message findable beyond doubt. If it also
   * stands in the text and Claude is asked to repeat it, an answer that repeats it is `own`.
   */
  readonly marker?: string
  /**
   * Wait for this client's other asks and sends of the session, with which the text would share one prompt line; default true. Without a
   * `timeoutMs` the deadline begins when the waiting is over.
   */
  readonly queue?: boolean
}

export interface AskOptions extends SendOptions {
  /** Look into the history whose answer came back; default true. */
  readonly verify?: boolean
}

export interface SendAndWaitOptions extends SendOptions {
  /** Default 1.5 s. */
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

export type AskResult =
  | {
      readonly outcome: 'answered'
      readonly response: string
      readonly durationMs: number
      readonly attribution: Attribution
      readonly receipt: Receipt
    }
  /** The message was delivered and no answer captured. It may still come: resolve(receipt) finds it. */
  | { readonly outcome: 'unanswered'; readonly durationMs: number; readonly receipt: Receipt }

export interface SendResult {
  /** Of the stored message. Not usable as `history({ after })` for local sessions. */
  readonly messageId: number | undefined
  readonly receipt: Receipt
}

export type Resolution =
  | {
      readonly outcome: 'answered'
      readonly message: CccMessage
      readonly response: string
      /** Claude's entries behind the message, up to the next request. If `attribution` is `shared`, any of them may belong to another one. */
      readonly answers: readonly CccMessage[]
      readonly attribution: Attribution
    }
  /** In Telegram and in the history, and maybe typed; no answer yet. */
  | { readonly outcome: 'stored'; readonly message: CccMessage }
  /** The history is in full view and does not have it. */
  | { readonly outcome: 'not_stored' }
  /**
   * `early`: a server may take this long before it stores. `empty`: there is no history, as for a session without a topic. `hidden`: an
   * entry may be out of sight, behind a line over 64 KiB or too many others. `clocks`: one is there that seems older than the request.
   */
  | { readonly outcome: 'unknown'; readonly reason: 'early' | 'empty' | 'hidden' | 'clocks' }

/** A failed ask or send, with what resolve() needs to find out what became of it. */
export class CccSendError extends SignalboxError {
  override readonly name: string = 'CccSendError'
  readonly receipt: Receipt

  constructor(error: SignalboxError, receipt: Receipt, sent: Sent = error.sent) {
    const { message, cause } = error
    super({ system: 'ccc', ...error, message, sent, cause })
    this.receipt = receipt
  }
}
