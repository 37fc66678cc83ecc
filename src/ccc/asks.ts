/** Asks and sends: one at a time into a prompt line, each with an outcome that is no better than what is known. */
import type { CallOptions } from '../core/call.js'
import { sleep, type Clock } from '../core/clock.js'
import { abortError, createScope } from '../core/scope.js'
import { SignalboxError, withFacts } from '../errors.js'
import type { Ccc } from './client.js'
import { COMMANDS } from './commands.js'
import { findMessage, isAnswer, type Receipt } from './history.js'
import { createLanes } from './lanes.js'
import { CccSendError, type Attribution, type SendOptions } from './outcomes.js'
import type { CccMessage, Results } from './schema.js'
import { checkedText, tmuxName, type TextPolicy } from './text.js'

export interface AskHost {
  readonly command: <Name extends 'ask' | 'send' | 'history' | 'sessions'>(
    cmd: Name,
    fields: Readonly<Record<string, unknown>>,
    given: CallOptions,
  ) => Promise<Results[Name]>
  readonly clock: Clock
  readonly timeoutMs: number | undefined
  readonly textPolicy: TextPolicy
}

const POLL_MS = 1_500
const SEEN = 500

export function createAsks(host: AskHost): Pick<Ccc, 'ask' | 'send' | 'sendAndWait' | 'resolve'> {
  const { command, clock } = host
  const lanes = createLanes()

  /** Runs in the lane of its prompt line; a failure leaves with the receipt by which resolve() can find it. */
  async function deliver<Result>(
    op: 'ask' | 'send' | 'sendAndWait',
    given: SendOptions,
    run: (receipt: Receipt, left: CallOptions & { readonly signal: AbortSignal }) => Promise<Result>,
  ): Promise<Result> {
    const { session, from = 'api', marker, queue = true } = given
    const text = checkedText(session, given.text, host.textPolicy)
    const marked = marker !== undefined
    using scope = createScope({ signal: given.signal, timeoutMs: given.timeoutMs ?? host.timeoutMs, clock })
    const { signal } = scope
    const receiptNow = (): Receipt => ({ session, text, from: marked ? `${from}#${marker}` : from, sentAtMs: clock.now(), marked })
    let receipt = receiptNow()
    let leave: (() => void) | undefined
    try {
      if (queue) leave = await lanes.enter(tmuxName(session), signal).catch(() => Promise.reject(abortError(signal, { op })))
      receipt = receiptNow()
      const left = scope.remainingMs()
      return await run(receipt, { signal, ...(Number.isFinite(left) ? { timeoutMs: left } : {}) })
    } catch (error) {
      throw SignalboxError.is(error) ? CccSendError.from(error, receipt) : error
    } finally {
      leave?.()
    }
  }

  const sendOne = async (receipt: Receipt, left: CallOptions): Promise<Receipt> => {
    const { message_id: messageId } = await command('send', wire(receipt), left)
    return messageId === undefined ? receipt : { ...receipt, messageId }
  }

  const look = async (receipt: Receipt, given: CallOptions) => {
    const { messages = [] } = await command('history', { session: receipt.session, limit: SEEN }, given)
    return { messages, found: findMessage(messages, receipt) }
  }

  const resolve: Ccc['resolve'] = async (what, given = {}) => {
    const receipt = 'receipt' in what ? what.receipt : what
    const { messages, found } = await look(receipt, given)
    if (!found) return (await missing(receipt, messages, given)) ?? { outcome: 'not_stored' }
    const { message, answers, shared, older } = found
    if (older) return { outcome: 'unknown', reason: 'clocks' }
    const response = answers.map(({ text }) => text).find(isAnswer)
    if (response === undefined) return { outcome: 'stored', message }
    return { outcome: 'answered', message, response, answers, attribution: shared ? 'shared' : 'own' }
  }

  /** Why a message that is not in sight may be there all the same, or come yet. Undefined: it is not. */
  const missing = async (receipt: Receipt, messages: readonly CccMessage[], given: CallOptions) => {
    const unknown = (reason: 'early' | 'empty' | 'hidden') => ({ outcome: 'unknown', reason }) as const
    if (clock.now() - receipt.sentAtMs < COMMANDS.send.timeoutMs) return unknown('early')
    if (messages.length === 0) return unknown('empty')
    if (messages.length >= SEEN) return unknown('hidden')
    // A line over 64 KiB ends what the server reads of a file. When the file was written to tells whether something stands behind it.
    const { sessions = [] } = await command('sessions', {}, given)
    const writtenAt = sessions.find(({ name }) => name === receipt.session)?.last_activity
    const again = await look(receipt, given)
    if (again.found) return unknown('early')
    const last = again.messages.at(-1)
    return writtenAt === undefined || !last || writtenAt > last.ts + 2 ? unknown('hidden') : undefined
  }

  /** The answer is there; that nobody could check whose it is must not take it away. */
  const attribute = async (receipt: Receipt, response: string, signal: AbortSignal): Promise<Attribution> => {
    const seen = await look(receipt, { signal }).catch(() => undefined)
    const isIt = ({ from, text }: CccMessage): boolean => from === 'claude' && text === response
    if (!seen?.found || seen.found.older) return 'unverified'
    if (seen.found.shared) return 'shared'
    if (seen.found.answers.some(isIt)) return 'own'
    // Servers of January read the answer off the screen, so it stands nowhere.
    return seen.messages.some(isIt) ? 'foreign' : 'unverified'
  }

  return {
    resolve,
    send: (given) =>
      deliver('send', given, async (sent, left) => {
        const receipt = await sendOne(sent, left)
        return { messageId: receipt.messageId, receipt }
      }),
    ask: (given) =>
      deliver('ask', given, async (receipt, left) => {
        const { response, duration_ms: durationMs = 0 } = await command('ask', wire(receipt), left)
        if (!isAnswer(response)) return { outcome: 'unanswered', durationMs, receipt }
        const attribution = given.verify === false ? 'unverified' : await attribute(receipt, response, left.signal)
        return { outcome: 'answered', response, durationMs, attribution, receipt }
      }),
    sendAndWait: (given) =>
      deliver('sendAndWait', given, async (unsent, { signal: outer, timeoutMs = COMMANDS.ask.timeoutMs }) => {
        const began = clock.monotonic()
        using scope = createScope({ signal: outer, timeoutMs, clock })
        const { signal } = scope
        const receipt = await sendOne(unsent, { signal })
        for (;;) {
          try {
            await sleep(clock, given.pollMs ?? POLL_MS, signal)
            const found = await resolve(receipt, { signal })
            const durationMs = clock.monotonic() - began
            if (found.outcome === 'answered') {
              const { outcome, response, attribution } = found
              return { outcome, response, durationMs, attribution, receipt }
            }
            // It was stored before the send was answered: what does not show now never will.
            if (found.outcome !== 'stored') return { outcome: 'unanswered', durationMs, receipt }
          } catch (error) {
            if (given.signal?.aborted) throw CccSendError.from(abortError(signal, { op: 'sendAndWait', sent: 'yes' }), receipt)
            // Out of time, not out of luck: the message is there, and resolve() finds the answer later.
            if (signal.aborted) return { outcome: 'unanswered', durationMs: clock.monotonic() - began, receipt }
            // A poll that fails says nothing about the answer; the next one may succeed.
            if (!SignalboxError.is(error)) throw error
            if (!error.retryable) throw CccSendError.from(withFacts(error, {}, { sent: 'yes' }), receipt)
          }
        }
      }),
  }
}

const wire = ({ session, text, from }: Receipt) => ({ session, text, from })
