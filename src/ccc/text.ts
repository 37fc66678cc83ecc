/** Text travels as one argument of a tmux command on the server. What that would mangle is refused or guarded before it is sent. */
import { SignalboxError, type ErrorCode } from '../errors.js'

/** tmux refuses a command beyond this; the session's tmux name counts against it. */
const TMUX_COMMAND_BYTES = 16_346

/** `guard` (the default) adds the one space that saves a leading `-` or a trailing `;`; `refuse` throws instead. */
export type TextPolicy = 'guard' | 'refuse'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What tmux calls the session: the last path component behind any `host:`. Sessions that share it share a prompt line. */
export function tmuxName(session: string): string {
  return `claude-${session.slice(session.indexOf(':') + 1).replace(/.*\//s, '')}`
}

/** How many bytes of text this session can be sent. */
export function maxTextBytes(session: string): number {
  return TMUX_COMMAND_BYTES - bytesOf(tmuxName(session)).byteLength
}

/** The text as it may be sent. Throws `invalid_argument` or `too_large`, with `sent: 'no'`. */
export function checkedText(session: string, text: string, policy: TextPolicy): string {
  const dash = text.startsWith('-')
  const semicolon = text.endsWith(';')
  const refuse = policy === 'refuse'
  if (text === '') throw refused('is empty, which the server takes for missing')
  if (text.includes('\0')) throw refused('holds a NUL, which no command line can carry')
  if (refuse && dash) throw refused('starts with "-", which tmux takes for an option; a space before it helps')
  if (refuse && semicolon) throw refused('ends with ";", which tmux removes; a space behind it helps')
  const safe = (dash ? ' ' : '') + text + (semicolon ? ' ' : '')
  const bytes = bytesOf(safe).byteLength
  const limit = maxTextBytes(session)
  if (bytes <= limit) return safe
  throw refused(
    `has ${bytes} bytes, and ${limit} can be typed into this session; split it, or name a file that holds it`,
    'too_large',
  )
}

/** What the server stores where the text held half of a surrogate pair. */
export function asStored(text: string): string {
  return new TextDecoder().decode(bytesOf(text))
}

function refused(why: string, code: ErrorCode = 'invalid_argument'): SignalboxError {
  return new SignalboxError({ code, system: 'ccc', message: `The text ${why}.` })
}
