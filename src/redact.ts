/** The one redactor: every error message, log line, trace attribute and recording goes through it. */
import { MASK, redactText } from './redact-text.js'
import { COUNTED_NAME, isSecretName } from './secret-names.js'

export { redactText } from './redact-text.js'
export { isSecretName } from './secret-names.js'

/** Masks secrets in texts and in data. */
export interface Redactor {
  /**
   * Masks the known secrets and everything that looks like a credential.
   *
   * @example
   * import { createRedactor } from 'signalbox'
   *
   * console.log(createRedactor(['hunter2']).text('the password was hunter2'))
   */
  text(text: string): string
  /**
   * A deep copy as plain data in which values under secret names, and known secrets anywhere, are masked. Maps become objects, errors
   * keep their causes, circular and very deep parts are cut off, and unreadable values are marked as such. Never throws.
   *
   * @example
   * import { createRedactor } from 'signalbox'
   *
   * console.log(createRedactor().value({ user: 'ann', password: 'hunter2' }))
   */
  value(value: unknown): unknown
}

const DEEPEST = 16

/**
 * A redactor that also knows exact secrets, as a client knows its own token.
 *
 * @example
 * import { createRedactor, log } from 'signalbox'
 *
 * export const logging = log({ redactor: createRedactor([process.env.MY_TOKEN ?? '']) })
 */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = spellings(secrets)
  const text = (input: string): string => {
    let out = input
    for (const secret of known) if (out.includes(secret)) out = out.split(secret).join(MASK)
    return redactText(out)
  }

  /** State of one copy: an object inside itself is a circle; an object that occurs twice is copied once. */
  const walk = (root: unknown): unknown => {
    const copies = new Map<object, unknown>()

    const value = (input: unknown, depth: number): unknown => {
      if (typeof input === 'string') return text(input)
      if (typeof input === 'function' || typeof input === 'symbol') return `[${typeof input}]`
      if (typeof input !== 'object' || input === null) return input
      if (copies.has(input)) return copies.get(input)
      if (depth > DEEPEST) return '[too deep]'
      copies.set(input, '[circular]')
      const copy = attempt(() => object(input, depth))
      copies.set(input, copy)
      return copy
    }

    const object = (input: object, depth: number): unknown => {
      if (ArrayBuffer.isView(input)) return `[${input.byteLength} bytes]`
      if (input instanceof ArrayBuffer) return `[${input.byteLength} bytes]`
      if (input instanceof Date) return Number.isNaN(input.getTime()) ? 'Invalid Date' : input.toISOString()
      if (input instanceof URL || input instanceof URLSearchParams || input instanceof RegExp) return text(String(input))
      if (input instanceof Promise || input instanceof WeakMap || input instanceof WeakSet) return '[opaque]'
      if (Array.isArray(input)) return input.map((item) => value(item, depth + 1))
      if (input instanceof Set) return Array.from(input, (item) => value(item, depth + 1))
      if (input instanceof Map || input instanceof Headers) {
        return fields(
          [...input].map(([key, item]) => [attempt(() => String(key)) as string, () => item]),
          depth,
        )
      }
      return fields([...errorFields(input), ...ownFields(input)], depth)
    }

    const fields = (entries: readonly Field[], depth: number): Record<string, unknown> => {
      const pairs = entries.map(([name, read]): [string, unknown] => {
        const item = attempt(read)
        return [text(name), hides(name, item) ? MASK : value(item, depth + 1)]
      })
      // Defined, not assigned: a field named __proto__ is data.
      const copy = Object.fromEntries(pairs)
      // The format of HAR and of many configurations: { name: 'Authorization', value: '...' }.
      const called = copy.name ?? copy.key
      if (typeof called === 'string' && isSecretName(called) && hides(called, copy.value)) copy.value = MASK
      return copy
    }

    return value(root, 0)
  }

  return { text, value: walk }
}

type Field = readonly [name: string, read: () => unknown]

function ownFields(input: object): Field[] {
  return Object.keys(input).map((name) => [name, () => (input as Record<string, unknown>)[name]])
}

/** Properties of an error that `Object.keys` does not list. The stack is left out: it repeats the message and shows paths. */
function errorFields(input: object): Field[] {
  if (!(input instanceof Error)) return []
  const hidden = ['name', 'message', ...('cause' in input ? ['cause'] : []), ...('errors' in input ? ['errors'] : [])]
  return hidden.map((name) => [name, () => (input as unknown as Record<string, unknown>)[name]])
}

function hides(name: string, item: unknown): boolean {
  if (item === null || item === undefined || typeof item === 'boolean' || !isSecretName(name)) return false
  if (!COUNTED_NAME.test(name)) return true
  // `tokens: { input: 5 }` is a count, `tokens: ['abc']` is not.
  if (typeof item === 'number' || typeof item === 'bigint') return false
  return !(typeof item === 'object' && attempt(() => Object.values(item).every((part) => typeof part === 'number')) === true)
}

/** Getters, proxies and revoked objects may throw when they are looked at. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return '[unreadable]'
  }
}

/** A secret as plain text, in a URL, and inside JSON; longest first, so that masking one form leaves no part of another. */
function spellings(secrets: Iterable<string>): string[] {
  const all = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < 4) continue
    all.add(secret)
    all.add(JSON.stringify(secret).slice(1, -1))
    const encoded = attempt(() => encodeURIComponent(secret))
    if (encoded !== '[unreadable]') all.add(encoded as string)
  }
  return [...all].sort((one, other) => other.length - one.length)
}
