/** Asks a person at the terminal for the answer to an open question. *No* is the default wherever there is a yes. */
import type { Answer, Ask, AskOption } from '../../../../src/hub/index.js'
import { printable, styleOf } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import { askLines } from '../view/events.js'

/** Shows a question and reads the answer. Undefined when the person leaves it open. */
export async function askPerson(ask: Ask, terminal: Terminal, signal: AbortSignal): Promise<Answer | undefined> {
  const style = styleOf(terminal)
  for (const line of askLines(ask, style)) terminal.err(`${line}\n`)
  switch (ask.kind) {
    case 'secret': {
      const secret = await terminal.prompt(`${printable(ask.title)}: `, { hidden: true, signal })
      return secret === undefined || secret === '' ? undefined : { secret }
    }
    case 'question':
      return answerQuestions(ask, terminal, signal)
    default: {
      const typed = await terminal.prompt(style.bold('Allow it? [y/N, or an option] '), { signal })
      if (typed === undefined) return undefined
      return decision(typed, ask.options ?? [])
    }
  }
}

/** What a typed word means for a yes-or-no question: only `y` and `yes` allow, an option is named by its id. */
export function decision(typed: string, options: readonly AskOption[]): Answer {
  const word = typed.trim().toLowerCase()
  const option = options.find(({ id, label }) => id.toLowerCase() === word || label.toLowerCase() === word)
  if (option) return { option: option.id }
  const yes = word === 'y' || word === 'yes'
  const wanted = yes ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always']
  for (const kind of wanted) {
    const fitting = options.find((candidate) => candidate.kind === kind)
    if (fitting) return { option: fitting.id }
  }
  return { accept: yes }
}

async function answerQuestions(ask: Ask, terminal: Terminal, signal: AbortSignal): Promise<Answer | undefined> {
  const questions = ask.questions ?? []
  if (questions.length === 0) {
    const typed = await terminal.prompt('Answer: ', { signal })
    if (typed === undefined || typed === '') return undefined
    const wanted = typed.trim()
    const option = ask.options?.find(({ id, label }) => id === wanted || label.toLowerCase() === wanted.toLowerCase())
    // The hub names an option that does not exist.
    return { option: option?.id ?? wanted }
  }
  const answers: Record<string, string | string[]> = {}
  for (const { id, text, options, multiple } of questions) {
    const typed = await terminal.prompt(`${printable(text)}${multiple ? ' (several, with commas)' : ''}: `, { signal })
    if (typed === undefined || typed.trim() === '') return undefined
    const chosen = (multiple ? typed.split(',') : [typed]).map((word) => {
      const wanted = word.trim()
      return options.find((option) => option.id === wanted || option.label.toLowerCase() === wanted.toLowerCase())?.id ?? wanted
    })
    answers[id] = multiple ? chosen : (chosen[0] as string)
  }
  return { answers }
}
