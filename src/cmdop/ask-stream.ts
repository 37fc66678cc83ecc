/** The stream of one ask: typed frames, answers to the machine's questions, and `collect()` for the text alone. */
import { createStream } from '../core/stream.js'
import { createFrameBuffer } from './ask-buffer.js'
import { collectText } from './ask-collect.js'
import type { AskOptions, AskStream } from './ask-options.js'
import { createQuestions } from './ask-questions.js'
import { createAskRun, type AskDeps } from './ask-run.js'
import type { AskInit } from './backend.js'
import { asCmdopError, UnsupportedError } from './errors.js'
import type { AskFrame } from './frames.js'

export type { AskDeps }

export function createAskStream(deps: AskDeps, request: AskInit, options: AskOptions): AskStream {
  const buffer = createFrameBuffer(options)
  const run = createAskRun(deps, request, options, { buffer, questions: createQuestions(options.pin) })
  const stream = createStream<AskFrame, never>({
    async pull() {
      if (!run.begun) await run.open()
      return buffer.take()
    },
    close: () => run.leave(),
  })

  const answering = {
    [Symbol.asyncIterator]: () => withCmdopErrors(() => stream[Symbol.asyncIterator]()),
    pin: (challengeId: string, pin: string) =>
      run.answer('pin', challengeId, async (to) => (to.pin ?? unsupported)(challengeId, pin)),
    confirm: (token: string, accept: boolean) =>
      run.answer('confirm', token, async (to) => (to.confirm ?? unsupported)(token, accept)),
  }
  return {
    ...answering,
    sessionId: request.sessionId,
    get cursor() {
      return undefined
    },
    get done() {
      return run.done
    },
    get abandoned() {
      return run.abandoned
    },
    batches: () => withCmdopErrors(() => stream.batches()),
    close: () => stream.close(),
    [Symbol.asyncDispose]: () => stream.close(),
    collect: (collectOptions = {}) => collectText(answering, collectOptions, run.failsUnsuccessful),
  }
}

function unsupported(): never {
  const message = 'A core 2.0 asks no questions, so there is nothing to answer.'
  throw new UnsupportedError({ code: 'unsupported', message, op: 'machines.ask', sent: 'no' })
}

function withCmdopErrors<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw asCmdopError(error)
  }
}
