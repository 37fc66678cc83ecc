import { styleOf } from '../terminal/style.js'
import { command, JSON_ARG } from '../program/command.js'
import { eventLine } from '../view/events.js'
import { createToolMemory } from '../view/tools.js'

export default command({
  examples: [
    ['signalbox history ccc/backend', 'the newest events of the past'],
    ['signalbox history claude/main --session 4f… --limit 1000', 'one session'],
  ],
  args: {
    agent: { type: 'positional', required: true, description: 'an id that `signalbox ls` prints' },
    session: { type: 'string', description: 'a session that `signalbox sessions` prints', valueHint: 'id' },
    limit: { type: 'string', description: 'at most so many events; default 200', valueHint: 'count' },
    ...JSON_ARG,
  },
  async run({ agent, session, limit, json }, { terminal, hub, signal }) {
    const opened = await hub({ agent })
    const { events, complete } = await opened.hub.history(agent, {
      session,
      signal,
      limit: limit === undefined ? undefined : Number(limit),
    })
    if (json) {
      terminal.out(`${JSON.stringify(events, null, 2)}\n`)
      return 0
    }
    const style = styleOf(terminal)
    const whole = createToolMemory()
    for (const event of events) {
      const line = eventLine(whole(event), style)
      if (line !== undefined) terminal.out(`${line}\n`)
    }
    if (!complete) terminal.err('The system keeps only a part of the past, or there is more than --limit.\n')
    return 0
  },
})
