/** The answers that this page gave, for the cards of closed asks. A secret is never kept. */
import type { Answer, Ask } from 'signalbox/hub'
import type { App } from '../../app/view.js'

/** The answers of this visit, by the id of the ask. */
export const givenAnswers = (app: App): Map<string, Answer> => app.keep('given-answers', () => new Map<string, Answer>())

/** An answer in a few words, such as `Allow once`. Undefined where the words would be a secret. */
export function answerWords(ask: Ask, answer: Answer): string | undefined {
  if ('secret' in answer) return undefined
  if ('option' in answer) return ask.options?.find(({ id }) => id === answer.option)?.label ?? answer.option
  if ('accept' in answer) return answer.accept ? (answer.input === undefined ? 'Yes' : 'Yes, with a changed input') : 'No'
  const given = Object.entries(answer.answers).map(([question, value]) => {
    const options = ask.questions?.find(({ id }) => id === question)?.options ?? []
    const chosen = typeof value === 'string' ? [value] : value
    return chosen.map((one) => options.find(({ id }) => id === one)?.label ?? one).join(', ')
  })
  return given.join('; ')
}
