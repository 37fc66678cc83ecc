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
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'deadline_exceeded',
  'closed',
  'unreachable',
  'rate_limited',
  'unavailable',
  'exited',
  'slow_consumer',
  'circuit_open',
])

// Registered, so that two copies of the package recognise each other's errors.
const BRAND = Symbol.for('signalbox.error')

export class SignalboxError extends Error {
  override readonly name: string = 'SignalboxError'
  readonly code: ErrorCode
  readonly sent: Sent
  readonly retryable: boolean
  readonly system?: string
  readonly transport?: string
  readonly op?: string
  readonly attempt?: number
  readonly status?: number
  readonly remoteCode?: string
  readonly exitCode?: number | null
  readonly signal?: string | null
  readonly stderrTail?: string
  readonly retryAfterMs?: number

  constructor(facts: ErrorFacts) {
    const text = facts.hint === undefined ? facts.message : `${facts.message} ${facts.hint}`
    super(redactText(text), 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = facts.code
    this.sent = facts.sent ?? 'no'
    this.retryable = facts.retryable ?? RETRYABLE.has(facts.code)
    if (facts.system !== undefined) this.system = facts.system
    if (facts.transport !== undefined) this.transport = facts.transport
    if (facts.op !== undefined) this.op = facts.op
    if (facts.attempt !== undefined) this.attempt = facts.attempt
    if (facts.status !== undefined) this.status = facts.status
    if (facts.remoteCode !== undefined) this.remoteCode = redactText(facts.remoteCode)
    if (facts.exitCode !== undefined) this.exitCode = facts.exitCode
    if (facts.signal !== undefined) this.signal = facts.signal
    if (facts.stderrTail !== undefined) this.stderrTail = redactText(facts.stderrTail)
    if (facts.retryAfterMs !== undefined) this.retryAfterMs = facts.retryAfterMs
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** Is it ours, from whichever copy of the package, and of this code? */
  static is<Code extends ErrorCode = ErrorCode>(value: unknown, code?: Code): value is SignalboxError & { readonly code: Code } {
    if (typeof value !== 'object' || value === null || !(BRAND in value)) return false
    return code === undefined || (value as { code?: unknown }).code === code
  }

  /** Only the known fields: a `cause` may hold anything, so it stays out of logs and of the wire. */
  toJSON(): Record<string, unknown> {
    const { name, message, code, sent, retryable, system, transport, op, attempt, status } = this
    const { remoteCode, exitCode, signal, stderrTail, retryAfterMs } = this
    const all = { name, message, code, sent, retryable, system, transport, op, attempt, status }
    return { ...all, remoteCode, exitCode, signal, stderrTail, retryAfterMs }
  }
}

const CERTAINTY: Readonly<Record<Sent, number>> = { no: 0, maybe: 1, yes: 2 }

/** What became of several attempts taken together: nothing was sent only if none of them sent anything. */
export function worseSent(one: Sent, other: Sent): Sent {
  return CERTAINTY[other] > CERTAINTY[one] ? other : one
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
  const known = error as unknown as Readonly<Record<string, unknown>>
  const added: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(defaults)) {
    if (value !== undefined && known[key] === undefined) added[key] = value
  }
  for (const [key, value] of Object.entries(overrides)) {
    // The name belongs to the class: facts may come from an error of another one.
    if (value !== undefined && key !== 'name' && known[key] !== value) added[key] = value
  }
  if (Object.keys(added).length === 0) return error
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error)) as E
  const { stack, ...own } = Object.getOwnPropertyDescriptors(error)
  Object.defineProperties(copy, own)
  // Not by its descriptor: some engines make the stack an accessor that answers for the object it is asked on.
  Object.defineProperty(copy, 'stack', { value: error.stack, writable: true, configurable: true })
  for (const [key, value] of Object.entries(added)) {
    const hidden = key === 'message' || key === 'cause'
    const safe = typeof value === 'string' && REDACTED_FIELDS.has(key) ? redactText(value) : value
    Object.defineProperty(copy, key, { value: safe, writable: true, configurable: true, enumerable: !hidden })
  }
  return copy
}

const REDACTED_FIELDS: ReadonlySet<string> = new Set(['message', 'remoteCode', 'stderrTail'])
