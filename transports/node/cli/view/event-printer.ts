/** Events of many agents as lines with a coloured prefix, or as JSON lines. */
import type { HubEvent } from '../../../../src/hub/index.js'
import { printable, styleOf } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import { eventLine } from './events.js'
import { createToolMemory } from './tools.js'

const COLORS = ['cyan', 'magenta', 'blue', 'green', 'yellow'] as const

/** Prints one event after the other. Events that say nothing to a person are left out, unless `json` is set. */
export function createEventPrinter(terminal: Terminal, json: boolean): (event: HubEvent) => void {
  const style = styleOf(terminal)
  const whole = createToolMemory()
  const colors = new Map<string, (typeof COLORS)[number]>()
  return (event) => {
    if (json) return terminal.out(`${JSON.stringify(event)}\n`)
    const text = eventLine(whole(event), style)
    if (text === undefined) return
    const color = colors.get(event.agent) ?? (COLORS[colors.size % COLORS.length] as (typeof COLORS)[number])
    colors.set(event.agent, color)
    const prefix = style[color](printable(event.agent))
    for (const line of text.split('\n')) terminal.out(`${prefix} ${line}\n`)
  }
}
