/** The names of a store on the server: its stream, its subjects, and names and keys as single tokens of a subject. */
import { sha256Hex } from '../../src/core/sha256.js'
import { SignalboxError } from '../../src/errors.js'

/** A token is longer than a key, because it is escaped. The server limits a whole subject to 4 KiB. */
const MAX_TOKEN = 200
const encoder = /* @__PURE__ */ new TextEncoder()
const decoder = /* @__PURE__ */ new TextDecoder()

/** What a log, a map and a lease store are called on the server. */
export interface Subjects {
  readonly stream: string
  /** Every subject that the stream stores. */
  readonly stored: string
  /** Where the server announces each entry that it stored. */
  readonly announced: string
  /** The entries of all logs. */
  readonly logs: string
  entries(log: string): string
  announcements(log: string): string
  /** The position before which the entries of a log were deleted. */
  floor(log: string): string
  value(map: string, key: string): string
  values(map: string): string
  lease(store: string, key: string): string
  /** The leases of this key in every lease store. */
  leases(key: string): string
  /** A message that lives for a second and carries the check of a lease. */
  readonly check: string
}

/** Makes the names for a prefix. Throws `invalid_argument`. */
export function subjectsFor(prefix: string): Subjects {
  if (!/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(prefix) || prefix.length > MAX_TOKEN) {
    throw new SignalboxError({
      code: 'invalid_argument',
      message: `The prefix ${JSON.stringify(prefix)} is not valid.`,
      hint: 'Use letters, digits and hyphens, with dots between them.',
    })
  }
  const stored = `${prefix}.store`
  const announced = `${prefix}.news`
  return {
    stream: prefix.replaceAll('.', '_'),
    stored: `${stored}.>`,
    announced: `${announced}.log.>`,
    logs: `${stored}.log.>`,
    entries: (log) => `${stored}.log.${toToken(log)}`,
    announcements: (log) => `${announced}.log.${toToken(log)}`,
    floor: (log) => `${stored}.floor.${toToken(log)}`,
    value: (map, key) => `${stored}.kv.${toToken(map)}.${toToken(key)}`,
    values: (map) => `${stored}.kv.${toToken(map)}.*`,
    lease: (store, key) => `${stored}.lease.${toToken(store)}.${toToken(key)}`,
    leases: (key) => `${stored}.lease.*.${toToken(key)}`,
    check: `${stored}.check`,
  }
}

/** A name as one token. `=` and two digits stand for a byte; a name that gets too long is replaced by a `~` and its hash. */
export function toToken(name: string): string {
  let token = ''
  for (const byte of encoder.encode(name)) {
    const character = String.fromCharCode(byte)
    token += /[A-Za-z0-9_\-/:#@+,]/.test(character) ? character : `=${byte.toString(16).padStart(2, '0')}`
  }
  return token.length <= MAX_TOKEN ? token : `~${sha256Hex(name)}`
}

/** The name of a token. Undefined where only the hash is known: then the message itself carries the name. */
export function fromToken(token: string): string | undefined {
  if (token.startsWith('~')) return undefined
  const bytes: number[] = []
  for (let at = 0; at < token.length; at += 1) {
    if (token[at] !== '=') bytes.push(token.charCodeAt(at))
    else {
      bytes.push(Number.parseInt(token.slice(at + 1, at + 3), 16))
      at += 2
    }
  }
  return decoder.decode(Uint8Array.from(bytes))
}
