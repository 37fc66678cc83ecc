import { SignalboxError } from '../../../../src/errors.js'
import { command, JSON_ARG } from '../program/command.js'
import { shellWord } from '../terminal/style.js'
import { findAsk, giveAnswer, needsMoreThanYes } from './give-answer.js'
import { decision } from './inline-ask.js'

export default command({
  examples: [['signalbox approve 42', 'say yes once to the question whose id ends with 42']],
  args: {
    ask: { type: 'positional', required: true, description: 'an id that `signalbox asks` prints, or its beginning or end' },
    ...JSON_ARG,
  },
  async run({ ask, json }, program) {
    const found = await findAsk(ask, program)
    if (needsMoreThanYes(found))
      throw new SignalboxError({
        code: 'invalid_argument',
        message: 'A yes does not answer this question.',
        hint: `Type: signalbox answer ${shellWord(found.id)}`,
      })
    return giveAnswer(found, decision('yes', found.options ?? []), program, json === true)
  },
})
