/**
 * Masks credentials in free text: errors, log lines, URLs, headers, JSON inside strings, environment lines, arguments, PEM blocks.
 * Linear on any input: every pattern starts only where a word begins, or reads a bounded number of characters.
 */
import { COUNTED_NAME, HEADER_NAME, isSecretName } from './secret-names.js'

export const MASK = '[redacted]'

/** Formats of credentials of the five systems and their hosts. Each starts at the beginning of a word, so no text is scanned twice. */
const TOKENS =
  /(?<![\w-])(?:sk-ant-[\w-]{6,}|sk-[A-Za-z0-9](?=[\w-]*\d)[\w-]{14,}|cs_(?:live|test)_[\w-]{4,}|(?:(?:cmdo?p?|sbx|gh\w)_|glpat-)(?=[\w-]*\d)[\w-]{12,}|npm_[A-Za-z0-9]{30,}|xox[abeprs]-[\w-]{10,}|github_pat_\w{12,}|AKIA[A-Z0-9]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)/g

const PRIVATE_KEY = /-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g

// Up to the last @ before the path, because a password may contain an @.
const USERINFO = /:\/\/[^\s/?#"'<>\\]*@/g

const SCHEME = /\b(bearer|basic)[ \t]{1,16}([\w.~+/=-]{6,})/gi

/**
 * A name, its closing quote, and the sign before its value; or blanks, as between an option and its value. Escaped quotes occur in JSON
 * inside a string.
 */
const NAMED =
  /(?<![\w.-])(-{0,2})([A-Za-z_][\w.-]{0,255})(?:\\{0,8}["'`]?\]?[ \t]{0,16}(=>|[=:])[ \t]{0,16}|[ \t]{1,16}(?=[^\s-]))/g

/** `?key=` is a secret in a URL, while a `key` elsewhere hardly ever is. */
const QUERY_KEY = /([?&]key=)[^\s&#"'<>]+/gi

/** Values that are never secret, quoted or not. */
const NOTHING = /^(?:false|none|null|true|undefined)$/i

/** A placeholder of an instruction: `<token>`, `$TOKEN`, or a scheme without a credential. */
const PLACEHOLDER = /^(?:(?:bearer|basic|token)(?:[ \t]+|$))?(?:<[a-z][a-z _-]{0,30}>|\$\{?[A-Z][A-Z0-9_]{0,40}\}?)?$/i

/** Words that follow such a name in prose. In quotes they count as values, because a weak password may be one of these words. */
const ORDINARY = /^(?:empty|expected|expired|invalid|is|malformed|missing|not|refused|rejected|required|revoked|unknown|wrong)$/i

/** Masks everything in a text that looks like a credential; prose around it stays as it is. Never throws. */
export function redactText(text: string): string {
  return maskValues(text.replace(PRIVATE_KEY, MASK).replace(USERINFO, `://${MASK}@`))
    .replace(SCHEME, (whole, scheme: string, word: string) => (looksSecret(word) ? `${scheme} ${MASK}` : whole))
    .replace(QUERY_KEY, `$1${MASK}`)
    .replace(TOKENS, MASK)
}

function maskValues(text: string): string {
  let out = ''
  let done = 0
  for (const match of text.matchAll(NAMED)) {
    const [whole, dashes, name = '', sign] = match
    if (match.index < done || !(sign || dashes === '--') || !isSecretName(name)) continue
    const from = match.index + whole.length
    // Backslashes and a quote, or nothing: `\"` opens a string of JSON inside a string.
    const opening = /^\\{0,8}["'`]/.exec(text.slice(from, from + 9))?.[0] ?? ''
    const start = from + opening.length
    const end = opening === '' ? unquotedEnd(text, match, from) : quotedEnd(text, start, opening)
    const value = text.slice(start, Math.min(end, start + 64))
    // Counts and flags are not secrets: `max_tokens=4096`, `"token": null`.
    const plain = NOTHING.test(value) || PLACEHOLDER.test(value) || (opening === '' && ORDINARY.test(value))
    const kept = plain || value === MASK || (COUNTED_NAME.test(name) && /^-?[\d._]{1,16}(?:e[+-]?\d{1,3})?$/i.test(value))
    if (end <= start || kept) continue
    out += text.slice(done, start) + MASK
    done = end
  }
  return out + text.slice(done)
}

/** The same quote after the same number of backslashes. Without one the text was cut off, and the value is the whole rest. */
function quotedEnd(text: string, start: number, opening: string): number {
  const escapes = opening.length - 1
  const closing = new RegExp(`(?<!\\\\)${escapes ? `\\\\{${escapes}}` : '(?:\\\\\\\\)*'}${opening.at(-1)}`, 'g')
  closing.lastIndex = start
  const found = closing.exec(text)
  return found ? closing.lastIndex - opening.length : text.length
}

/** Where an unquoted value ends; -1 when it is ordinary prose. */
function unquotedEnd(text: string, match: RegExpExecArray, from: number): number {
  const [whole, , name = '', sign] = match
  const endOf = (value: RegExp): number => {
    value.lastIndex = from
    value.test(text)
    return value.lastIndex
  }
  const word = /[^\s"'`<>]*/y
  if (!sign) return endOf(word)
  const colon = sign === ':'
  if (colon && HEADER_NAME.test(name)) return endOf(/[^\r\n"'`]*/y)
  const environment = !colon && /^[A-Z_][A-Z0-9_]*$/.test(name)
  // Braces and brackets open a structure with its own names.
  const listed = /(?!\{|\[(?!redacted\]))(?:\[redacted\]|[^\s,;&"'`}\])<>])*/y
  const end = endOf(environment ? word : listed)
  // `token: expired yesterday` is a sentence, `token: swordfish` alone on its line is a setting.
  const prose = colon && /[ \t]$/.test(whole) && /^[a-z]{1,24}[.!?]?$/.test(text.slice(from, end))
  return prose && !aloneOnLine(text, match.index, end) ? -1 : end
}

function aloneOnLine(text: string, from: number, to: number): boolean {
  // Only a few characters back: a long line must not be searched again for every pair in it.
  const head = text.slice(Math.max(0, from - 17), from)
  return /(?:^|\n)[\s"'-]{0,16}$/.test(head) && /^[\s"',]*(?:\n|$)/.test(text.slice(to, to + 16))
}

/** `Bearer authentication` is prose; a credential has digits, inner capitals, or characters that do not occur in words. */
function looksSecret(word: string): boolean {
  return /\d|[=_~+]|.[A-Z]/.test(word) || (word.length >= 20 && !word.includes('-'))
}
