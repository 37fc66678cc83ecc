/** The stream of one ask: typed frames, the answers to its two questions, and one text at the end for whoever wants no more. */
import type { Call, Caller, CallOptions } from '../core/call.js'
import { systemClock, type Clock } from '../core/clock.js'
import { watchIdle } from '../core/idle.js'
import { onAbort } from '../core/on-abort.js'
import { createQueue } from '../core/queue.js'
import { abortError, createDeadline, raceSignal } from '../core/deadline.js'
import { createStream, type SignalStream } from '../core/stream.js'
import { type SignalboxError, withFacts } from '../errors.js'
import { LEAVE_MS, type AskChannel, type AskInit, type AskSink, type Backend } from './backend.js'
import { asCmdopError, CmdopError, ConnectionError, PermissionError, refused, TimeoutError } from './errors.js'
import { wordsOf, type AskFrame, type ConfirmRequiredFrame, type DoneFrame, type PinRequiredFrame } from './frames.js'

export interface AskOptions extends CallOptions {
  /** The conversation. Default: a new one per ask. */
  readonly sessionId?: string
  readonly agentType?: string
  /** The relay's own limit for the answer; ours, `timeoutMs`, covers the opening only. */
  readonly timeoutSeconds?: number
  readonly options?: Readonly<Record<string, string>>
  /** Given upfront, and once more if the machine asks for it: a 1.0.x core does not pass the upfront one on. */
  readonly pin?: string
  /** Fails the stream after so much silence; a question that waits for us is not silence. Default: never. */
  readonly idleMs?: number
  /** Frames kept for a consumer that is slower than the machine. Default 10 000 and 32 MiB; more fails this stream, and only this. */
  readonly maxBufferedFrames?: number
  readonly maxBufferedBytes?: number
}

export interface CollectOptions {
  onPin?(frame: PinRequiredFrame): string | Promise<string>
  onConfirm?(frame: ConfirmRequiredFrame): boolean | Promise<boolean>
}

export interface AskStream extends SignalStream<AskFrame, never> {
  readonly sessionId: string
  /** Resolves when written: the protocol acknowledges nothing. */
  pin(challengeId: string, pin: string): Promise<void>
  confirm(token: string, accept: boolean): Promise<void>
  /** Reads to the end and gives the text. A question without a handler fails at once instead of waiting for the relay to give up. */
  collect(options?: CollectOptions): Promise<string>
  /** The last frame, once it came. `success: false` is told here: it is no error. */
  readonly done: DoneFrame | undefined
  /** Left before its end: the machine works on, because the protocol has no word to stop it. */
  readonly abandoned: boolean
}

const OP = 'machines.ask'
const MAX_FRAMES = 10_000
const MAX_BYTES = 32 * 1024 * 1024

export interface AskDeps {
  readonly backend: Backend
  readonly caller: Caller
  readonly clock?: Clock | undefined
  readonly timeoutMs: number
}

