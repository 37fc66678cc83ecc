import { command, JSON_ARG } from '../program/command.js'
import { readPrompt } from './prompt-input.js'

export default command({
  examples: [['signalbox send cccc/g_12 "The build is green."', 'prompt an agent; the running hub follows the turn']],
  args: {
    agent: { type: 'positional', required: true, description: 'an id that `signalbox ls` prints' },
    text: { type: 'positional', required: false, description: 'the prompt; @FILE for a file, - for stdin' },
    session: { type: 'string', description: 'a session that `signalbox sessions` prints', valueHint: 'id' },
    id: { type: 'string', description: 'the id of this prompt: the same id is never sent twice', valueHint: 'id' },
    ...JSON_ARG,
  },
  async run({ agent, text, session, id, json }, { terminal, hub }) {
    const prompt = await readPrompt(text, terminal)
    // Without a running hub nobody would follow the turn or keep its answer.
    const { hub: running } = await hub({ running: true })
    const turn = running.prompt(agent, prompt, {
      by: terminal.env.USER ?? 'user',
      ...(session === undefined ? {} : { session }),
      ...(id === undefined ? {} : { promptId: id }),
    })
    await turn.accepted()
    terminal.out(json ? `${JSON.stringify({ promptId: turn.promptId, agent })}\n` : `${turn.promptId}\n`)
    return 0
  },
})
