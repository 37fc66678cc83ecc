/** Asks and sends: one at a time into a prompt line, each with an outcome that is no better than what is known. */
import type { CallOptions } from '../core/call.js'
import { sleep, type Clock } from '../core/clock.js'
import { abortError, createDeadline, raceSignal } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import type { Ccc } from './client.js'
import { COMMANDS } from './commands.js'
import { findMessage, isAnswer } from './history.js'
import { createLanes } from './lanes.js'
import { CccSendError, type Attribution, type Receipt, type SendOptions } from './outcomes.js'
import type { CccMessage } from './results.js'
import { checkedText, promptLine, type TextPolicy } from './text.js'
import type { Command } from './typed.js'

/** A receipt in the making: what the server says of it is filled in. */
type Sending = { -readonly [Key in keyof Receipt]: Receipt[Key] }

/** How long the call may still take, where the caller set a limit. */
interface Left {
  readonly signal: AbortSignal
  readonly timeoutMs: number | undefined
}

const POLL_MS = 1_500
/** How many entries each look into the history reads. */
const SEEN = 500
/** How many entries are read to prove that no unanswered message stands before a message. */
const SEEN_FOR_PROOF = 20_000

export function createAsks(
  command: Command,
  clock: Clock,
  options: { readonly timeoutMs?: number; readonly textPolicy?: TextPolicy },
): Pick<Ccc, 'ask' | 'send' | 'sendAndWait' | 'resolve'> {
  const enter = createLanes()

  /** Runs in the lane of its prompt line; a failure leaves with the receipt by which resolve() can find it. */
  async function deliver<Result>(
    op: string,
    given: SendOptions,
    run: (receipt: Sending, left: Left) => Promise<Result>,
  ): Promise<Result> {
    const { session, marker, queue = true } = given
    // The server takes an empty author for none.
    const from = (given.from || 'api') + (marker ? `#${marker}` : '')
    const text = checkedText(session, from, given.text, options.textPolicy)
    const receipt: Sending = { session, text, from, sentAtMs: clock.now(), marker }
    const { timeoutMs = options.timeoutMs } = given
    const deadline = createDeadline({ signal: given.signal, timeoutMs, clock })
    const { signal } = deadline
    const [turn, leave] = queue ? enter(promptLine(session)) : []
    try {
      await raceSignal(turn ?? Promise.resolve(), signal)
      receipt.sentAtMs = clock.now()
      // Without a limit of the caller's the deadline begins here, with the command.
      return await run(receipt, { signal, timeoutMs: timeoutMs && Math.ceil(deadline.remainingMs()) })
    } catch (error) {
      const ours = SignalboxError.is(error) && error !== signal.reason
      const failure = ours ? error : abortError(signal, { op, sent: 'no' })
      throw new CccSendError(failure, receipt, 'messageId' in receipt ? 'yes' : failure.sent)
    } finally {
      leave?.()
      deadline[Symbol.dispose]()
    }
  }

  const send = async (receipt: Sending, left: Left): Promise<void> => {
    receipt.messageId = (await command('send', { ...wire(receipt), ...left })).message_id
  }

  const look = async (receipt: Receipt, given: CallOptions, limit = SEEN) => {
    const messages = await command('history', { ...given, session: receipt.session, limit })
    return [messages, findMessage(messages, receipt)] as const
  }

  /** `own` needs every entry before the message, and a server whose answers come from Claude and not from the screen. */
  const proven = async (receipt: Receipt, seen: number, marked: boolean, given: CallOptions): Promise<Attribution> => {
    const { version } = await command('ping', given).catch(() => ({ version: '' }))
    if (!readsTranscripts(version)) return 'unverified'
    if (marked || seen < SEEN) return 'own'
    const [messages, found] = await look(receipt, given, SEEN_FOR_PROOF)
    if (!found || messages.length >= SEEN_FOR_PROOF) return 'unverified'
    return found.attribution
  }

  const resolve: Ccc['resolve'] = async (what, given = {}) => {
    const receipt = 'receipt' in what ? what.receipt : what
    const [messages, found] = await look(receipt, given)
    if (!found) {
      const reason = await whyUnseen(receipt, messages, given)
      return reason ? { outcome: 'unknown', reason } : { outcome: 'not_stored' }
    }
    const { message, answers, response, marked, older } = found
    if (older) return { outcome: 'unknown', reason: 'clocks' }
    if (response === undefined) return { outcome: 'stored', message }
    const own = found.attribution === 'own'
    const attribution = own ? await proven(receipt, messages.length, marked, given) : found.attribution
    return { outcome: 'answered', message, response, answers, attribution }
  }

  /** Why a message that is not in sight may be there all the same, or come yet. Undefined: it is not. */
  const whyUnseen = async (receipt: Receipt, messages: readonly CccMessage[], given: CallOptions) => {
    if (clock.now() - receipt.sentAtMs < COMMANDS.send[0]) return 'early'
    if (messages.length === 0) return 'empty'
    if (messages.length < SEEN) {
      // A line over 64 KiB ends what the server reads of a file. When the file was written to tells whether something stands behind it.
      const sessions = await command('sessions', given)
      const writtenAt = sessions.find(({ name }) => name === receipt.session)?.last_activity
      const [again, found] = await look(receipt, given)
      if (found) return 'early'
      const last = again.at(-1)
      if (last && writtenAt !== undefined && writtenAt <= last.ts + 2) return undefined
    }
    return 'hidden'
  }

  /** Says whose answer the response of an ask is. A failure of the check does not take the answer away. */
  const attribute = async (receipt: Receipt, response: string, given: CallOptions): Promise<Attribution> => {
    const [messages, found] = await look(receipt, given)
    if (!found || found.older) return 'unverified'
    const isResponse = ({ from, text }: CccMessage): boolean => from === 'claude' && text === response
    if (found.attribution === 'shared') return 'shared'
    if (found.response === response && found.attribution === 'own') return proven(receipt, messages.length, found.marked, given)
    // Behind this message, and not its first answer.
    if (found.answers.some(isResponse)) return 'unverified'
    // Servers of January read the answer off the screen: no entry of the history is equal to it.
    return messages.some(isResponse) ? 'foreign' : 'unverified'
  }

  return {
    resolve,
    send: (given) =>
      deliver('send', given, async (receipt, left) => {
        await send(receipt, left)
        return { messageId: receipt.messageId, receipt }
      }),
    ask: (given) =>
      deliver('ask', given, async (receipt, left) => {
        const { response, duration_ms: durationMs = 0 } = await command('ask', { ...wire(receipt), ...left })
        if (!isAnswer(response)) return { outcome: 'unanswered', durationMs, receipt }
        const check = given.verify === false ? undefined : attribute(receipt, response, { signal: left.signal })
        const attribution = (await check?.catch(() => undefined)) ?? 'unverified'
        return { outcome: 'answered', response, durationMs, attribution, receipt }
      }),
    sendAndWait: (given) =>
      deliver('sendAndWait', given, async (receipt, left) => {
        const { signal, timeoutMs = COMMANDS.ask[0] } = left
        const began = clock.monotonic()
        const durationMs = (): number => clock.monotonic() - began
        await send(receipt, left)
        // 0 means never here too, as in any deadline.
        while (!timeoutMs || durationMs() < timeoutMs) {
          try {
            await sleep(clock, given.pollMs ?? POLL_MS, signal)
            const found = await resolve(receipt, { signal })
            if (found.outcome === 'answered') {
              const { message: _message, answers: _answers, ...answer } = found
              return { ...answer, durationMs: durationMs(), receipt }
            }
            // It was stored before the send was answered: what does not show now never will.
            if (found.outcome !== 'stored') break
          } catch (error) {
            // A poll that fails says nothing about the answer; the next one may succeed.
            if (given.signal?.aborted || (!signal.aborted && !(SignalboxError.is(error) && error.retryable))) throw error
            // Out of time, not out of luck: the message is there, and resolve() finds the answer later.
            if (signal.aborted) break
          }
        }
        return { outcome: 'unanswered', durationMs: durationMs(), receipt }
      }),
  }
}

const wire = ({ session, text, from }: Receipt) => ({ session, text, from })

/** Servers before March 2026 say `1.0.0` or nothing. The answer to an ask is a copy of their screen, which may show other answers too. */
const readsTranscripts = (version: string): boolean => version !== '' && !version.startsWith('1.0.')
