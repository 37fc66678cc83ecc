import { printable, table } from '../terminal/style.js'
import { command, JSON_ARG } from '../program/command.js'

export default command({
  examples: [['signalbox sessions claude/main', 'the sessions that can be resumed, newest first where the system tells']],
  args: { agent: { type: 'positional', required: true, description: 'an id that `signalbox ls` prints' }, ...JSON_ARG },
  async run({ agent, json }, { terminal, hub, signal }) {
    const found = await (await hub({ agent })).hub.sessions(agent, { signal })
    if (json) terminal.out(`${JSON.stringify(found, null, 2)}\n`)
    else if (found.length === 0) terminal.err(`${agent} has no session that can be resumed.\n`)
    else {
      const rows = found.map(({ id, title = '', updatedAt = '' }) => [printable(id), updatedAt, printable(title)])
      terminal.out(`${table(rows, terminal.interactive ? terminal.columns : 10_000)}\n`)
    }
    return 0
  },
})
