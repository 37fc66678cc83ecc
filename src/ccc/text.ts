/** Text travels as one argument of a tmux command on the server. What that would mangle is refused or guarded before it is sent. */
import { cccError } from './error.js'

/** tmux refuses a command beyond this; the session's tmux name counts against it. */
const TMUX_COMMAND_BYTES = 16_346

/** The server reads no history behind a line of 64 KiB; this leaves room for what the line holds beside text and author. */
const STORED_BYTES = 65_400

/** `guard` (the default) adds the one space that saves a leading `-` or a trailing `;`; `refuse` throws instead. */
export type TextPolicy = 'guard' | 'refuse'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The host and the last path component: sessions that share both share a tmux session, and so a prompt line. */
export function promptLine(session: string): string {
  return session.replace(/[^:]*\//, '')
}

/** How many bytes of text this session can be sent. */
export function maxTextBytes(session: string): number {
  const line = promptLine(session)
  return TMUX_COMMAND_BYTES - encode(`claude-${line.slice(line.indexOf(':') + 1)}`).length
}

/** The text as it may be sent. Throws `invalid_argument` or `too_large`, with `sent: 'no'`. */
export function checkedText(session: string, from: string, given: string, policy?: TextPolicy): string {
  const text = policy === 'refuse' ? given : given.replace(/^-/, ' -').replace(/;$/, '; ')
  const bytes = encode(text).length
  const limit = maxTextBytes(session)
  // In the file these take six bytes each.
  const stored = encode(JSON.stringify(text + from).replace(/[<>&\u2028\u2029]/g, '\\u0000')).length
  const tooLarge =
    bytes > limit
      ? `has ${bytes} bytes, and ${limit} can be typed into this session; split it, or name a file`
      : stored > STORED_BYTES && `takes ${stored} bytes in the history with its author, of ${STORED_BYTES}; split it`
  const problem =
    tooLarge ||
    (text === '' && 'is empty') ||
    (text.includes('\0') && 'holds a NUL, which no command line carries') ||
    (text.startsWith('-') && 'starts with "-", an option for tmux; put a space before it') ||
    (text.endsWith(';') && 'ends with ";", which tmux removes; put a space behind it')
  if (problem) throw cccError(tooLarge ? 'too_large' : 'invalid_argument', `The text ${problem}.`)
  return text
}

/** What the server stores where the text held half of a surrogate pair. */
export function asStored(text: string): string {
  return new TextDecoder().decode(encode(text))
}
