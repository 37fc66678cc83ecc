import { command } from '../program/command.js'

export default command({
  examples: [['signalbox cancel 7c2…', 'stop the turn of the prompt with this id']],
  args: {
    prompt: {
      type: 'positional',
      required: true,
      description: 'the id that `signalbox send` printed, or a turn of `signalbox watch --json`',
    },
  },
  async run({ prompt }, { terminal, hub, signal }) {
    const { hub: running } = await hub({ running: true })
    await running.turn(prompt).cancel({ by: terminal.env.USER ?? 'user', signal })
    return 0
  },
})
