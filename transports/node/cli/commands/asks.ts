import { printable, shellWord, styleOf } from '../terminal/style.js'
import { command, JSON_ARG } from '../program/command.js'
import { askLines } from '../view/events.js'
import { ago } from '../view/time.js'
import { needsMoreThanYes } from './give-answer.js'

export default command({
  examples: [
    ['signalbox asks', 'every open question, oldest first'],
    ['signalbox asks --json', 'the same as one JSON document'],
  ],
  args: JSON_ARG,
  async run({ json }, { terminal, hub }) {
    const asks = [...(await (await hub()).hub.asks())].sort((a, b) => a.askedAt.localeCompare(b.askedAt))
    if (json) {
      terminal.out(`${JSON.stringify(asks, null, 2)}\n`)
      return 0
    }
    if (asks.length === 0) terminal.err('No agent waits for an answer.\n')
    const style = styleOf(terminal)
    for (const ask of asks) {
      terminal.out(`${style.cyan(printable(ask.agent))} ${style.dim(ago(ask.askedAt, Date.now()))}\n`)
      for (const line of askLines(ask, style)) terminal.out(`  ${line}\n`)
      terminal.out(`  ${style.dim(`signalbox ${needsMoreThanYes(ask) ? 'answer' : 'approve'} ${shellWord(ask.id)}`)}\n`)
    }
    return 0
  },
})