export function createAskStream(deps: AskDeps, request: AskInit, options: AskOptions): AskStream {
  const { backend, caller, clock = systemClock } = deps
  const { signal, idleMs = 0, maxBufferedFrames = MAX_FRAMES, maxBufferedBytes = MAX_BYTES } = options
  const sizes = new WeakMap<AskFrame, number>()
  const queue = createQueue<AskFrame>({
    overflow: 'fail',
    maxItems: maxBufferedFrames,
    maxBytes: maxBufferedBytes,
    sizeOf: (frame) => sizes.get(frame) ?? 0,
    name: 'the buffer of this ask (maxBufferedFrames, maxBufferedBytes)',
  })
  let channel: AskChannel | undefined
  let opening: Promise<AskChannel> | undefined
  // Over: the last frame came, or the failure. Ended: nobody here wants more.
  let over = false
  let started = false
  let ended = false
  // Of the opening: whoever closes a stream that is still being opened does not wait for it.
  const life = createDeadline({ signal })
  let done: DoneFrame | undefined
  let abandoned = false
  // The questions that wait for us, by what their answer must name.
  const asked = new Map<string, 'pin' | 'confirm'>()
  let pinToGive = options.pin
  let unfollow = (): void => {}
  const watch = { touch: () => {}, stop: () => {} }

  const fail = (error: SignalboxError): void => {
    queue.fail(asCmdopError(withFacts(error, { op: OP }, { sent: 'yes' })))
    letGo()
  }
  const letGo = (): void => {
    watch.stop()
    unfollow()
    if (!ended) {
      ended = true
      abandoned = channel !== undefined
      channel?.abandon()
    }
    life[Symbol.dispose]()
    life.abort()
  }
  const aborted = (): void => {
    if (signal) fail(abortError(signal, { system: 'cmdop', op: OP, sent: 'yes' }))
  }
  const stopped = (): void => {
    over = true
    ended = true
    letGo()
  }

  const sink: AskSink = {
    frame(frame, bytes) {
      started = true
      if (ended) return
      watch.touch()
      const shown = noted(frame)
      sizes.set(shown, bytes)
      queue.push([shown])
      // Overflown: nobody will read the rest.
      if (queue.ended) letGo()
    },
    end() {
      stopped()
      queue.end()
    },
    fail(error) {
      stopped()
      // A gateway may refuse the answer to a question; the ask itself was sent.
      queue.fail(asCmdopError(withFacts(error, {}, started ? { sent: 'yes' } : {})))
    },
  }

  /** Keeps account of the questions, and answers the first PIN question with the PIN that was given upfront. */
  const noted = (frame: AskFrame): AskFrame => {
    if (frame.type === 'done') done = frame
    if (frame.type === 'confirm_required') asked.set(frame.token, 'confirm')
    // A PIN that was refused must not be offered again: machines lock up.
    if (frame.type === 'pin_denied') pinToGive = undefined
    if (frame.type !== 'pin_required') return frame
    if (pinToGive === undefined) {
      asked.set(frame.challengeId, 'pin')
      return frame
    }
    const pin = pinToGive
    pinToGive = undefined
    const given = (to: AskChannel | undefined) => to?.pin(frame.challengeId, pin)
    // The question may come in the same breath as the opening.
    void (channel ? given(channel) : opening?.then(given))?.catch(fail)
    return { ...frame, answered: true }
  }

  const start = async (): Promise<void> => {
    const attempt = (call: Call): Promise<AskChannel> => {
      opening = backend.ask(request, sink, call)
      return opening
    }
    try {
      const timeoutMs = options.timeoutMs ?? deps.timeoutMs
      const given = { signal: life.signal, timeoutMs }
      channel = await caller.run({ op: OP, kind: 'stream', args: request }, given, attempt)
    } catch (error) {
      stopped()
      throw asCmdopError(error)
    }
    if (ended) {
      // Left meanwhile.
      if (!over) {
        abandoned = true
        channel.abandon()
      }
      return
    }
    unfollow = onAbort(signal, aborted)
    if (!ended && idleMs > 0) Object.assign(watch, watchIdle(idleMs, silent, clock))
  }

  const silent = (): void => {
    const message = `The ask brought nothing for ${idleMs} ms.`
    if (asked.size === 0) fail(new TimeoutError({ code: 'deadline_exceeded', message }))
    // A question waits for us, not we for an answer: look again when the patience has passed once more.
    else Object.assign(watch, watchIdle(idleMs, silent, clock))
  }

  const stream = createStream<AskFrame, never>({
    async pull() {
      if (!opening && !ended) await start()
      return queue.take().catch((error: unknown) => {
        throw asCmdopError(error)
      })
    },
    async close() {
      // A plan that nobody will decide about any more is refused: it is the one thing that can be called off.
      const plans = [...asked].filter(([, what]) => what === 'confirm')
      const open = ended ? undefined : channel
      const refusals = Promise.allSettled(plans.map(([token]) => open?.confirm(token, false)))
      // Whoever leaves must not be held by a peer that does not take the refusal.
      const patience = createDeadline({ timeoutMs: LEAVE_MS, clock })
      await raceSignal(refusals, patience.signal).catch(() => {})
      patience[Symbol.dispose]()
      letGo()
      queue.discard()
    },
  })

  const reply = async (what: 'pin' | 'confirm', key: string, send: (to: AskChannel) => Promise<void>): Promise<void> => {
    if (!channel && !ended) throw refused(OP, `${what}() came before the ask was sent.`, 'Read the stream first: it starts lazily.')
    if (!channel || ended) {
      const message = `${what}() came after the ask had ended.`
      throw new ConnectionError({ code: 'closed', message, op: OP, sent: 'no' })
    }
    // A core answers whatever question is open, and does not look at the name: a late yes would approve another plan.
    if (asked.get(key) !== what) throw refused(OP, `No question of this ask waits for ${what}(${JSON.stringify(key)}).`)
    asked.delete(key)
    watch.touch()
    try {
      await send(channel)
    } catch (error) {
      // It never left, so the question still waits.
      if ((error as SignalboxError).sent === 'no') asked.set(key, what)
      throw asCmdopError(error)
    }
  }
  const pin = (challengeId: string, value: string) => reply('pin', challengeId, (to) => to.pin(challengeId, value))
  const confirm = (token: string, accept: boolean) => reply('confirm', token, (to) => to.confirm(token, accept))

  async function collect({ onPin, onConfirm }: CollectOptions = {}): Promise<string> {
    let text = ''
    for await (const frame of stream) {
      if (frame.type === 'event') text += wordsOf(frame.payload)
      else if (frame.type === 'done') return frame.text || text
      else if (frame.type === 'pin_required' && !frame.answered) {
        if (!onPin) throw unanswerable('pin_required', 'its PIN', 'Pass `pin` to ask(), or `onPin` to collect().')
        await pin(frame.challengeId, await onPin(frame))
      } else if (frame.type === 'confirm_required') {
        if (!onConfirm) throw unanswerable('confirm_required', 'leave for a plan', 'Pass `onConfirm` to collect().')
        await confirm(frame.token, await onConfirm(frame))
      }
    }
    // Only a close from elsewhere ends the frames without a last one.
    throw new CmdopError({ code: 'aborted', message: 'The ask was closed before it ended.', op: OP, sent: 'yes' })
  }

  return {
    sessionId: request.sessionId,
    get cursor() {
      return undefined
    },
    get done() {
      return done
    },
    get abandoned() {
      return abandoned
    },
    [Symbol.asyncIterator]: () => asCmdop(() => stream[Symbol.asyncIterator]()),
    batches: () => asCmdop(() => stream.batches()),
    close: () => stream.close(),
    [Symbol.asyncDispose]: () => stream.close(),
    pin,
    confirm,
    collect,
  }
}

/** Runs `work`; what it throws leaves as a `CmdopError`. */
function asCmdop<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw asCmdopError(error)
  }
}

function unanswerable(remoteCode: string, what: string, hint: string): PermissionError {
  const message = `The machine asks for ${what}, and collect() was given nothing to answer with.`
  return new PermissionError({ code: 'permission_denied', message, hint, op: OP, sent: 'yes', remoteCode })
}
