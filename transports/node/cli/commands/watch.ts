import type { HubCursor } from '../../../../src/hub/index.js'
import { styleOf } from '../terminal/style.js'
import { command, JSON_ARG } from '../program/command.js'
import { EXIT } from '../program/exit-codes.js'
import { createEventPrinter } from '../view/event-printer.js'
import { CONNECTION } from '../view/events.js'
import { parseDuration } from '../view/time.js'
import { stopAfter } from './stop-after.js'
import { parseCursor } from './cursor.js'
import { expectAgent } from './known-agent.js'

export default command({
  examples: [
    ['signalbox watch', 'what every agent does, until ctrl-c'],
    ['signalbox watch ccc/backend', 'one agent'],
    ['signalbox watch --json --from oldest', 'everything that the hub still has, as JSON lines'],
  ],
  args: {
    agent: { type: 'positional', required: false, description: 'an id that `signalbox ls` prints; all agents without it' },
    from: { type: 'string', valueHint: 'cursor', description: '`oldest`, or the `cursor` of an earlier --json line' },
    timeout: { type: 'string', description: 'leave after this time, such as 30s or 5m', valueHint: 'time' },
    ...JSON_ARG,
  },
  async run({ agent, from, timeout, json }, { terminal, hub, signal: interrupted }) {
    const stop = stopAfter(timeout === undefined ? undefined : parseDuration(timeout), interrupted)
    const { signal } = stop
    const print = createEventPrinter(terminal, false)
    try {
      const style = styleOf(terminal)
      const opened = await hub({
        ...(agent === undefined ? {} : { agent }),
        onConnection: (state) => terminal.err(`${style.dim(CONNECTION[state])}\n`),
      })
      // The journal may still have the past of an agent that is gone.
      if (agent !== undefined && from === undefined) await expectAgent(opened.hub, agent)
      const watch = opened.hub.watch({
        signal,
        ...(agent === undefined ? {} : { agents: [agent] }),
        ...(from === undefined ? {} : { from: from === 'oldest' ? 'oldest' : parseCursor(from) }),
      })
      for await (const event of watch) {
        if (!json) print(event)
        else terminal.out(`${JSON.stringify({ ...event, ...position(watch.cursor) })}\n`)
      }
      return EXIT.ok
    } catch (error) {
      // A person leaves a watch with ctrl-c.
      if (signal.aborted) return EXIT.ok
      throw error
    } finally {
      stop.cancel()
    }
  },
})

/** The events of the snapshot have no position of their own. */
const position = (cursor: HubCursor | undefined): { readonly cursor?: string } =>
  cursor === undefined ? {} : { cursor: `${cursor.journal}:${cursor.seq}` }
