/** Checks whether an answer fits its ask. This comes before an answer wins, so that a wrong answer does not block a right one. */
import { isRecord } from '../../core/is-record.js'
import { SignalboxError } from '../../errors.js'
import type { Answer, Ask, AskQuestion } from '../model/ask.js'

const FORMS = 'An answer is { option }, { answers }, { accept } or { secret }.'

/** The reason why an answer does not fit; undefined for an answer that fits. Never repeats a secret. */
function answerProblem(ask: Ask, answer: Answer): string | undefined {
  if (!isRecord(answer)) return FORMS
  if ('secret' in answer) {
    if (ask.kind !== 'secret') return 'This ask does not want a secret.'
    return typeof answer.secret === 'string' && answer.secret !== '' ? undefined : 'The secret is empty.'
  }
  if (ask.kind === 'secret')
    return 'accept' in answer && !answer.accept ? undefined : 'This ask wants { secret }, or { accept: false }.'
  if ('option' in answer) {
    if (!ask.options) return 'This ask has no options of its own.'
    return ask.options.some(({ id }) => id === answer.option) ? undefined : `There is no option ${JSON.stringify(answer.option)}.`
  }
  if ('answers' in answer) return answersProblem(ask.questions, answer.answers)
  if (typeof answer.accept !== 'boolean') return FORMS
  if (ask.kind === 'question' && answer.accept) return 'A question needs { option } or { answers }.'
  if (answer.input !== undefined && !ask.editableInput) return 'The input of this ask cannot be changed.'
  return undefined
}

function answersProblem(
  questions: readonly AskQuestion[] | undefined,
  answers: Readonly<Record<string, unknown>>,
): string | undefined {
  if (!questions) return 'This ask has no questions.'
  const byId = new Map(questions.map((question) => [question.id, question]))
  const extra = Object.keys(answers).find((id) => !byId.has(id))
  if (extra !== undefined) return `There is no question ${JSON.stringify(extra)}.`
  for (const question of questions) {
    const answer = Object.hasOwn(answers, question.id) ? answers[question.id] : undefined
    const problem = oneProblem(question, answer)
    if (problem) return `${problem} It is about the question ${JSON.stringify(question.id)}.`
  }
  return undefined
}

function oneProblem({ options, multiple, freeText }: AskQuestion, answer: unknown): string | undefined {
  const choices: readonly unknown[] = Array.isArray(answer) ? answer : answer === undefined ? [] : [answer]
  if (choices.length === 0) return 'An answer is missing.'
  if (choices.length > 1 && !multiple) return 'Only one option may be chosen.'
  for (const choice of choices) {
    if (typeof choice !== 'string') return 'An answer is the id of an option or a text.'
    if (!freeText && !options.some(({ id }) => id === choice)) return `There is no option ${JSON.stringify(choice)}.`
  }
  return undefined
}

/** Throws `invalid_argument` when the answer does not fit. */
export function checkAnswer(ask: Ask, answer: Answer): void {
  const problem = answerProblem(ask, answer)
  if (problem === undefined) return
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `The answer does not fit the ask ${ask.id}. ${problem}`,
    system: 'hub',
    op: 'answer',
    sent: 'no',
  })
}
