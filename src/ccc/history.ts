/** Finding one's own message and its answer in a history that has no unique ids: by text, author and position. */
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
  /** Known when a send was answered. */
  readonly messageId?: number
}

/** What the hook stores when it finds no assistant text: a hint that there is none, not an answer. */
const NO_TEXT = 'Session ended'

// The server's clock may be another machine's, and its stamps are whole seconds.
const SKEW_SECONDS = 120

export interface Found {
  /** Where the message stands in the list. */
  readonly at: number
  readonly message: CccMessage
  /** Claude's entries behind it, up to the next request. */
  readonly answers: readonly CccMessage[]
  /** Another request stands right before or behind it with no answer between: the answer may belong to either. */
  readonly shared: boolean
}

/** The last entry that is this request, or undefined when the history does not show it. */
export function findMessage(messages: readonly CccMessage[], receipt: Receipt): Found | undefined {
  const text = asStored(receipt.text)
  const from = asStored(receipt.from)
  const earliest = receipt.sentAtMs / 1000 - SKEW_SECONDS
  for (let at = messages.length - 1; at >= 0; at -= 1) {
    const message = messages[at] as CccMessage
    const mine =
      message.from === 'api' &&
      message.text === text &&
      (message.agent ?? 'api') === from &&
      message.ts >= earliest &&
      (receipt.messageId === undefined || message.id === receipt.messageId)
    if (mine) return { at, message, ...answersBehind(messages, at) }
  }
  return undefined
}

function answersBehind(messages: readonly CccMessage[], at: number): { answers: readonly CccMessage[]; shared: boolean } {
  const answers: CccMessage[] = []
  let next = at + 1
  for (; messages[next]?.from === 'claude'; next += 1) answers.push(messages[next] as CccMessage)
  const before = messages[at - 1]
  const crowdedBefore = before !== undefined && before.from !== 'claude'
  const crowdedBehind = answers.length === 0 && messages[next] !== undefined
  return { answers, shared: crowdedBefore || crowdedBehind }
}

/** The text of an answer, or undefined where the entry only says that there was none. */
export function answerText(answers: readonly CccMessage[]): string | undefined {
  return answers.find(({ text }) => text !== undefined && text !== '' && text !== NO_TEXT)?.text
}
