/** Answers an ask: checks the answer, stores it by compare-and-set, and delivers it at once. */
import type { SignalboxError } from '../../errors.js'
import { afterEffect, asHubError, hubError, isoTime, untilAllowed, type HubContext } from '../context.js'
import type { Answer, AnswerResult, Ask, Delivered } from '../model/ask.js'
import type { AskBook, LiveAsk } from './book.js'
import { checkAnswer } from './check-answer.js'
import type { AskRecord } from './record.js'

/** Who answers, and how long the source may take. */
export interface AnswerBy {
  readonly by: string
  /** The note of the policy that answers. */
  readonly note?: string | undefined
  /** How long the source may take. */
  readonly timeoutMs: number
}

export async function answerAsk(
  context: HubContext,
  book: AskBook,
  askId: string,
  answer: Answer,
  options: AnswerBy,
): Promise<AnswerResult> {
  const entry = book.live.get(askId)
  if (!entry) throw notOpen(askId, await book.find(askId))
  await entry.ready
  const { ask, nativeId } = entry.stored.record
  checkAnswer(ask, answer)
  const source = context.sourceOf(ask.agent)
  if (context.agent(ask.agent)?.can.asks?.answerable === false || !source?.answer) throw unanswerable(ask)
  source.checkAnswer?.(ask, nativeId, answer)
  const { by, note } = options
  const storedAnswer = 'secret' in answer ? {} : { answer }
  const next = await book.step(entry, { to: 'answering', by, answeredAt: isoTime(context.clock), note, ...storedAnswer })
  // Two equal answers at the same time give equal records, so the first to arrive here has won.
  if (!next || entry.answering) throw notOpen(askId, await book.find(askId))
  entry.stored = next
  // The answer is delivered right after the compare-and-set. No other step may come between them.
  const result = deliverAndClose(context, book, entry, answer, options)
  entry.answering = result.catch(() => {})
  return result
}

async function deliverAndClose(
  context: HubContext,
  book: AskBook,
  entry: LiveAsk,
  answer: Answer,
  { by, timeoutMs }: AnswerBy,
): Promise<AnswerResult> {
  const { ask, nativeId } = entry.stored.record
  const source = context.sourceOf(ask.agent)
  let failure: SignalboxError | undefined
  let delivered: Delivered = 'no'
  try {
    await untilAllowed(context)
    if (!entry.gone && source?.answer) {
      delivered = (await context.within(source.answer(ask, nativeId, answer, by), timeoutMs)).delivered
    }
  } catch (error) {
    failure = asHubError(error, 'answer')
    delivered = failure.sent === 'no' ? 'no' : 'maybe'
  }
  // The answer has won. A failure to store its delivery does not change that.
  await book.finish(entry, 'answered', delivered).catch((error: unknown) => {
    throw afterEffect(error, 'answer')
  })
  if (failure) throw failure
  if (delivered !== 'no') return { askId: ask.id, by, delivered }
  throw hubError({ code: 'unavailable', op: 'answer', message: `The ask ${ask.id} is gone: its agent ended.` })
}

/** Why an ask cannot be answered: somebody was first, it is over, or there is none. */
function notOpen(askId: string, record: AskRecord | undefined): SignalboxError {
  const op = 'answer'
  if (!record) return hubError({ code: 'not_found', op, message: `There is no ask ${askId}.` })
  const { status, by } = record.ask
  const message =
    status === 'answering' || status === 'answered'
      ? `${by ?? 'Somebody'} answered the ask ${askId} first.`
      : `The ask ${askId} is ${status}.`
  return hubError({ code: 'conflict', op, message, remoteCode: by ?? status })
}

function unanswerable(ask: Ask): SignalboxError {
  return hubError({
    code: 'unsupported',
    op: 'answer',
    message: `The system of ${ask.agent} takes no answers to this ask from here.`,
    hint: 'Answer it where the agent runs.',
  })
}
