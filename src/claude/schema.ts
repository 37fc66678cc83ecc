/** Full schemas of the lines that carry meaning, loose: unknown fields pass. Used by `validate`; the guards are always on. */
import * as z from 'zod/mini'
import type { LineCheck } from './client.js'
import { ParseError } from './errors.js'
import type { ClaudeLine } from './lines.js'

const text = z.string()
const count = z.number()
const block = z.looseObject({ type: text })
const usage = z.looseObject({ input_tokens: z.optional(count), output_tokens: z.optional(count) })

const init = z.looseObject({ session_id: text, tools: z.optional(z.array(text)), model: z.optional(text), cwd: z.optional(text) })
const apiRetry = z.looseObject({
  attempt: count,
  max_retries: count,
  retry_delay_ms: count,
  error_status: z.nullable(count),
})
const assistant = z.looseObject({
  message: z.looseObject({ id: text, model: text, content: z.array(block), usage: z.optional(usage) }),
  parent_tool_use_id: z.nullable(text),
  error: z.optional(text),
})
const user = z.looseObject({ message: z.looseObject({ content: z.union([text, z.array(block)]) }) })
const streamEvent = z.looseObject({ event: z.looseObject({ type: text }) })
const rateLimit = z.looseObject({ rate_limit_info: z.looseObject({ status: text, resetsAt: z.optional(count) }) })
const result = z.looseObject({
  subtype: text,
  is_error: z.boolean(),
  result: z.optional(text),
  errors: z.optional(z.array(text)),
  total_cost_usd: z.optional(count),
  usage: z.optional(usage),
  modelUsage: z.optional(z.record(text, z.looseObject({ inputTokens: count, outputTokens: count, costUSD: count }))),
})

const SCHEMAS: Readonly<Record<string, z.ZodMiniType>> = {
  'system/init': init,
  'system/api_retry': apiRetry,
  assistant,
  user,
  stream_event: streamEvent,
  rate_limit_event: rateLimit,
  result,
}

/** What is wrong with a line, as `path: message`; undefined for a sound line and for one of an unknown type. */
function faultOf(line: ClaudeLine): { readonly path: string; readonly message: string } | undefined {
  const name = line.type === 'system' ? `system/${String(line.subtype)}` : line.type
  const schema = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined
  if (!schema) return undefined
  const parsed = schema.safeParse(line)
  if (parsed.success) return undefined
  const [issue] = parsed.error.issues
  return { path: [line.type, ...(issue?.path ?? [])].join('.'), message: issue?.message ?? 'invalid' }
}

/** For the option `lines`. */
export const checkLines: LineCheck = (mode, tell) => (line) => {
  const fault = faultOf(line)
  if (!fault) return
  const { path, message } = fault
  if (mode === 'warn') return tell({ type: 'invalid', path, message, line })
  throw new ParseError({
    code: 'invalid_message',
    message: `The CLI wrote a broken line: ${path}: ${message}`,
    remoteCode: path,
    sent: 'yes',
  })
}
