/** The commands as data: how long each may take on a real server, and whether it only reads, so that it may be made twice. */

export type Command = readonly [timeoutMs: number, idempotent: boolean]

const quick: Command = [5_000, true]
/** Dead SSH hosts are asked one after the other. */
const slowRead: Command = [30_000, true]
/** May have to start tmux and Claude, locally or over SSH, and to wait for Telegram. What has no row is taken for one of these. */
export const WRITE: Command = [60_000, false]

/** The server's own limits are longer than they look; see docs/ccc.md. */
export const COMMANDS = {
  ping: quick,
  history: quick,
  activity: quick,
  questions: quick,
  sessions: slowRead,
  screenshot: slowRead,
  // Lists the sessions first, so that one born meanwhile is not missed.
  subscribe: [35_000, true],
  send: WRITE,
  continue: WRITE,
  answer: WRITE,
  // The server gives up 302.6 s after it typed the text, and starting up may come before that.
  ask: [345_000, false],
} as const satisfies Record<string, Command>
