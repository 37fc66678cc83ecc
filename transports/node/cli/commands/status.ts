import { command, JSON_ARG } from '../program/command.js'

export default command({
  examples: [['signalbox status', 'whether the hub runs, and what it knows']],
  args: JSON_ARG,
  async run({ json }, { terminal, hub }) {
    const { hub: running } = await hub({ running: true })
    const [agents, asks, spent] = await Promise.all([running.agents(), running.asks(), running.spent()])
    const states = agents.flatMap(({ sessions }) => sessions.map(({ state }) => state))
    const count = (state: string): number => states.filter((each) => each === state).length
    if (json) {
      terminal.out(`${JSON.stringify({ agents: agents.length, running: count('running'), asks: asks.length, spent }, null, 2)}\n`)
      return 0
    }
    terminal.out(
      `The hub runs with ${agents.length} agents: ${count('running')} running, ${count('needs_answer')} waiting for an answer.\n`,
    )
    terminal.out(`${asks.length} open question${asks.length === 1 ? '' : 's'}.\n`)
    if (spent.basis !== 'none') {
      const omitted = spent.omits.length > 0 ? `; without ${spent.omits.join(', ')}, whose systems tell no cost` : ''
      terminal.out(`$${spent.costUsd.toFixed(4)} used since the hub started (${spent.basis})${omitted}.\n`)
    }
    return 0
  },
})
