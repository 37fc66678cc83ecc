/** Full schemas of the lines that carry meaning, loose: unknown fields pass. Used by `validate`; the guards are always on. */
import * as z from 'zod/mini'
import { ParseError } from './errors.js'
import type { ClaudeLine } from './lines.js'

/** A line that does not match the schema of its type. `path` names the first field that is wrong. */
export interface InvalidLine {
  readonly type: 'invalid'
  readonly path: string
  readonly message: string
  readonly line: ClaudeLine
}

/** Makes the check that every line passes: with `warn` it reports a broken line, with `strict` it throws a `ParseError`. */
export type LineCheck = (mode: 'warn' | 'strict', report: (event: InvalidLine) => void) => (line: ClaudeLine) => void

/** Built for each client that validates, and not at import: building them takes longer than loading this file. */
function lineSchemas(): ReadonlyMap<string, z.ZodMiniType> {
  const text = z.string()
  const count = z.number()
  const block = z.looseObject({ type: text })
  const usage = z.looseObject({ input_tokens: z.optional(count), output_tokens: z.optional(count) })
  const model = z.looseObject({ inputTokens: count, outputTokens: count, costUSD: count })
  return new Map<string, z.ZodMiniType>([
    [
      'system/init',
      z.looseObject({ session_id: text, tools: z.optional(z.array(text)), model: z.optional(text), cwd: z.optional(text) }),
    ],
    [
      'system/api_retry',
      z.looseObject({ attempt: count, max_retries: count, retry_delay_ms: count, error_status: z.nullable(count) }),
    ],
    [
      'assistant',
      z.looseObject({
        message: z.looseObject({ id: text, model: text, content: z.array(block), usage: z.optional(usage) }),
        parent_tool_use_id: z.nullable(text),
        error: z.optional(text),
      }),
    ],
    ['user', z.looseObject({ message: z.looseObject({ content: z.union([text, z.array(block)]) }) })],
    ['stream_event', z.looseObject({ event: z.looseObject({ type: text }) })],
    ['rate_limit_event', z.looseObject({ rate_limit_info: z.looseObject({ status: text, resetsAt: z.optional(count) }) })],
    [
      'result',
      z.looseObject({
        subtype: text,
        is_error: z.boolean(),
        result: z.optional(text),
        errors: z.optional(z.array(text)),
        total_cost_usd: z.optional(count),
        usage: z.optional(usage),
        modelUsage: z.optional(z.record(text, model)),
      }),
    ],
  ])
}

/**
 * The check behind `validate`, for the option `lines` of `createClaude`; `createFullClaude` has it from the start.
 *
 * @example
 * ```ts
 * import { checkLines, createClaude } from 'signalbox/claude'
 * import { claudeProcess } from 'signalbox/node'
 *
 * const claude = createClaude({ transport: claudeProcess(), lines: checkLines, validate: 'strict' })
 * ```
 */
export const checkLines: LineCheck = (mode, report) => {
  const schemas = lineSchemas()
  return (line) => {
    const name = line.type === 'system' ? `system/${String(line.subtype)}` : line.type
    const parsed = schemas.get(name)?.safeParse(line)
    // A line of an unknown type has no schema and passes.
    if (parsed?.success !== false) return
    const [issue] = parsed.error.issues
    const path = [line.type, ...(issue?.path ?? [])].join('.')
    const message = issue?.message ?? 'invalid'
    if (mode === 'warn') return report({ type: 'invalid', path, message, line })
    throw new ParseError({
      code: 'invalid_message',
      message: `The CLI wrote a broken line: ${path}: ${message}`,
      remoteCode: path,
      sent: 'yes',
    })
  }
}
