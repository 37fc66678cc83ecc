/** Keeps secrets away from interceptors, errors and results. */
import { redactText } from '../redact-text.js'
import { isSecretName } from '../secret-names.js'
import { isRecord } from '../core/is-record.js'
import type { Loose } from './shapes.js'

const MASK = '[redacted]'

/** Arguments whose values are all secrets; in a profile as well, because old daemons take secrets from its `env`. */
const SECRET_ARGS = new Set(['set', 'env', 'env_private', 'auth_json', 'token', 'tokens', 'secret'])
const SECRET_OPS = /^(?:actor_(?:add|env_private|profile)|group_space_provider|im_(?:set|bind)|remote_access|membership)/

function eachSecret(op: string, args: Loose, visit: (holder: Loose, key: string) => void): void {
  if (!SECRET_OPS.test(op)) return
  for (const holder of [args, args.profile]) {
    if (!isRecord(holder)) continue
    for (const key of Object.keys(holder)) if (SECRET_ARGS.has(key)) visit(holder, key)
  }
}

const each = (record: Loose, change: (value: unknown, key: string) => unknown): Loose =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))

/** The arguments for interceptors and logs: secrets are masked. */
export function withoutSecrets(op: string, args: Loose): Loose {
  let copy = args
  eachSecret(op, args, (holder, key) => {
    const value = isRecord(holder[key]) ? each(holder[key], () => MASK) : MASK
    copy = holder === args ? { ...copy, [key]: value } : { ...copy, profile: { ...(copy.profile as Loose), [key]: value } }
  })
  return copy
}

/** Masks the secrets of this call in the daemon's answer: its validator repeats the values that it refuses. */
export function scrubberFor(op: string, args: Loose): <T>(value: T) => T {
  const secrets = new Set<string>()
  const gather = (value: unknown): void => {
    if (typeof value === 'string' && value.length > 3) {
      secrets.add(value).add(JSON.stringify(value).slice(1, -1))
      try {
        secrets.add(encodeURIComponent(value))
      } catch {
        // A lone surrogate cannot be encoded, so it is in no URL.
      }
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(gather)
  }
  eachSecret(op, args, (holder, key) => gather(holder[key]))
  if (secrets.size === 0) return (value) => value
  // Longest first: a short secret inside a long one would leave the rest of it.
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length)
  const text = (input: string): string => redactText(longestFirst.reduce((out, secret) => out.replaceAll(secret, MASK), input))
  // An answer is JSON, so there are no other types.
  const scrub = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(scrub)
    if (!isRecord(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), hides(key, item) ? MASK : scrub(item)]))
  }
  return scrub as <T>(value: T) => T
}

/** A value under a key such as `token` is masked, in any object. */
const hides = (key: string, value: unknown): boolean => value !== null && typeof value !== 'boolean' && isSecretName(key)

/** Removes the daemon's masks: each shows two characters from both ends of a secret. */
export function withoutMasks({ masked_values: _, ...rest }: Loose): Loose {
  return rest
}
