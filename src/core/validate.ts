/** How to treat an answer that does not fit its schema: report and deliver it, refuse it, or skip the check. */
import { SignalboxError, type ErrorFacts } from '../errors.js'
import { notifyObserver } from './policy/policy.js'

export type Validation = 'strict' | 'warn' | 'off'

/** Any zod (mini) schema, without depending on zod here. */
export interface Schema<Output> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: Output }
    | {
        readonly success: false
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }
      }
}

/** Names the path and never the value, which may be a prompt or a secret. */
export interface InvalidMessage {
  readonly type: 'invalid'
  readonly op: string
  readonly path: string
  readonly message: string
}

export interface ValidateOptions {
  readonly validate: Validation
  readonly op: string
  readonly facts?: Partial<ErrorFacts>
  readonly onInvalid?: ((report: InvalidMessage) => void) | undefined
}

export function validated<Output>(schema: Schema<Output>, value: unknown, options: ValidateOptions): Output {
  if (options.validate === 'off') return value as Output
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path.map(String).join('.') || '(top)'
  const message = issue?.message ?? 'does not fit'
  if (options.validate === 'strict') {
    throw new SignalboxError({
      ...options.facts,
      op: options.op,
      code: 'invalid_message',
      message: `The answer to ${options.op} does not fit its schema at ${path}: ${message}.`,
      hint: "The peer may be newer than this client: update, or use validate: 'warn' to take the answer as it is.",
      sent: 'yes',
    })
  }
  notifyObserver(options.onInvalid, { type: 'invalid', op: options.op, path, message })
  return value as Output
}
