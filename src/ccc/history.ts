/** Finds a message and its answer in a history without unique ids: by text, author, time and position. */
import type { Attribution, Receipt } from './outcomes.js'
import type { CccMessage } from './results.js'
import { asStored } from './text.js'

/** A message that was found in the history. */
export interface Found {
  readonly message: CccMessage
  /** Claude's entries behind the message, up to the next request that follows an answer. */
  readonly answers: readonly CccMessage[]
  /** The first entry that Claude wrote, or the entry that repeats the marker. */
  readonly response: string | undefined
  /** Judged by these entries only. */
  readonly attribution: Exclude<Attribution, 'foreign'>
  /** `own` is proven by the marker in the answer. The entries before the message do not matter then. */
  readonly marked: boolean
  /** The message is older than the request. It may be an equal one from before, or the clock of the server is behind. */
  readonly older: boolean
}

/** The hook stores this text when it finds nothing that Claude wrote. */
const NO_TEXT = 'Session ended'

// Times in the history are whole seconds, and clocks differ. An entry that seems older than the request is not taken for it. The id of a send
// allows more difference. If the server's clock is ahead, only a marker can tell two equal texts apart.
const SKEW_MS = 2_000
const SKEW_WITH_ID_MS = 300_000

/** Finds the last entry that is this request. Undefined: these entries do not show it. */
export function findMessage(messages: readonly CccMessage[], receipt: Receipt): Found | undefined {
  const { messageId, marker, sentAtMs } = receipt
  const text = asStored(receipt.text)
  const from = asStored(receipt.from)
  const at = messages.findLastIndex(
    (entry) =>
      entry.from === 'api' &&
      entry.text === text &&
      (entry.agent ?? 'api') === from &&
      // Ids repeat: an equal id alone proves nothing.
      (messageId === undefined || entry.id === messageId),
  )
  const message = messages[at]
  if (!message) return undefined
  const behind = messages.slice(at + 1)
  const { answers, alone } = answersIn(behind, message)
  // Claude can repeat a marker only if it is in the text. Claude does not see the author.
  const repeated =
    marker && text.includes(marker) ? behind.find((entry) => isClaude(entry) && entry.text?.includes(marker)) : undefined
  const first = answers.find((entry) => isAnswer(entry.text))
  const shared = !alone || unanswered(messages.slice(0, at)) > 0
  // An entry without a text ended the turn of this message, so a later answer may belong to a prompt that the history does not show.
  const attribution = shared ? 'shared' : first === answers[0] ? 'own' : 'unverified'
  const skew = messageId === undefined ? SKEW_MS : SKEW_WITH_ID_MS
  return {
    message,
    answers: repeated && !answers.includes(repeated) ? [...answers, repeated] : answers,
    response: (repeated ?? first)?.text,
    attribution: repeated ? 'own' : attribution,
    marked: repeated !== undefined,
    older: !marker && message.ts * 1000 < sentAtMs - skew,
  }
}

/**
 * How many requests in these entries have no answer. Claude works through its prompts in their order, and each answer ends one turn. A request
 * that never reached Claude stays in this number: then every later answer may belong to the request before.
 */
function unanswered(messages: readonly CccMessage[]): number {
  const waiting: CccMessage[] = []
  const repeated = new Set<CccMessage>()
  for (const entry of messages) {
    if (isClaude(entry)) {
      waiting.shift()
      continue
    }
    const prompt = waiting.find((earlier) => !repeated.has(earlier) && repeats(entry, earlier))
    if (prompt) repeated.add(prompt)
    else waiting.push(entry)
  }
  return waiting.length
}

/** True for a text that Claude wrote. */
export function isAnswer(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== NO_TEXT
}

/** `alone`: no other request is between the message and its first answer. */
function answersIn(behind: readonly CccMessage[], message: CccMessage): { answers: CccMessage[]; alone: boolean } {
  const answers: CccMessage[] = []
  let alone = true
  for (const entry of behind) {
    if (isClaude(entry)) answers.push(entry)
    // After an answer the next request begins.
    else if (answers.length > 0) break
    else alone &&= repeats(entry, message)
  }
  return { answers, alone }
}

const isClaude = ({ from }: CccMessage): boolean => from === 'claude'

/** The prompt hook stores a prompt that waited for a busy Claude a second time. That is no new request. */
const repeats = (entry: CccMessage, earlier: CccMessage): boolean =>
  entry.username === 'terminal' && earlier.from === 'api' && entry.text === earlier.text
