/** One line that is rewritten while something runs: a spinner, a text and the time. It goes away before any other output. */
import { systemClock, type Clock } from '../../../../src/core/clock.js'
import { cut, styleOf } from '../terminal/style.js'
import type { Terminal } from '../terminal/terminal.js'
import { formatDuration } from './time.js'

export interface StatusLine {
  /** Shows this text from now on; undefined hides the line. */
  set(text: string | undefined): void
  /** True: shows nothing, because the screen has a line without an end. */
  hold(held: boolean): void
  /** Runs output with the line removed, and shows it again. */
  around(write: () => void): void
  stop(): void
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 100

/** A status line on stderr. Without a terminal that can be rewritten it shows nothing. */
export function createStatusLine(terminal: Terminal, clock: Clock = systemClock): StatusLine {
  const { dim, cyan } = styleOf(terminal)
  let text: string | undefined
  let since = 0
  let frame = 0
  let shown = false
  let held = false
  let timer: { cancel(): void } | undefined

  const clear = (): void => {
    if (!shown) return
    terminal.err('\r\x1b[2K')
    shown = false
  }
  const draw = (): void => {
    if (text === undefined || held || !terminal.canRewrite) return
    frame += 1
    const time = formatDuration(clock.monotonic() - since)
    const words = cut(`${text} ${time}`, Math.max(10, terminal.columns - 3))
    terminal.err(`\r\x1b[2K${cyan(FRAMES[frame % FRAMES.length] as string)} ${dim(words)}`)
    shown = true
  }
  const tick = (): void => {
    draw()
    timer = clock.after(FRAME_MS, tick)
  }
  return {
    set(next) {
      if (next === text) return
      text = next
      since = clock.monotonic()
      if (next === undefined) {
        timer?.cancel()
        timer = undefined
        clear()
      } else if (terminal.canRewrite && !timer) tick()
    },
    hold(now) {
      held = now
    },
    around(write) {
      clear()
      write()
    },
    stop() {
      timer?.cancel()
      timer = undefined
      text = undefined
      clear()
    },
  }
}
