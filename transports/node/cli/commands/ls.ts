import { styleOf, table, printable } from '../terminal/style.js'
import { command, JSON_ARG } from '../program/command.js'

const MARKS = { idle: 'green', running: 'cyan', needs_answer: 'yellow', stopped: 'dim', offline: 'red', unknown: 'dim' } as const

export default command({
  examples: [
    ['signalbox ls', 'every agent with its state'],
    ['signalbox ls --json | jq -r .[].id', 'the ids, for a script'],
  ],
  args: JSON_ARG,
  async run({ json }, { terminal, hub }) {
    const agents = await (await hub()).hub.agents()
    if (json) {
      terminal.out(`${JSON.stringify(agents, null, 2)}\n`)
      return 0
    }
    if (agents.length === 0) {
      terminal.err('No agent was found. signalbox doctor shows what was looked for.\n')
      return 0
    }
    const style = styleOf(terminal)
    const rows = agents.map(({ id, name, sessions, host, facts }) => {
      const state = sessions.find((session) => session.state !== 'idle')?.state ?? sessions[0]?.state ?? 'unknown'
      const more = [id.endsWith(`/${name}`) ? undefined : name, host, facts.model, facts.cwd].filter((part) => part !== undefined)
      return [printable(id), style[MARKS[state]](state.padEnd(12)), printable([...new Set(more)].join(', '))]
    })
    terminal.out(`${table(rows, terminal.interactive ? terminal.columns : 10_000)}\n`)
    return 0
  },
})
