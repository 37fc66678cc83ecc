import { command, JSON_ARG } from '../program/command.js'

const WAIT_MS = 10_000

export default command({
  examples: [['signalbox down', 'stop the hub of this machine; turns go on at their systems']],
  args: JSON_ARG,
  async run({ json }, { terminal }) {
    const [{ hubProcess }, { hubPlace }] = await Promise.all([import('../hub/run-hub.js'), import('../settings/hub-place.js')])
    const { socket } = await hubPlace(terminal.env)
    const pid = await hubProcess(socket)
    process.kill(pid, 'SIGTERM')
    const began = Date.now()
    while (Date.now() - began < WAIT_MS) {
      const gone = await hubProcess(socket).then(
        () => false,
        () => true,
      )
      if (gone) {
        if (json) terminal.out(`${JSON.stringify({ stopped: pid })}\n`)
        terminal.err('The hub has stopped.\n')
        return 0
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    terminal.err(`The hub (process ${pid}) has not stopped within ${WAIT_MS / 1_000} s.\n`)
    return 1
  },
})
