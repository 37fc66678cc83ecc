import { command } from '../program/command.js'

export default command({
  examples: [['signalbox version', 'the version of this program']],
  args: {},
  async run(_args, { terminal, version }) {
    terminal.out(`${version}\n`)
    return 0
  },
})
