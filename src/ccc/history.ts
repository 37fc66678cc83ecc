/** Finding one's own message and its answer in a history that has no unique ids: by text, author, time and position. */
import type { CccMessage } from './results.js'
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
  readonly messageId?: number | undefined
}

const CLAUDE = 'claude'

/** What the hook stores when it finds no assistant text: a hint that there is none, not an answer. */
const NO_TEXT = 'Session ended'

// Stamps are whole seconds, and clocks differ. What seems older than the request is not taken for it; with the id of a send beside text and
// author more is forgiven. A server whose clock is ahead cannot be told from one that was slow: there only a marker tells two equal texts apart.
const SKEW_MS = 2_000
const SKEW_BESIDE_ID_MS = 300_000

interface Found {
  readonly message: CccMessage
  /** Claude's entries behind it and behind the requests that stand with it, up to the next request. */
  readonly answers: readonly CccMessage[]
  /** `shared`: another request stands with it and no answer between them, so the answers may belong to either. */
  readonly attribution: 'own' | 'shared'
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
  const answers: CccMessage[] = []
  let attribution: Found['attribution'] = (messages[at - 1]?.from ?? CLAUDE) === CLAUDE ? 'own' : 'shared'
  for (const one of messages.slice(at + 1)) {
    if (one.from === CLAUDE) answers.push(one)
    // Behind an answer the next request begins.
    else if (answers.length > 0) break
    // What was queued behind a busy agent is told once more by its hook when it is entered: the same request, not another one.
    else if (one.username !== 'terminal' || one.text !== text) attribution = 'shared'
  }
  const skew = messageId === undefined ? SKEW_MS : SKEW_BESIDE_ID_MS
  return { message, answers, attribution, older: !marked && message.ts * 1000 < sentAtMs - skew }
}

/** Is it a text that Claude wrote? */
export function isAnswer(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== NO_TEXT
}
