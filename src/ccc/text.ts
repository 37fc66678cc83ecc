/** Text travels as one argument of a tmux command on the server. What that would mangle is refused or guarded before it is sent. */
import { SignalboxError } from '../errors.js'

/** tmux refuses a command beyond this; the session's tmux name counts against it. */
const TMUX_COMMAND_BYTES = 16_346

/** `guard` (the default) adds the one space that saves a leading `-` or a trailing `;`; `refuse` throws instead. */
export type TextPolicy = 'guard' | 'refuse'

/** What tmux calls the session: the last path component behind any `host:`. */
export function tmuxName(session: string): string {
  const local = session.slice(session.indexOf(':') + 1)
  return `claude-${local.slice(local.lastIndexOf('/') + 1)}`
}

export function maxTextBytes(session: string): number {
  return TMUX_COMMAND_BYTES - new TextEncoder().encode(tmuxName(session)).byteLength
}

/** The text as it may be sent. Throws `invalid_argument` or `too_large`, with `sent: 'no'`. */
export function checkedText(session: string, text: string, policy: TextPolicy): string {
  if (text === '') throw refused('The text is empty, and the server takes that for a missing one.')
  if (text.includes('\0')) throw refused('The text holds a NUL character, which no command line can carry.', 'Remove it.')
  let safe = text
  if (safe.startsWith('-')) {
    if (policy === 'refuse') throw refused('The text starts with "-", which tmux takes for an option.', 'Put a space before it.')
    safe = ` ${safe}`
  }
  if (safe.endsWith(';')) {
    if (policy === 'refuse') throw refused('The text ends with ";", which tmux removes without a word.', 'Put a space behind it.')
    safe = `${safe} `
  }
  const bytes = new TextEncoder().encode(safe).byteLength
  const limit = maxTextBytes(session)
  if (bytes > limit) {
    throw new SignalboxError({
      code: 'too_large',
      system: 'ccc',
      sent: 'no',
      message: `The text has ${bytes} bytes; the server can type ${limit} into this session.`,
      hint: 'Split it, or put it into a file and name the file.',
    })
  }
  return safe
}

/** What the server stores where the text held half of a surrogate pair. */
export function asStored(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text))
}

function refused(message: string, hint?: string): SignalboxError {
  return new SignalboxError({ code: 'invalid_argument', system: 'ccc', sent: 'no', message, hint })
}
