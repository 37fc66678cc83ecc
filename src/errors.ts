/** One error class for everything, told apart by a closed set of codes and by what became of the request. */
import { redactText } from './redact.js'

export const ERROR_CODES = [
  'aborted',
  'deadline_exceeded',
  'closed',
  'unreachable',
  'unauthenticated',
  'permission_denied',
  'incompatible',
  'unsupported',
  'protocol',
  'invalid_message',
  'too_large',
  'invalid_argument',
  'not_found',
  'conflict',
  'rate_limited',
  'unavailable',
  'remote',
  'exited',
  'slow_consumer',
  'resume_gap',
  'circuit_open',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** Did the request reach the peer? `no` is a promise that it had no effect; `maybe` says that nobody here can know. */
export type Sent = 'no' | 'maybe' | 'yes'

export interface ErrorFacts {
  readonly code: ErrorCode
  /** What failed and the facts, as one or more sentences. Redacted by the constructor. */
  readonly message: string
  /** What to do next; appended to the message. */
  readonly hint?: string | undefined
  readonly sent?: Sent | undefined
  readonly system?: string | undefined
  readonly transport?: string | undefined
  readonly op?: string | undefined
  readonly attempt?: number | undefined
  readonly retryable?: boolean | undefined
  readonly status?: number | undefined
  /** What the system itself calls the failure. */
  readonly remoteCode?: string | undefined
  readonly exitCode?: number | null | undefined
  /** The signal that ended a child process. */
  readonly signal?: string | null | undefined
  readonly stderrTail?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/** Codes after which the same call may succeed later. A hint only: the retry policy obeys `sent`. */
const RETRYABLE: readonly ErrorCode[] = [
  'deadline_exceeded',
  'closed',
  'unreachable',
  'rate_limited',
  'unavailable',
  'exited',
  'slow_consumer',
  'circuit_open',
]

/** What an error shows of its facts, beside its message; in this order in JSON. */
const SHOWN = [
  'code',
  'sent',
  'retryable',
  'system',
  'transport',
  'op',
  'attempt',
  'status',
  'remoteCode',
  'exitCode',
  'signal',
  'stderrTail',
  'retryAfterMs',
] as const

// Registered, so that two copies of the package recognise each other's errors.
const BRAND = /* @__PURE__ */ Symbol.for('signalbox.error')

type Facts = Readonly<Record<string, unknown>>

/** Texts may repeat what a peer said, and are redacted; what an error is called and where it happened comes from us. */
function put(error: object, key: string, given: unknown): void {
  const value = typeof given === 'string' && /^(?:message|remoteCode|stderrTail)$/.test(key) ? redactText(given) : given
  const enumerable = key !== 'message' && key !== 'cause'
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable })
}

export class SignalboxError extends Error {
  override readonly name: string = 'SignalboxError'
  declare readonly code: ErrorCode
  declare readonly sent: Sent
  declare readonly retryable: boolean
  declare readonly system?: string
  declare readonly transport?: string
  declare readonly op?: string
  declare readonly attempt?: number
  declare readonly status?: number
  declare readonly remoteCode?: string
  declare readonly exitCode?: number | null
  declare readonly signal?: string | null
  declare readonly stderrTail?: string
  declare readonly retryAfterMs?: number

  constructor(facts: ErrorFacts) {
    const { message, hint, sent = 'no', retryable = RETRYABLE.includes(facts.code) } = facts
    // The facts are the options: a cause is taken from them only if they have one.
    super(redactText(hint === undefined ? message : `${message} ${hint}`), facts as ErrorOptions)
    const all: Facts = { ...facts, sent, retryable }
    for (const key of SHOWN) if (all[key] !== undefined) put(this, key, all[key])
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** Is it ours, from whichever copy of the package, and of this code? */
  static is<Code extends ErrorCode = ErrorCode>(value: unknown, code?: Code): value is SignalboxError & { readonly code: Code } {
    const error = Object(value) as { readonly code?: unknown }
    return BRAND in error && (code === undefined || error.code === code)
  }

  /** Only the known fields: a `cause` may hold anything, so it stays out of logs and of the wire. */
  toJSON(): Record<string, unknown> {
    const known = this as Facts
    return Object.fromEntries(['name', 'message', ...SHOWN].map((key) => [key, known[key]]))
  }
}

const CERTAINTY: readonly Sent[] = ['no', 'maybe', 'yes']

/** What became of several attempts taken together: nothing was sent only if none of them sent anything. */
export function worseSent(one: Sent, other: Sent): Sent {
  return CERTAINTY.indexOf(other) > CERTAINTY.indexOf(one) ? other : one
}

/**
 * The same failure with facts that only an outer layer knows: what the inner layer said wins, save for `overrides`. Gives a copy, of
 * the same class and with the same stack, because one failure may be the answer to many calls; private `#fields` do not survive.
 */
export function withFacts<E extends SignalboxError>(
  error: E,
  defaults: Partial<ErrorFacts>,
  overrides: Partial<ErrorFacts> = {},
): E {
  const known = error as unknown as Facts
  const added = [
    ...Object.entries(defaults).filter(([key]) => known[key] === undefined),
    // The name belongs to the class: facts may come from an error of another one.
    ...Object.entries(overrides).filter(([key, value]) => key !== 'name' && known[key] !== value),
  ].filter(([, value]) => value !== undefined)
  if (added.length === 0) return error
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error)) as E
  // The stack not by its descriptor: some engines make it an accessor that answers for the object it is asked on.
  const stack = { value: error.stack, writable: true, configurable: true }
  Object.defineProperties(copy, { ...Object.getOwnPropertyDescriptors(error), stack })
  for (const [key, value] of added) put(copy, key, value)
  return copy
}
