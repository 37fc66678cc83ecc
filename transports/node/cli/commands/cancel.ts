import { systemClock, sleep } from '../../../../src/core/clock.js'
import { command, JSON_ARG } from '../program/command.js'
import { endLine } from '../view/events.js'

/** How long the end of the turn is waited for. */
const WAIT_MS = 15_000

export default command({
  examples: [['signalbox cancel 7c2…', 'stop the turn of the prompt with this id, and say how it ended']],
  args: {
    prompt: {
      type: 'positional',
      required: true,
      description: 'the id that `signalbox send` printed, or a turn of `signalbox watch --json`',
    },
    ...JSON_ARG,
  },
  async run({ prompt, json }, { terminal, hub, signal }) {
    const { hub: running } = await hub({ running: true })
    const turn = running.turn(prompt)
    const before = await turn.info()
    if (before.state !== 'ended') await turn.cancel({ by: terminal.env.USER ?? 'user', signal })
    const late = sleep(systemClock, WAIT_MS, signal).then(
      () => undefined,
      () => undefined,
    )
    const end = before.end ?? (await Promise.race([turn.end(), late]))
    if (json) terminal.out(`${JSON.stringify({ promptId: prompt, already: before.state === 'ended', end: end ?? null })}\n`)
    else if (!end) terminal.err('The agent was told to stop, and has not ended the turn yet.\n')
    else if (before.state === 'ended') terminal.err(`The turn had ended already: ${end.outcome}.\n`)
    else terminal.err(`${endLine(end) ?? `The turn ended before it could be stopped: ${end.outcome}.`}\n`)
    return end ? 0 : 1
  },
})
