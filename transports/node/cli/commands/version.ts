import { command, JSON_ARG } from '../program/command.js'

export default command({
  examples: [['signalbox version', 'the version of this program']],
  args: JSON_ARG,
  async run({ json }, { terminal, version }) {
    terminal.out(`${json ? JSON.stringify({ version }) : version}\n`)
    return 0
  },
})
