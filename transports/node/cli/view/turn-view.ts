/** A turn as it happens: the answer as it is written, tools with their state and time, a spinner while nothing is written. */
import { systemClock, type Clock } from '../../../../src/core/clock.js'
import type { HubEvent, MessageEvent } from '../../../../src/hub/index.js'
import { printable, styleOf } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import { endLine, toolLine } from './events.js'
import { createStatusLine } from './status-line.js'
import { formatDuration } from './time.js'
import { createToolMemory } from './tools.js'

export interface TurnView {
  show(event: HubEvent): void
  /** A line to the person, between the lines of the turn. */
  note(text: string): void
  /** Pauses the spinner while a person is asked. */
  pause(): void
  stop(): void
}

/**
 * For a person: everything. For a pipe: the words of the agent and nothing else on stdout, notices and the end on stderr.
 */
export function createTurnView(terminal: Terminal, clock: Clock = systemClock): TurnView {
  const style = styleOf(terminal)
  const status = createStatusLine(terminal, clock)
  const written = new Map<string, string>()
  const tools = new Map<string, number>()
  const whole = createToolMemory()
  let midLine = false
  let last: string | undefined

  // The status line would overwrite a line that has no end yet.
  const setMidLine = (now: boolean): void => {
    midLine = now
    status.hold(now)
  }
  const breakLine = (): void => {
    if (midLine) status.around(() => terminal.out('\n'))
    setMidLine(false)
  }
  const print = (text: string): void => {
    if (text === '') return
    status.around(() => terminal.out(text))
    setMidLine(!text.endsWith('\n'))
  }
  const line = (text: string, to: 'out' | 'err' = 'out'): void => {
    breakLine()
    status.around(() => terminal[to](`${text}\n`))
  }
  const words = (event: MessageEvent): void => {
    const { id, role, how } = event
    if (role === 'user' || how === 'retract') return
    if (role === 'thought') {
      if (terminal.interactive && !event.partial) line(style.dim(printable(event.text)))
      return
    }
    const before = written.get(id) ?? ''
    // The next message starts on a line of its own.
    if (before === '' && last !== undefined && last !== id) breakLine()
    last = id
    const text = printable(event.text)
    const now = how === 'append' ? before + text : text
    written.set(id, now)
    if (now.startsWith(before)) print(now.slice(before.length))
    else if (terminal.interactive) line(`${style.yellow('The agent replaced its answer:')}\n${now}`)
    else print(`\n${now}`)
  }

  return {
    show(given) {
      const event = whole(given)
      switch (event.kind) {
        case 'message':
          return words(event)
        case 'tool': {
          if (!terminal.interactive) return
          const began = tools.get(event.id) ?? clock.monotonic()
          tools.set(event.id, began)
          if (event.status === 'done' || event.status === 'failed') {
            tools.delete(event.id)
            line(toolLine(event, style, formatDuration(clock.monotonic() - began)))
          }
          breakLine()
          const running = event.status === 'running' ? (event.title ?? event.name ?? 'working') : 'working'
          status.set(printable(running))
          return
        }
        case 'turn':
          status.set(event.what === 'queued' ? 'waiting for the agent' : 'working')
          return
        case 'notice':
          return line(`${event.level}: ${printable(event.text)}`, 'err')
        case 'gap':
          return line(`Events may be missing here (${event.reason}).`, 'err')
        case 'end': {
          status.stop()
          const why = endLine(event)
          breakLine()
          if (why !== undefined) line(why, 'err')
          return
        }
        default:
      }
    },
    note: (text) => line(text, 'err'),
    pause() {
      status.set(undefined)
      breakLine()
    },
    stop: () => status.stop(),
  }
}
