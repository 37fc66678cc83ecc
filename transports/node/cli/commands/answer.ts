import { SignalboxError } from '../../../../src/errors.js'
import type { Answer, Ask } from '../../../../src/hub/index.js'
import { command, JSON_ARG } from '../program/command.js'
import { findAsk, giveAnswer } from './give-answer.js'
import { askPerson } from './inline-ask.js'

export default command({
  examples: [
    ['signalbox answer 42', 'answer at the terminal; a PIN is read without echo'],
    ['signalbox answer 42 --option staging', 'choose an option'],
    ['signalbox answer 42 --json < answer.json', 'an answer as JSON: {"answers": {"target": "es"}}'],
  ],
  args: {
    ask: { type: 'positional', required: true, description: 'an id that `signalbox asks` prints, or its beginning or end' },
    option: { type: 'string', description: 'the id of an option', valueHint: 'id' },
    ...JSON_ARG,
  },
  async run({ ask: id, option, json }, program) {
    const { terminal, signal } = program
    const ask = await findAsk(id, program)
    const answer = await answerFrom(ask, option)
    if (!answer) {
      terminal.err('The question stays open.\n')
      return 1
    }
    return giveAnswer(ask, answer, program, json === true)

    async function answerFrom(found: Ask, chosen: string | undefined): Promise<Answer | undefined> {
      if (chosen !== undefined) {
        const [only] = found.questions ?? []
        return found.questions?.length === 1 && only ? { answers: { [only.id]: chosen } } : { option: chosen }
      }
      if (terminal.canAsk) return askPerson(found, terminal, signal)
      return parseAnswer(await terminal.readInput())
    }
  },
})

/** Reads `{"option": "yes"}` or another form of an answer. The error quotes nothing of the text, which may be a secret. */
function parseAnswer(text: string): Answer {
  const wrong = (what: string): SignalboxError =>
    new SignalboxError({ code: 'invalid_argument', message: `The answer on stdin is ${what}.`, hint: 'signalbox answer --help' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('not a JSON object')
  return value as Answer
}
