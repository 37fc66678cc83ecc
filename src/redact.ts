/** The one redactor: every error message, log line, trace attribute and recording goes through it. */

const MASK = '[redacted]'

/** Shapes of credentials that the five systems and their hosts use. */
const TOKENS: readonly RegExp[] = [
  /\bsk-ant-[\w-]{6,}/g,
  /\bsk-[A-Za-z0-9][\w-]{14,}/g,
  /\bcs_(?:live|test)_[\w-]{4,}/g,
  /\b(?:cmdop|cmd|sbx|xox[abprs]|gh[pousr])_[\w-]{12,}/g,
  /\bgithub_pat_\w{12,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+/g,
]

const AUTHORIZATION = /\b(bearer|basic)\s+[\w.~+/=-]{4,}/gi

/** Words that mark the value beside them as a secret, in JSON, headers, query strings and environment lines alike. */
const SECRET_NAME =
  /(?:^|[_.\-\s])(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|authorization|cookie|credential|ticket|pin)s?$/i

const PAIR =
  /(["']?)([A-Za-z][\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie|ticket)|password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie|ticket)\1(\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'}\])]+)/gi

const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi

export function isSecretName(name: string): boolean {
  // camelCase is cut into words first, so that `accessToken` is one and `tokenizer` is not.
  return SECRET_NAME.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2'))
}

/** Masks everything in a text that looks like a credential. Cheap for the texts that hold none. */
export function redactText(text: string): string {
  let out = text
  for (const pattern of TOKENS) out = out.replace(pattern, MASK)
  out = out.replace(AUTHORIZATION, `$1 ${MASK}`)
  out = out.replace(USERINFO, `$1${MASK}@`)
  return out.replace(PAIR, (whole, quote: string, name: string, sep: string, value: string) => {
    if (value.includes(MASK) || /^(?:true|false|null|undefined|\d{1,4})$/.test(value)) return whole
    if (/^(?:bearer|basic)$/i.test(value)) return whole
    const mark = value[0] === '"' || value[0] === "'" ? value[0] : ''
    return `${quote}${name}${quote}${sep}${mark}${MASK}${mark}`
  })
}

export interface Redactor {
  text(text: string): string
  /** A deep copy in which values under secret names, and known secrets anywhere, are masked. */
  value(value: unknown): unknown
}

/** A redactor that also knows exact secrets, as a client knows its own token. */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = [...secrets].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length)
  const text = (input: string): string => {
    let out = input
    for (const secret of known) out = out.split(secret).join(MASK)
    return redactText(out)
  }
  const value = (input: unknown, depth = 0): unknown => {
    if (typeof input === 'string') return text(input)
    if (typeof input !== 'object' || input === null) return input
    if (depth > 16) return '[too deep]'
    if (Array.isArray(input)) return input.map((item) => value(item, depth + 1))
    if (ArrayBuffer.isView(input)) return `[${input.byteLength} bytes]`
    const out: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(input)) {
      const hide = isSecretName(key) && item !== null && item !== undefined && typeof item !== 'boolean'
      out[key] = hide ? MASK : value(item, depth + 1)
    }
    return out
  }
  return { text, value: (input) => value(input) }
}
