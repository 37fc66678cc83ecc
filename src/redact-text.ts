/**
 * Masks credentials in free text: errors, log lines, URLs, headers, JSON inside strings, environment lines, arguments, PEM blocks.
 * Linear on any input: every pattern starts only where a word begins, or reads a bounded number of characters.
 */
import { isCountedName, isHeaderName, isSecretName } from './secret-names.js'

export const MASK = '[redacted]'

/** Shapes of credentials that the five systems and their hosts use. They start at a word's beginning, so no run is read twice. */
const TOKENS: readonly RegExp[] = [
  /(?<![\w-])sk-ant-[\w-]{6,}/g,
  /(?<![\w-])sk-[A-Za-z0-9](?=[\w-]*\d)[\w-]{14,}/g,
  /(?<![\w-])cs_(?:live|test)_[\w-]{4,}/g,
  /(?<![\w-])(?:cmdop|cmd|sbx|gh[pousr]|npm|glpat)[_-](?=[\w-]*\d)[\w-]{12,}/g,
  /(?<![\w-])xox[abeprs]-[\w-]{10,}/g,
  /(?<![\w-])github_pat_\w{12,}/g,
  /(?<![\w-])AKIA[A-Z0-9]{12,}/g,
  /(?<![\w-])AIza[\w-]{20,}/g,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
]

const PRIVATE_KEY = /-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g

