/**
 * The content of a tmux session: a prompt line, and an agent that answers. Marks in a text set how long the answer takes and
 * whether the agent looks busy meanwhile. The recordings were made with the same marks.
 */
import type { Clock, Timer } from '../../core/clock.js'

export interface Pane {
  /** The agent runs. Otherwise a login shell is at the prompt, and executes what is typed. */
  running: boolean
  /** The screen still shows an agent that has ended. */
  looksAlive: boolean
  /** The screen shows a sign of work. */
  readonly busy: boolean
  readonly screen: readonly string[]
  type(text: string): void
  enter(): void
  kill(): void
}

export interface AgentHost {
  readonly clock: Clock
  /** Turns milliseconds of a real server into those of this clock. */
  readonly scale: (ms: number) => number
  /** Called when the Stop hook stores an answer. `[[nohook]]` switches it off. */
  readonly onAnswer: (text: string) => void
  /** Called when the prompt hook stores a prompt. `[[prompthook]]` switches it on. */
  readonly onPrompt: (text: string) => void
  /** Gives the text with the marks that decide the answer. */
  readonly script: (text: string) => string
  /** Called with a text that the login shell executed. */
  readonly onShell: (text: string) => void
}

const THINKING_MS = 500
/** The hook waits before it reads the transcript. */
const HOOK_MS = 2_000
const NO_TEXT = 'Session ended'

/** The value of `[[name value]]`. The last one counts, because two prompts on one line are one prompt. */
function mark(text: string, name: string): string | undefined {
  return (
    [...text.matchAll(new RegExp(`\\[\\[${name}(?: ([^\\]]*))?\\]\\]`, 'g'))].at(-1)?.slice(1)[0] ??
    (text.includes(`[[${name}]]`) ? '' : undefined)
  )
}

export function createPane(host: AgentHost): Pane {
  const { clock, scale } = host
  const timers = new Set<Timer>()
  const screen: string[] = []
  const waiting: string[] = []
  let line = ''
  let turns = 0
  /** The answer to the last prompt, as the transcript has it. */
  let said: string | undefined
  let working = false
  let visible = false
  let running = false
  let looksAlive = false

  const later = (ms: number, run: () => void): void => {
    const timer = clock.after(scale(ms), () => {
      timers.delete(timer)
      run()
    })
    timers.add(timer)
  }
  const next = (): void => {
    const text = waiting.shift()
    if (text !== undefined) begin(text)
  }
  const begin = (typed: string): void => {
    turns += 1
    said = undefined
    screen.push(`> ${typed}`)
    const text = host.script(typed)
    if (mark(text, 'prompthook') !== undefined) host.onPrompt(typed)
    if (mark(text, 'crash') !== undefined) {
      running = false
      return
    }
    const seconds = Number(mark(text, 'sleep') ?? mark(text, 'quiet') ?? 0)
    visible = mark(text, 'sleep') !== undefined
    working = true
    const big = Number(mark(text, 'big') ?? 0)
    const answer = mark(text, 'reply')?.replaceAll('\\n', '\n') ?? (big > 0 ? 'x'.repeat(big) : `echo ${turns}: ${typed}`)
    later(seconds * 1_000 + THINKING_MS, () => {
      working = false
      visible = false
      said = answer
      screen.push(`\u25cf ${answer}`)
      // Another prompt may have begun by then. Then the hook finds the answer to that prompt, or none.
      if (mark(text, 'nohook') === undefined) later(HOOK_MS, () => host.onAnswer(said ?? NO_TEXT))
      next()
    })
  }

  return {
    get running() {
      return running
    },
    set running(now) {
      running = now
      if (now) looksAlive = true
    },
    get looksAlive() {
      return looksAlive
    },
    set looksAlive(now) {
      looksAlive = now
    },
    get busy() {
      return working && visible
    },
    screen,
    type(text) {
      line += text
    },
    enter() {
      const text = line
      line = ''
      if (text === '') return
      if (!running) {
        screen.push(`$ ${text}`)
        host.onShell(text)
      } else if (working) waiting.push(text)
      else begin(text)
    },
    kill() {
      for (const timer of timers) timer.cancel()
      timers.clear()
      waiting.length = 0
      line = ''
      working = false
      visible = false
      running = false
      looksAlive = false
      screen.length = 0
      turns = 0
    },
  }
}
