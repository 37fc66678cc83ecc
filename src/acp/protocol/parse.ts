import type * as z from 'zod/mini'
import { SignalboxError } from '../../errors.js'

/** The path of a schema issue, as a caller would write it. */
const pathOf = (path: readonly PropertyKey[]): string => (path.length === 0 ? 'the value' : path.map(String).join('.'))

/** Checks a message against its schema. The error names the path that is broken, and not the value, which may be a secret. */
export function parseMessage<Schema extends z.ZodMiniType>(schema: Schema, value: unknown, op: string): z.infer<Schema> {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data as z.infer<Schema>
  const issue = checked.error.issues[0]
  throw new SignalboxError({
    code: 'invalid_message',
    system: 'acp',
    op,
    sent: 'yes',
    message: `${op} is not valid: ${issue ? `${pathOf(issue.path)} (${issue.code})` : 'unknown reason'}.`,
  })
}
