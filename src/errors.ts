/** The error class of the package, its closed set of codes, and `sent`: whether the request reached the peer. */
import { redactText } from './redact.js'

/** Every code that an error of this package can have. */
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

/** What kind of failure it is; see `docs/errors.md`. The system's own name for it is in `remoteCode`. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/** Did the request reach the peer? `no` is a promise that it had no effect; `maybe` means that it is unknown. */
export type Sent = 'no' | 'maybe' | 'yes'

/** The facts that an error is made of. */
export interface ErrorFacts {
  /** What kind of failure it is. */
  readonly code: ErrorCode
  /** What failed and the facts, as one or more sentences. Redacted by the constructor. */
  readonly message: string
  /** What to do next; appended to the message. */
  readonly hint?: string | undefined
  /** Whether the request reached the peer. Default `no`. */
  readonly sent?: Sent | undefined
  /** The system that was called, such as `ccc`. */
  readonly system?: string | undefined
  /** The name of the transport. */
  readonly transport?: string | undefined
  /** The operation that failed. */
  readonly op?: string | undefined
  /** Which attempt failed, from 1. */
  readonly attempt?: number | undefined
  /** Default: depends on the code; see `docs/errors.md`. */
  readonly retryable?: boolean | undefined
  /** The HTTP status, where the peer gave one. */
  readonly status?: number | undefined
  /** What the system itself calls the failure. */
  readonly remoteCode?: string | undefined
  /** The exit code of a child process. */
  readonly exitCode?: number | null | undefined
  /** The signal that ended a child process. */
  readonly signal?: string | null | undefined
  /** The end of what a child process wrote to stderr. Redacted by the constructor. */
  readonly stderrTail?: string | undefined
  /** How long the peer asks to wait. */
  readonly retryAfterMs?: number | undefined
  /** The failure behind this one. It is neither redacted nor part of the JSON of the error. */
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

/** The facts that an error shows beside its message, in the order of its JSON. */
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

/** These texts may come from a peer, so they are redacted. All other facts come from this package. */
function put(error: object, key: string, given: unknown): void {
  const value = typeof given === 'string' && /^(?:message|remoteCode|stderrTail)$/.test(key) ? redactText(given) : given
  const enumerable = key !== 'message' && key !== 'cause'
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable })
}

/**
 * The one error class of this package; every system has subclasses of it. Tell errors apart by `code` and `sent`, never by the message.
 *
 * @example
 * import { SignalboxError } from 'signalbox'
 *
 * export async function tryTwice<Result>(work: () => Promise<Result>): Promise<Result> {
 *   return work().catch((error: unknown) => {
 *     // Nothing was sent, so a second try cannot act twice.
 *     if (SignalboxError.is(error) && error.sent === 'no' && error.retryable) return work()
 *     throw error
 *   })
 * }
 */
export class SignalboxError extends Error {
  /** The name of the class. */
  override readonly name: string = 'SignalboxError'
  /** What kind of failure it is. */
  declare readonly code: ErrorCode
  /** Whether the request reached the peer. */
  declare readonly sent: Sent
  /** The same call may succeed later. A hint only: whether it is safe to repeat depends on `sent`. */
  declare readonly retryable: boolean
  /** The system that was called, such as `ccc`. */
  declare readonly system?: string
  /** The name of the transport. */
  declare readonly transport?: string
  /** The operation that failed. */
  declare readonly op?: string
  /** Which attempt failed, from 1. */
  declare readonly attempt?: number
  /** The HTTP status, where the peer gave one. */
  declare readonly status?: number
  /** What the system itself calls the failure. */
  declare readonly remoteCode?: string
  /** The exit code of a child process. */
  declare readonly exitCode?: number | null
  /** The signal that ended a child process. */
  declare readonly signal?: string | null
  /** The end of what a child process wrote to stderr. */
  declare readonly stderrTail?: string
  /** How long the peer asks to wait. */
  declare readonly retryAfterMs?: number

  constructor(facts: ErrorFacts) {
    const { message, hint, sent = 'no', retryable = RETRYABLE.includes(facts.code) } = facts
    // `cause` is passed on only if the facts have one.
    super(redactText(hint === undefined ? message : `${message} ${hint}`), facts as ErrorOptions)
    const all: Facts = { ...facts, sent, retryable }
    for (const key of SHOWN) if (all[key] !== undefined) put(this, key, all[key])
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** True for an error of this package, also from another copy of it, with this code if one is given. */
  static is<Code extends ErrorCode = ErrorCode>(value: unknown, code?: Code): value is SignalboxError & { readonly code: Code } {
    const error = Object(value) as { readonly code?: unknown }
    return BRAND in error && (code === undefined || error.code === code)
  }

  /** Only the known fields. `cause` is omitted, because it is not redacted. */
  toJSON(): Record<string, unknown> {
    const known = this as Facts
    return Object.fromEntries(['name', 'message', ...SHOWN].map((key) => [key, known[key]]))
  }
}

const CERTAINTY: readonly Sent[] = ['no', 'maybe', 'yes']

/** `sent` of several attempts together: `no` only if every attempt has `no`. */
export function worseSent(one: Sent, other: Sent): Sent {
  return CERTAINTY.indexOf(other) > CERTAINTY.indexOf(one) ? other : one
}

/**
 * Adds facts that only an outer layer knows. Facts of the inner layer win, except over `overrides`. Returns a copy with the same class and
 * stack, because one failure may fail many calls. Private `#fields` are lost.
 */
export function withFacts<E extends SignalboxError>(
  error: E,
  defaults: Partial<ErrorFacts>,
  overrides: Partial<ErrorFacts> = {},
): E {
  const known = error as unknown as Facts
  const added = [
    ...Object.entries(defaults).filter(([key]) => known[key] === undefined),
    // The class decides the name: the facts may come from an error of another class.
    ...Object.entries(overrides).filter(([key, value]) => key !== 'name' && known[key] !== value),
  ].filter(([, value]) => value !== undefined)
  if (added.length === 0) return error
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error)) as E
  // `stack` is copied by value: in some engines it is an accessor that depends on its object.
  const stack = { value: error.stack, writable: true, configurable: true }
  Object.defineProperties(copy, { ...Object.getOwnPropertyDescriptors(error), stack })
  for (const [key, value] of added) put(copy, key, value)
  return copy
}
