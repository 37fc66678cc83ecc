/** Secrets go in and never come out: not to interceptors, not into errors, not back to the caller. */
import { createRedactor } from '../redact.js'
import { isRecord, type Loose } from './shapes.js'

const MASK = '[redacted]'

/** Arguments whose every value is a secret, whatever its name; inside a profile too, where old daemons take secrets from `env`. */
const SECRET_ARGS = new Set(['set', 'env', 'env_private', 'auth_json', 'token', 'tokens', 'secret'])
const SECRET_OPS = /^(?:actor_(?:add|env_private|profile)|group_space_provider|im_(?:set|bind)|remote_access|membership)/

function eachSecret(op: string, args: Loose, visit: (holder: Loose, key: string) => void): void {
  if (!SECRET_OPS.test(op)) return
  for (const holder of [args, args.profile]) {
    if (!isRecord(holder)) continue
    for (const key of Object.keys(holder)) if (SECRET_ARGS.has(key)) visit(holder, key)
  }
}

function masked(value: unknown): unknown {
  if (!isRecord(value)) return MASK
  return Object.fromEntries(Object.keys(value).map((key) => [key, MASK]))
}

/** What an interceptor, and so a log, gets to see. */
export function withoutSecrets(op: string, args: Loose): Loose {
  let copy = args
  eachSecret(op, args, (holder, key) => {
    if (copy === args) copy = { ...args }
    if (holder === args) copy[key] = masked(args[key])
    else copy.profile = { ...(copy.profile as Loose), [key]: masked(holder[key]) }
  })
  return copy
}

/** Takes the secrets of this very call out of what the daemon says about it: its validator repeats the values that it refuses. */
export function scrubberFor(op: string, args: Loose): (value: unknown) => unknown {
  const secrets: string[] = []
  eachSecret(op, args, (holder, key) => gather(holder[key], secrets))
  const redactor = createRedactor(secrets)
  return (value) => (secrets.length > 0 ? redactor.value(value) : value)
}

function gather(value: unknown, into: string[]): void {
  if (typeof value === 'string') into.push(value)
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) gather(item, into)
}

/** A mask shows two characters from each end of a secret, so it is one itself. */
export function withoutMasks(result: Loose): Loose {
  if (!('masked_values' in result)) return result
  const { masked_values: _, ...rest } = result
  return rest
}
