/** The commands as data: how long each may take on a real server, and whether it only reads. */

export interface Command {
  readonly timeoutMs: number
  /** The command changes nothing, so it may be repeated. */
  readonly reads: boolean
}

const QUICK: Command = { timeoutMs: 5_000, reads: true }
/** The server asks dead SSH hosts one after the other. */
const SLOW: Command = { timeoutMs: 30_000, reads: true }
/** The server may have to start tmux and Claude, locally or over SSH, and to wait for Telegram. */
const WRITE: Command = { timeoutMs: 60_000, reads: false }

/** The server's own limits are longer than they look; see docs/ccc.md. */
export const COMMANDS = {
  ping: QUICK,
  history: QUICK,
  activity: QUICK,
  questions: QUICK,
  sessions: SLOW,
  screenshot: SLOW,
  // Lists the sessions before it subscribes, so that a session that is created meanwhile is not missed.
  subscribe: { timeoutMs: 35_000, reads: true },
  send: WRITE,
  continue: WRITE,
  answer: WRITE,
  // The server gives up 302.6 s after it typed the text, and it may have to start Claude before that.
  ask: { timeoutMs: 345_000, reads: false },
} as const satisfies Record<string, Command>

/** An unknown command is assumed to change something. Prototype keys such as `constructor` are not commands. */
export function commandOf(cmd: string): Command {
  return Object.hasOwn(COMMANDS, cmd) ? COMMANDS[cmd as keyof typeof COMMANDS] : WRITE
}
