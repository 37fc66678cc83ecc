/**
 * One ask from its opening to its end. It ends in one of three ways: the peer ends it, this side fails it (an abort, a silence, a full
 * buffer), or the reader leaves. In the last two the machine works on, because the protocol cannot cancel.
 */
import type { AttemptedCall, Caller } from '../core/call.js'
import { systemClock, type Clock } from '../core/clock.js'
import { abortError, createDeadline } from '../core/deadline.js'
import { watchIdle } from '../core/idle.js'
import { onAbort } from '../core/on-abort.js'
import { withinTime } from '../core/within-time.js'
import { withFacts, type SignalboxError } from '../errors.js'
import type { FrameBuffer } from './ask-buffer.js'
import type { AskOptions } from './ask-options.js'
import type { Questions, QuestionKind } from './ask-questions.js'
import { LEAVE_MS, type AskChannel, type AskInit, type AskSink, type Backend } from './backend.js'
import { asCmdopError, ConnectionError, refused, TimeoutError } from './errors.js'
import type { DoneFrame } from './frames.js'

const OP = 'machines.ask'

export interface AskDeps {
  readonly backend: Backend
  readonly caller: Caller
  readonly clock?: Clock | undefined
  readonly timeoutMs: number
}

export interface AskRun {
  /** Sends the ask. Resolves when it is written. */
  open(): Promise<void>
  /** Writes the answer to an open question. */
  answer(kind: QuestionKind, name: string, send: (to: AskChannel) => Promise<void>): Promise<void>
  /** Refuses the plans that wait, and drops what still comes. */
  leave(): Promise<void>
  /** True from the first call of `open` or `leave` on. */
  readonly begun: boolean
  readonly done: DoneFrame | undefined
  readonly abandoned: boolean
  failsUnsuccessful(): boolean
}

export function createAskRun(
  deps: AskDeps,
  request: AskInit,
  options: AskOptions,
  { buffer, questions }: { readonly buffer: FrameBuffer; readonly questions: Questions },
): AskRun {
  const { backend, caller, clock = systemClock } = deps
  const { signal, idleMs = 0 } = options
  // Covers the opening: a stream that is closed while it opens does not wait for the opening.
  const lifetime = createDeadline({ signal })
  let channel: AskChannel | undefined
  let opening: Promise<AskChannel> | undefined
  let frames = 0
  let done: DoneFrame | undefined
  let endedByPeer = false
  let ended = false
  let abandoned = false
  let unfollow = (): void => {}
  const silence = createSilence(idleMs, clock, () => {
    // The machine waits for an answer of the caller, so its silence says nothing.
    if (questions.anyOpen) return true
    fail(new TimeoutError({ code: 'deadline_exceeded', message: `The ask brought nothing for ${idleMs} ms.` }))
    return false
  })

  const release = (): void => {
    silence.stop()
    unfollow()
    lifetime[Symbol.dispose]()
    lifetime.abort()
  }
  const abandon = (): void => {
    if (!ended) {
      ended = true
      abandoned = channel !== undefined
      channel?.abandon()
    }
    release()
  }
  const endByPeer = (): void => {
    endedByPeer = true
    ended = true
    release()
  }
  const fail = (error: SignalboxError): void => {
    buffer.fail(withFacts(error, { op: OP }, { sent: 'yes' }))
    abandon()
  }
  const sendPin = (challengeId: string, pin: string): void => {
    const send = (to: AskChannel): Promise<void> => to.pin?.(challengeId, pin) ?? Promise.resolve()
    // The question may arrive before the opening has resolved.
    void (channel ? send(channel) : opening?.then(send))?.catch(fail)
  }

  const sink: AskSink = {
    frame(given, bytes) {
      frames += 1
      if (ended) return
      silence.touch()
      const { frame, pin } = questions.note(given)
      if (frame.type === 'done') done = frame
      if (pin !== undefined && frame.type === 'pin_required') sendPin(frame.challengeId, pin)
      buffer.push(frame, bytes)
      // The buffer overflowed and failed: its reader gets no later frame.
      if (buffer.ended) abandon()
    },
    end() {
      endByPeer()
      buffer.end()
    },
    fail(error) {
      endByPeer()
      // A gateway may refuse the answer to a question; the ask itself was sent.
      buffer.fail(frames > 0 ? withFacts(error, {}, { sent: 'yes' }) : error)
    },
  }

  return {
    async open() {
      const attempt = (call: AttemptedCall): Promise<AskChannel> => {
        opening = backend.ask(request, sink, call)
        return opening
      }
      const callOptions = { signal: lifetime.signal, timeoutMs: options.timeoutMs ?? deps.timeoutMs }
      try {
        channel = await caller.run({ op: OP, kind: 'stream', args: request }, callOptions, attempt)
      } catch (error) {
        endByPeer()
        throw asCmdopError(error)
      }
      if (ended && !endedByPeer) {
        abandoned = true
        channel.abandon()
      }
      if (ended) return
      unfollow = onAbort(signal, () => fail(abortError(signal as AbortSignal, { system: 'cmdop', op: OP, sent: 'yes' })))
      if (!ended) silence.start()
    },
    answer: (kind, name, send) => answerQuestion({ questions, silence, ended, channel }, kind, name, send),
    async leave() {
      const to = ended ? undefined : channel
      const refusals = Promise.allSettled(questions.plans.map((token) => to?.confirm?.(token, false)))
      // A peer that does not take the refusal must not hold up the reader who leaves.
      await withinTime(refusals, LEAVE_MS, clock)
      abandon()
      buffer.discard()
    },
    get begun() {
      return opening !== undefined || ended
    },
    get done() {
      return done
    },
    get abandoned() {
      return abandoned
    },
    failsUnsuccessful: () => channel?.failsUnsuccessful === true,
  }
}

interface Silence {
  start(): void
  touch(): void
  stop(): void
}

/** Calls `onSilence` after each silence of `idleMs`, until it answers false. 0 is no limit. */
function createSilence(idleMs: number, clock: Clock, onSilence: () => boolean): Silence {
  let watch: ReturnType<typeof watchIdle> | undefined
  const start = (): void => {
    if (idleMs > 0) watch = watchIdle(idleMs, () => onSilence() && start(), clock)
  }
  return { start, touch: () => watch?.touch(), stop: () => watch?.stop() }
}

interface Answerable {
  readonly questions: Questions
  readonly silence: Silence
  readonly ended: boolean
  readonly channel: AskChannel | undefined
}

async function answerQuestion(
  { questions, silence, ended, channel }: Answerable,
  kind: QuestionKind,
  name: string,
  send: (to: AskChannel) => Promise<void>,
): Promise<void> {
  if (!channel && !ended) {
    throw refused(OP, `${kind}() came before the ask was sent.`, 'Read the stream first: reading it sends the ask.')
  }
  if (!channel || ended) {
    const message = `${kind}() came after the ask had ended.`
    throw new ConnectionError({ code: 'closed', message, op: OP, sent: 'no' })
  }
  // A core applies an answer to the open question, even if the answer names another one. A late yes would approve another plan.
  if (!questions.isOpen(kind, name)) throw refused(OP, `No question of this ask waits for ${kind}(${JSON.stringify(name)}).`)
  questions.close(name)
  silence.touch()
  try {
    await send(channel)
  } catch (error) {
    if ((error as SignalboxError).sent === 'no') questions.reopen(kind, name)
    throw asCmdopError(error)
  }
}
