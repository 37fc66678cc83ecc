/** What an ask or a send can come to. */
import type { CallOptions } from '../core/call.js'
import { abortError } from '../core/scope.js'
import { SignalboxError, withFacts, type ErrorFacts } from '../errors.js'
import type { Receipt } from './history.js'
import type { CccMessage } from './schema.js'

export interface SendOptions extends CallOptions {
  readonly session: string
  readonly text: string
  /** Who asks; shown to people in Telegram and kept in the history. Default `api`. */
  readonly from?: string
  /** Makes the message findable beyond doubt: it is appended to `from` as `#marker`, where people can see it. */
  readonly marker?: string
}

export interface AskOptions extends SendOptions {
  /** Look into the history whose answer came back; default true. */
  readonly verify?: boolean
}

export interface SendAndWaitOptions extends SendOptions {
  readonly pollMs?: number
}

/**
 * Whose answer it is. `own`: it stands behind this message alone. `shared`: another request was typed before Claude answered. `foreign`: the
 * history shows it elsewhere. `unverified`: the history does not show the message, as for a session without a topic.
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
      readonly answers: readonly CccMessage[]
      readonly attribution: 'own' | 'shared'
    }
  /** In Telegram and in the history, and maybe typed; no answer yet. */
  | { readonly outcome: 'stored'; readonly message: CccMessage }
  /** The history has other messages and not this one: it was not stored when asked. */
  | { readonly outcome: 'not_stored' }
  /** The session has no history at all, so nothing can be said. */
  | { readonly outcome: 'unknown' }

/** A failed ask or send, with what resolve() needs to find out what became of it. */
export class CccSendError extends SignalboxError {
  override readonly name: string = 'CccSendError'
  readonly receipt: Receipt

  constructor(facts: ErrorFacts, receipt: Receipt) {
    super(facts)
    this.receipt = receipt
  }

  static from(error: SignalboxError, receipt: Receipt): CccSendError {
    if (error instanceof CccSendError) return error
    const { message, code, cause } = error
    return withFacts(new CccSendError({ message, code, cause }, receipt), {}, error as Partial<ErrorFacts>)
  }

  static aborted(signal: AbortSignal, receipt: Receipt): CccSendError {
    return CccSendError.from(abortError(signal, { system: 'ccc', op: 'sendAndWait', sent: 'yes' }), receipt)
  }
}
