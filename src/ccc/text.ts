/** A text travels as one argument of a tmux command on the server. What tmux or the terminal would change is refused or guarded here. */
import { cccError } from './error.js'

/** tmux refuses a longer command. The session's tmux name counts too. */
const TMUX_COMMAND_BYTES = 16_346

/** The server stops reading a history file at a line of 64 KiB. The rest of the line, beside text and author, fits into what is left. */
const STORED_BYTES = 65_400

/**
 * What to do with a text that the terminal would change. `guard` (the default): one space before a leading `-`, one space after a trailing
 * `;`, and line feeds for carriage returns. `refuse`: throw `invalid_argument`.
 */
export type TextPolicy = 'guard' | 'refuse'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The host and the last component of the name. Sessions for which both are equal share a tmux session, and so a prompt line. */
export function promptLine(session: string): string {
  return session.replace(/[^:]*\//, '')
}

/**
 * Returns how many bytes of text (UTF-8) can be sent to this session.
 *
 * @example
 * import { maxTextBytes } from 'signalbox/ccc'
 *
 * const text = 'Summarise the log.'
 * const fits = new TextEncoder().encode(text).length <= maxTextBytes('myproject')
 * console.log(fits)
 */
export function maxTextBytes(session: string): number {
  const line = promptLine(session)
  return TMUX_COMMAND_BYTES - encode(`claude-${line.slice(line.indexOf(':') + 1)}`).length
}

/** Returns the text as it may be sent. Throws `invalid_argument` or `too_large`, with `sent: 'no'`. */
export function checkedText(session: string, from: string, given: string, policy?: TextPolicy): string {
  const text = policy === 'refuse' ? given : guarded(given)
  const tooLarge = sizeProblem(session, from, text)
  const problem = tooLarge ?? contentProblem(text)
  if (problem) throw cccError(tooLarge ? 'too_large' : 'invalid_argument', `The text ${problem}.`)
  return text
}

const guarded = (text: string): string => text.replace(/\r\n?/g, '\n').replace(/^-/, ' -').replace(/;$/, '; ')

function sizeProblem(session: string, from: string, text: string): string | undefined {
  const bytes = encode(text).length
  const limit = maxTextBytes(session)
  if (bytes > limit) return `has ${bytes} bytes, and ${limit} can be typed into this session; split it, or name a file`
  // In the file these characters take six bytes each.
  const stored = encode(JSON.stringify(text + from).replace(/[<>&\u2028\u2029]/g, '\\u0000')).length
  if (stored <= STORED_BYTES) return undefined
  return `takes ${stored} bytes in the history with its author, of ${STORED_BYTES}; split it`
}

/** Every control character but the tab and the line feed, which arrive as they are. */
const KEY = /[\0-\x08\x0b-\x1f\x7f-\x9f]/

function contentProblem(text: string): string | undefined {
  if (text === '') return 'is empty'
  if (text.includes('\0')) return 'holds a NUL, which no command line carries'
  const key = KEY.exec(text)?.[0]
  if (key) return `holds the control character U+${hex(key)}, which the terminal takes for a key; remove it`
  if (text.startsWith('-')) return 'starts with "-", an option for tmux; put a space before it'
  if (text.endsWith(';')) return 'ends with ";", which tmux removes; put a space behind it'
  return undefined
}

const hex = (character: string): string => character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')

/** Returns what the server stores for the text: U+FFFD stands for half of a surrogate pair. */
export function asStored(text: string): string {
  return new TextDecoder().decode(encode(text))
}
