/** Looks into the history of a session for the outcome of a message and the owner of an answer. */
import type { CallOptions } from '../core/call.js'
import type { Clock } from '../core/clock.js'
import { COMMANDS } from './commands.js'
import { findMessage, type Found } from './history.js'
import type { Attribution, CccSendError, Receipt, Resolution } from './outcomes.js'
import type { CccMessage } from './results.js'
import { timeLeft } from './time-left.js'
import type { RunCommand } from './typed-commands.js'

export interface Resolver {
  resolve(message: Receipt | CccSendError, options?: CallOptions): Promise<Resolution>
  /** Decides to which request the response of an ask belongs. */
  attribute(receipt: Receipt, response: string, limits: Limits): Promise<Attribution>
}

/** The limits that a call passes to each of its requests. */
export interface Limits {
  readonly signal: AbortSignal | undefined
  /** The rest of the call's time limit. */
  readonly left: () => number | undefined
}

/** How many entries each look into the history reads. */
const SEEN = 500
/** How many entries are read to prove that no unanswered message comes before a message. */
const SEEN_FOR_PROOF = 20_000

interface Look {
  readonly messages: readonly CccMessage[]
  readonly found: Found | undefined
}

export function createResolver(command: RunCommand, clock: Clock, defaults: { readonly timeoutMs?: number }): Resolver {
  const look = async (receipt: Receipt, { signal, left }: Limits, limit = SEEN): Promise<Look> => {
    const messages = await command('history', { signal, timeoutMs: left(), session: receipt.session, limit })
    return { messages, found: findMessage(messages, receipt) }
  }

  /** `own` needs every entry before the message, and a server whose answers come from Claude and not from the screen. */
  const proven = async (receipt: Receipt, seen: number, marked: boolean, limits: Limits): Promise<Attribution> => {
    const { version } = await command('ping', { signal: limits.signal, timeoutMs: limits.left() }).catch(() => ({ version: '' }))
    if (!readsTranscripts(version)) return 'unverified'
    if (marked || seen < SEEN) return 'own'
    const { messages, found } = await look(receipt, limits, SEEN_FOR_PROOF)
    return found && messages.length < SEEN_FOR_PROOF ? found.attribution : 'unverified'
  }

  /** Why a message that no entry shows may exist all the same. Undefined: it does not exist. */
  const whyUnseen = async (receipt: Receipt, { messages }: Look, limits: Limits) => {
    if (clock.now() - receipt.sentAtMs < COMMANDS.send.timeoutMs) return 'early'
    if (messages.length === 0) return 'empty'
    if (messages.length >= SEEN) return 'hidden'
    // A server stops reading a file at a line over 64 KiB. If the file was written to after the last entry in sight, entries are hidden.
    const sessions = await command('sessions', { signal: limits.signal, timeoutMs: limits.left() })
    const writtenAt = sessions.find(({ name }) => name === receipt.session)?.last_activity
    const again = await look(receipt, limits)
    if (again.found) return 'early'
    const last = again.messages.at(-1)
    return last && writtenAt !== undefined && writtenAt <= last.ts + 2 ? undefined : 'hidden'
  }

  return {
    async resolve(message, { signal, timeoutMs = defaults.timeoutMs } = {}) {
      const receipt = 'receipt' in message ? message.receipt : message
      const limits: Limits = { signal, left: timeLeft(clock, timeoutMs) }
      const seen = await look(receipt, limits)
      const { found } = seen
      if (!found) {
        const reason = await whyUnseen(receipt, seen, limits)
        return reason ? { outcome: 'unknown', reason } : { outcome: 'not_stored' }
      }
      const { message: stored, answers, response, marked, older } = found
      if (older) return { outcome: 'unknown', reason: 'clocks' }
      if (response === undefined) return { outcome: 'stored', message: stored }
      const own = found.attribution === 'own'
      const attribution = own ? await proven(receipt, seen.messages.length, marked, limits) : found.attribution
      return { outcome: 'answered', message: stored, response, answers, attribution }
    },
    async attribute(receipt, response, limits) {
      const { messages, found } = await look(receipt, limits)
      if (!found || found.older) return 'unverified'
      if (found.attribution === 'shared') return 'shared'
      if (found.response === response && found.attribution === 'own') return proven(receipt, messages.length, found.marked, limits)
      const isResponse = ({ from, text }: CccMessage): boolean => from === 'claude' && text === response
      // It comes after this message, and is not its first answer.
      if (found.answers.some(isResponse)) return 'unverified'
      // Servers of January answer with a copy of the screen: no entry of the history is equal to it.
      return messages.some(isResponse) ? 'foreign' : 'unverified'
    },
  }
}

/** Servers before March 2026 say `1.0.0` or nothing. They answer an ask with a copy of the screen, which may show other answers too. */
const readsTranscripts = (version: string): boolean => version !== '' && !version.startsWith('1.0.')
