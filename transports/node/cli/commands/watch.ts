import type { HubCursor } from '../../../../src/hub/index.js'
import { SignalboxError } from '../../../../src/errors.js'
import { printable, styleOf } from '../terminal/style.js'
import { command, JSON_ARG } from '../program/command.js'
import { EXIT } from '../program/exit-codes.js'
import { CONNECTION, eventLine } from '../view/events.js'
import { createToolMemory } from '../view/tools.js'

const COLORS = ['cyan', 'magenta', 'blue', 'green', 'yellow'] as const

export default command({
  examples: [
    ['signalbox watch', 'what every agent does, until ctrl-c'],
    ['signalbox watch ccc/backend', 'one agent'],
    ['signalbox watch --json --from oldest', 'everything that the hub still has, as JSON lines'],
  ],
  args: {
    agent: { type: 'positional', required: false, description: 'an id that `signalbox ls` prints; all agents without it' },
    from: { type: 'string', valueHint: 'cursor', description: '`oldest`, or a cursor that an earlier --json line ended with' },
    ...JSON_ARG,
  },
  async run({ agent, from, json }, { terminal, hub, signal }) {
    const style = styleOf(terminal)
    const opened = await hub({
      ...(agent === undefined ? {} : { agent }),
      onConnection: (state) => terminal.err(`${style.dim(CONNECTION[state])}\n`),
    })
    const watch = opened.hub.watch({
      signal,
      ...(agent === undefined ? {} : { agents: [agent] }),
      ...(from === undefined ? {} : { from: from === 'oldest' ? 'oldest' : parseCursor(from) }),
    })
    const whole = createToolMemory()
    const colors = new Map<string, (typeof COLORS)[number]>()
    try {
      for await (const event of watch) {
        if (json) {
          terminal.out(`${JSON.stringify(event)}\n`)
          continue
        }
        const text = eventLine(whole(event), style)
        if (text === undefined) continue
        const color = colors.get(event.agent) ?? (COLORS[colors.size % COLORS.length] as (typeof COLORS)[number])
        colors.set(event.agent, color)
        const prefix = style[color](printable(event.agent))
        for (const line of text.split('\n')) terminal.out(`${prefix} ${line}\n`)
      }
      return EXIT.ok
    } catch (error) {
      // ctrl-c is the way to leave a watch.
      if (signal.aborted) return EXIT.ok
      throw error
    }
  },
})

function parseCursor(text: string): HubCursor {
  const [, journal, seq] = /^(.+):(\d+)$/.exec(text) ?? []
  if (journal !== undefined && seq !== undefined) return { journal, seq: Number(seq) }
  throw new SignalboxError({ code: 'invalid_argument', message: `"${text}" is not a cursor.`, hint: 'Use oldest, or JOURNAL:SEQ.' })
}
