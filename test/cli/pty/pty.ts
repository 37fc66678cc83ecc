/** A program on a real pseudo-terminal, and what a person would see on its screen. Needs python3. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import { screenText } from './screen.js'

const helper = fileURLToPath(new URL('./terminal.py', import.meta.url))

/** Whether terminal tests can run here. Where every optional part is required, they always run. */
export const hasPty = process.env.SIGNALBOX_REQUIRE_ALL === '1' || spawnSync('python3', ['-c', 'import pty']).status === 0

export interface Pty extends AsyncDisposable {
  /** Everything that was written so far, with escape sequences. */
  raw(): string
  /** The text on the screen and above it. */
  screen(): string
  /** Presses keys. */
  type(text: string): void
  resize(columns: number, rows: number): void
  /** Closes the terminal, as closing its window does. */
  hangUp(): void
  /** Waits until the screen has this text. */
  sees(text: string | RegExp): Promise<void>
  /** The exit code, once the program has ended. */
  readonly exit: Promise<number>
}

export interface PtyOptions {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly columns?: number
  readonly rows?: number
}

export function openPty({ command, env, columns = 80, rows = 24 }: PtyOptions): Pty {
  const child = spawn('python3', [helper, String(columns), String(rows), ...command], {
    env: { TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let raw = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    raw += chunk
  })
  child.stdin.on('error', () => {})
  let ended = false
  const exit = once(child, 'close').then(([code]) => {
    ended = true
    return code as number
  })
  const send = (order: object): void => void child.stdin.write(`${JSON.stringify(order)}\n`)
  const screen = (): string => screenText(raw)
  return {
    raw: () => raw,
    screen,
    type: (text) => send({ type: text }),
    resize: (width, height) => send({ resize: [width, height] }),
    hangUp: () => send({ hangup: true }),
    async sees(text) {
      const pattern = typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text)
      await vi.waitUntil(() => ended || pattern.asymmetricMatch(screen()), { timeout: 30_000 }).catch(() => {})
      expect(screen()).toEqual(pattern)
    },
    exit,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        send({ hangup: true })
        await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, 2_000).unref())])
        child.kill('SIGKILL')
      }
      await exit
    },
  }
}