// Up to the last @ before the path, for a password may hold one.
const USERINFO = /:\/\/[^\s/?#"'<>\\]*@/g

const SCHEME = /\b(bearer|basic)[ \t]{1,16}([\w.~+/=-]{6,})/gi

/** A name, whatever closes its quotes, and the sign between it and its value. Escaped quotes are those of JSON inside a string. */
const PAIR = /(?<![\w.-])-{0,2}([A-Za-z_][\w.-]{0,255})\\{0,8}["'`]?\]?[ \t]{0,16}(?:=>|[=:])[ \t]{0,16}/g

/** `--token abc`: the value of an option stands beside it without a sign. */
const OPTION = /(?<![\w.-])--([A-Za-z][\w-]{0,255})[ \t]{1,16}(?=[^\s-])/g

/** `?key=` is a secret in a URL, while a `key` elsewhere hardly ever is. */
const QUERY_KEY = /([?&]key=)[^\s&#"'<>]+/gi

const ORDINARY =
  /^(?:a|an|and|any|are|as|at|be|but|by|can|empty|expected|expired|false|for|from|has|in|invalid|is|it|malformed|may|missing|must|no|none|not|null|of|on|or|refused|rejected|required|revoked|should|the|this|to|true|undefined|unexpected|unknown|was|will|with|wrong|you|your)$/i

/** Masks everything in a text that looks like a credential; prose around it stays as it is. Never throws. */
export function redactText(text: string): string {
  let out = text.includes('PRIVATE KEY') ? text.replace(PRIVATE_KEY, MASK) : text
  if (out.includes('://')) out = out.replace(USERINFO, `://${MASK}@`)
  out = maskValues(out, PAIR, pairEnd)
  if (out.includes('--')) out = maskValues(out, OPTION, (at) => unquotedEnd(at.text, at.from, WORD_END))
  out = out.replace(SCHEME, (whole, scheme: string, word: string) => (looksSecret(word) ? `${scheme} ${MASK}` : whole))
  out = out.replace(QUERY_KEY, `$1${MASK}`)
  for (const pattern of TOKENS) out = out.replace(pattern, MASK)
  return out
}

interface Place {
  readonly text: string
  readonly name: string
  /** Where the pattern matched, and where the value begins. */
  readonly nameAt: number
  readonly from: number
}

/** Where an unquoted value ends; -1 when it is ordinary prose. */
type EndOf = (place: Place) => number

function maskValues(text: string, pattern: RegExp, endOf: EndOf): string {
  // A copy of its own: the shared one would carry `lastIndex` from text to text.
  const finder = new RegExp(pattern.source, pattern.flags)
  let out = ''
  let done = 0
  for (let match = finder.exec(text); match; match = finder.exec(text)) {
    const name = match[1] ?? ''
    const from = match.index + match[0].length
    if (!isSecretName(name)) continue
    const opening = openingQuote(text, from)
    const start = from + opening.length
    const end = opening === '' ? endOf({ text, name, nameAt: match.index, from }) : quotedEnd(text, start, opening)
    if (end <= start || keeps(name, text.slice(start, Math.min(end, start + 24)))) continue
    out += text.slice(done, start) + MASK
    done = end
    finder.lastIndex = Math.max(end, finder.lastIndex)
  }
  return out + text.slice(done)
}

/** Backslashes and a quote, or nothing. `\"` opens a string of JSON that stands inside a string. */
function openingQuote(text: string, from: number): string {
  let at = from
  while (text[at] === '\\' && at - from < 8) at += 1
  const quote = text[at]
  return quote === '"' || quote === "'" || quote === '`' ? text.slice(from, at + 1) : ''
}

/** The same quote behind the same number of backslashes. Without one the text was cut, and the rest is all value. */
function quotedEnd(text: string, start: number, opening: string): number {
  const quote = opening.slice(-1)
  const escapes = opening.length - 1
  let slashes = 0
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') slashes += 1
    else {
      const closes = escapes === 0 ? slashes % 2 === 0 : slashes === escapes
      if (text[at] === quote && closes) return at - escapes
      slashes = 0
    }
  }
  return text.length
}

const WORD_END = /[\s"'`<>]/
const LIST_END = /[\s,;&"'`}\])<>]/
const LINE_END = /[\r\n"'`]/

function unquotedEnd(text: string, from: number, stop: RegExp): number {
  let at = from
  while (at < text.length) {
    if (text.startsWith(MASK, at)) at += MASK.length
    else if (stop.test(text[at] as string)) break
    else at += 1
  }
  return at
}

function pairEnd({ text, name, nameAt, from }: Place): number {
  if (text[from] === '{' || (text[from] === '[' && !text.startsWith(MASK, from))) return -1
  const spaced = text[from - 1] === ' ' || text[from - 1] === '\t'
  const colon = text.slice(nameAt, from).trimEnd().endsWith(':')
  if (colon && isHeaderName(name)) return unquotedEnd(text, from, LINE_END)
  const environment = !colon && /^[A-Z_][A-Z0-9_]*$/.test(name)
  const end = unquotedEnd(text, from, environment ? WORD_END : LIST_END)
  const word = text.slice(from, end)
  if (ORDINARY.test(word)) return -1
  // `token: expired yesterday` is a sentence, `token: swordfish` alone on its line is a setting.
  if (colon && spaced && /^[a-z]{1,24}[.!?]?$/.test(word) && !aloneOnLine(text, nameAt, end)) return -1
  return end
}

function aloneOnLine(text: string, from: number, to: number): boolean {
  // A few characters back and no further: a long line must not be searched again for every pair in it.
  const head = text.slice(Math.max(0, from - 16), from)
  const lineAt = head.lastIndexOf('\n') + 1
  if (lineAt === 0 && from > 16) return false
  return /^[\s"'-]*$/.test(head.slice(lineAt)) && /^[\s"',]*(?:\n|$)/.test(text.slice(to, to + 16))
}

/** Counts and flags are no secrets: `max_tokens=4096`, `"token": null`. */
function keeps(name: string, value: string): boolean {
  if (/^(?:true|false|null|undefined|none)$/i.test(value) || value === MASK) return true
  return isCountedName(name) && /^[\d._]{1,16}$/.test(value)
}

/** `Bearer authentication` is prose; a credential has digits, capitals inside, or signs that words lack. */
function looksSecret(word: string): boolean {
  return /\d|[=_~+]|.[A-Z]/.test(word) || (word.length >= 20 && !word.includes('-'))
}
