/** Finding one's own message and its answer in a history that has no unique ids: by text, author, time and position. */
import type { CccMessage } from './schema.js'
import { asStored } from './text.js'

/** What is known of an ask or a send, for finding it again. Plain data: it may be stored. */
export interface Receipt {
  readonly session: string
  /** As it was sent, guards included. */
  readonly text: string
  /** As it was sent, marker included. */
  readonly from: string
  /** By this machine's clock, before the request left. */
  readonly sentAtMs: number
  /** The author was unique, so the time need not be compared. */
  readonly marked?: boolean
  /** Known when a send was answered. */
  readonly messageId?: number
}

/** What the hook stores when it finds no assistant text: a hint that there is none, not an answer. */
const NO_TEXT = 'Session ended'

// Stamps are whole seconds. Clocks that lie further apart make an outcome unknown, and never a wrong one of an older, equal message.
const SKEW_MS = 2_000

interface Found {
  readonly message: CccMessage
  /** Claude's entries behind it, up to the next request. */
  readonly answers: readonly CccMessage[]
  /** Another request stands right before or behind it with no answer between: the answer may belong to either. */
  readonly shared: boolean
  /** Older than the request, by the clocks as they are: an equal one of before, or a server whose clock is behind. */
  readonly older: boolean
}

/** The last entry that is this request, or undefined when the history does not show it. */
export function findMessage(messages: readonly CccMessage[], receipt: Receipt): Found | undefined {
  const { messageId, marked, sentAtMs } = receipt
  const text = asStored(receipt.text)
  const from = asStored(receipt.from)
  const at = messages.findLastIndex(
    (one) =>
      one.from === 'api' &&
      one.text === text &&
      (one.agent ?? 'api') === from &&
      // Ids repeat, so this one narrows and does not decide.
      (messageId === undefined || one.id === messageId),
  )
  const message = messages[at]
  if (!message) return undefined
  const behind = messages.slice(at + 1)
  const end = behind.findIndex((one) => one.from !== 'claude')
  const answers = end === -1 ? behind : behind.slice(0, end)
  const before = messages[at - 1]
  const shared = (before !== undefined && before.from !== 'claude') || end === 0
  return { message, answers, shared, older: !marked && message.ts * 1000 < sentAtMs - SKEW_MS }
}

/** Is it a text that Claude wrote? */
export function isAnswer(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== NO_TEXT
}
