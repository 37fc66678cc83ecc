/** The commands as data: how long each may take on a real server. What only reads may be made twice. */

export interface Command {
  /** The default deadline. The server's own limits are longer than they look; see docs/ccc.md. */
  readonly timeoutMs: number
  /** Reads only, so it may be repeated after any failure. */
  readonly idempotent: boolean
}

const quick: Command = { timeoutMs: 5_000, idempotent: true }
/** Dead SSH hosts are asked one after the other. */
const slowRead: Command = { timeoutMs: 30_000, idempotent: true }
/** May have to start tmux and Claude, locally or over SSH, and to wait for Telegram. */
const slowWrite: Command = { timeoutMs: 60_000, idempotent: false }

export const COMMANDS = {
  ping: quick,
  history: quick,
  activity: quick,
  questions: quick,
  // Lists the sessions first, so that one born meanwhile is not missed.
  subscribe: { timeoutMs: 35_000, idempotent: true },
  sessions: slowRead,
  screenshot: slowRead,
  send: slowWrite,
  continue: slowWrite,
  answer: slowWrite,
  // The server gives up 302.6 s after it typed the text, and starting up may come before that.
  ask: { timeoutMs: 345_000, idempotent: false },
} as const satisfies Record<string, Command>
