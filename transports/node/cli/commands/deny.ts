import { command, JSON_ARG } from '../program/command.js'
import { findAsk, giveAnswer } from './give-answer.js'
import { decision } from './inline-ask.js'

export default command({
  examples: [
    ['signalbox deny 42', 'say no to the question whose id ends with 42'],
    ['signalbox deny 42 --message "Use the test database."', 'say no and tell the agent why, where the system can'],
  ],
  args: {
    ask: { type: 'positional', required: true, description: 'an id that `signalbox asks` prints, or its beginning or end' },
    message: { type: 'string', description: 'what the agent should know', valueHint: 'text' },
    ...JSON_ARG,
  },
  async run({ ask, message, json }, program) {
    const found = await findAsk(ask, program)
    const answer = message === undefined ? decision('no', found.options ?? []) : { accept: false, message }
    return giveAnswer(found, answer, program, json === true)
  },
})
