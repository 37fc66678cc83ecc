/** Asks and sends: one at a time for each prompt line. An outcome claims only what the client can prove. */
import { sleep, type Clock } from '../core/clock.js'
import { abortError, createDeadline, raceSignal } from '../core/deadline.js'
import { SignalboxError } from '../errors.js'
import { COMMANDS } from './commands.js'
import { isAnswer } from './history.js'
import { CccSendError, type AskOptions, type AskResult, type Receipt, type SendAndWaitOptions } from './outcomes.js'
import type { SendOptions, SendResult } from './outcomes.js'
import { createPromptQueue } from './prompt-queue.js'
import type { Limits, Resolver } from './resolve.js'
import { checkedText, promptLine, type TextPolicy } from './text.js'
import { timeLeft } from './time-left.js'
import type { RunCommand } from './typed-commands.js'

export interface Asks {
  ask(options: AskOptions): Promise<AskResult>
  send(options: SendOptions): Promise<SendResult>
  sendAndWait(options: SendAndWaitOptions): Promise<AskResult>
}

export interface AskDefaults {
  readonly timeoutMs?: number
  readonly textPolicy?: TextPolicy
}

/** A receipt whose id is filled in when the server answers. */
type OpenReceipt = { -readonly [Key in keyof Receipt]: Receipt[Key] }

const POLL_MS = 1_500

export function createAsks(command: RunCommand, resolver: Resolver, clock: Clock, defaults: AskDefaults): Asks {
  const enterQueue = createPromptQueue()

  /** Waits for its turn and runs. A failure carries the receipt with which resolve() finds the message. */
  async function deliver<Result>(
    op: string,
    args: SendOptions,
    run: (receipt: OpenReceipt, limits: Limits) => Promise<Result>,
  ): Promise<Result> {
    const { session, marker, queue = true, signal, timeoutMs = defaults.timeoutMs } = args
    // The server takes an empty author for none.
    const from = (args.from || 'api') + (marker ? `#${marker}` : '')
    const text = checkedText(session, from, args.text, defaults.textPolicy)
    const receipt: OpenReceipt = { session, text, from, sentAtMs: clock.now(), marker }
    const left = timeLeft(clock, timeoutMs)
    const turn = queue ? enterQueue(promptLine(session)) : undefined
    try {
      if (turn?.before) await waitFor(turn.before, op, { signal, timeoutMs, clock })
      receipt.sentAtMs = clock.now()
      return await run(receipt, { signal, left })
    } catch (error) {
      if (!SignalboxError.is(error)) throw error
      throw new CccSendError(error, receipt, 'messageId' in receipt ? 'yes' : error.sent)
    } finally {
      turn?.leave()
    }
  }

  const send = async (receipt: OpenReceipt, { signal, left }: Limits): Promise<void> => {
    const { session, text, from } = receipt
    receipt.messageId = (await command('send', { session, text, from, signal, timeoutMs: left() })).message_id
  }

  /** Polls the history until it has an answer after the message. Undefined: no answer came in time, or the history can never show one. */
  const polled = async (receipt: Receipt, endsAt: number, signal: AbortSignal | undefined, pollMs: number) => {
    const left = (): number => Math.ceil(endsAt - clock.monotonic())
    while (left() > 0) {
      await sleep(clock, Math.min(pollMs, left()), signal).catch(() => {
        throw abortError(signal as AbortSignal, { system: 'ccc', op: 'sendAndWait', sent: 'yes' })
      })
      const timeoutMs = Math.min(COMMANDS.history.timeoutMs, left())
      if (timeoutMs <= 0) return undefined
      try {
        const found = await resolver.resolve(receipt, { timeoutMs, ...(signal ? { signal } : {}) })
        if (found.outcome === 'answered') return found
        // The server stored the message before it answered the send: what does not show now will never show.
        if (found.outcome !== 'stored') return undefined
      } catch (error) {
        // A poll that fails says nothing about the answer; the next one may succeed.
        if (signal?.aborted || !SignalboxError.is(error) || !error.retryable) throw error
      }
    }
    return undefined
  }

  return {
    send: (args) =>
      deliver('send', args, async (receipt, limits) => {
        await send(receipt, limits)
        return { messageId: receipt.messageId, receipt }
      }),
    ask: (args) =>
      deliver('ask', args, async (receipt, limits) => {
        const { session, text, from } = receipt
        const { signal, left } = limits
        const { response, duration_ms: durationMs = 0 } = await command('ask', { session, text, from, signal, timeoutMs: left() })
        if (!isAnswer(response)) return { outcome: 'unanswered', durationMs, receipt }
        const check = args.verify === false ? undefined : resolver.attribute(receipt, response, limits)
        // A failure of the check does not take the answer away.
        const attribution = (await check?.catch(() => undefined)) ?? 'unverified'
        return { outcome: 'answered', response, durationMs, attribution, receipt }
      }),
    sendAndWait: (args) =>
      deliver('sendAndWait', args, async (receipt, limits) => {
        const began = clock.monotonic()
        // Without a limit of the caller's it waits as long as an ask.
        const limitMs = limits.left() ?? COMMANDS.ask.timeoutMs
        await send(receipt, limits)
        // 0 means no limit.
        const endsAt = limitMs ? began + limitMs : Number.POSITIVE_INFINITY
        const found = await polled(receipt, endsAt, args.signal, args.pollMs ?? POLL_MS)
        const durationMs = clock.monotonic() - began
        if (!found) return { outcome: 'unanswered', durationMs, receipt }
        const { response, attribution } = found
        return { outcome: 'answered', response, durationMs, attribution, receipt }
      }),
  }
}

/** Waits in the queue, no longer than the caller allows. */
async function waitFor(before: Promise<void>, op: string, limits: Parameters<typeof createDeadline>[0]): Promise<void> {
  const deadline = createDeadline(limits)
  try {
    await raceSignal(before, deadline.signal)
  } catch {
    throw abortError(deadline.signal, { system: 'ccc', op, sent: 'no' })
  } finally {
    deadline[Symbol.dispose]()
  }
}
