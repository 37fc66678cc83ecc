/** The rules that `validate` applies to lines. Unknown fields pass. The guards run in addition, always. */
import { isRecord } from '../../core/is-record.js'
import { ParseError } from './errors.js'
import type { ClaudeLine } from './lines.js'

/** A line that breaks the rules of its type. `path` names the first field that is wrong. */
export interface InvalidLine {
  /** Identifies this kind of event of `onEvent`. */
  readonly type: 'invalid'
  /** The first field that is wrong. */
  readonly path: string
  /** The fault. */
  readonly message: string
  /** The line. */
  readonly line: ClaudeLine
}

/** Makes the check that every line passes: with `warn` it reports a broken line, with `strict` it throws a `ParseError`. */
export type LineCheck = (mode: 'warn' | 'strict', report: (event: InvalidLine) => void) => (line: ClaudeLine) => void

/** Returns the problem with a value, or undefined. */
type Rule = (value: unknown, path: string) => { readonly path: string; readonly message: string } | undefined

const nameOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
const expected = (what: string, value: unknown, path: string) => ({
  path,
  message: `Invalid input: expected ${what}, received ${nameOf(value)}`,
})
const scalar =
  (type: 'string' | 'number' | 'boolean'): Rule =>
  (value, path) =>
    typeof value === type ? undefined : expected(type, value, path)
const optional =
  (rule: Rule): Rule =>
  (value, path) =>
    value === undefined ? undefined : rule(value, path)
const nullable =
  (rule: Rule): Rule =>
  (value, path) =>
    value === null ? undefined : rule(value, path)
const each =
  (what: 'array' | 'object', rule: Rule): Rule =>
  (value, path) => {
    if (nameOf(value) !== what) return expected(what, value, path)
    for (const [key, inner] of Object.entries(value as object)) {
      const fault = rule(inner, `${path}.${key}`)
      if (fault) return fault
    }
    return undefined
  }
const fields =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value, path) => {
    if (!isRecord(value)) return expected('object', value, path)
    for (const [key, rule] of Object.entries(rules)) {
      const fault = rule(value[key], `${path}.${key}`)
      if (fault) return fault
    }
    return undefined
  }

/** The rules by type, or by type and subtype. Hand-written, because a schema library takes three times as long to load as the client. */
function lineRules(): ReadonlyMap<string, Rule> {
  const text = scalar('string')
  const count = scalar('number')
  const blocks = each('array', fields({ type: text }))
  const usage = optional(fields({ input_tokens: optional(count), output_tokens: optional(count) }))
  const model = fields({ inputTokens: count, outputTokens: count, costUSD: count })
  const textOrBlocks: Rule = (value, path) => (typeof value === 'string' ? undefined : blocks(value, path))
  return new Map<string, Rule>([
    ['system/init', fields({ session_id: text, tools: optional(each('array', text)), model: optional(text), cwd: optional(text) })],
    ['system/api_retry', fields({ attempt: count, max_retries: count, retry_delay_ms: count, error_status: nullable(count) })],
    [
      'assistant',
      fields({
        message: fields({ id: text, model: text, content: blocks, usage }),
        parent_tool_use_id: nullable(text),
        error: optional(text),
      }),
    ],
    ['user', fields({ message: fields({ content: textOrBlocks }) })],
    ['stream_event', fields({ event: fields({ type: text }) })],
    ['rate_limit_event', fields({ rate_limit_info: fields({ status: text, resetsAt: optional(count) }) })],
    [
      'result',
      fields({
        subtype: text,
        is_error: scalar('boolean'),
        result: optional(text),
        errors: optional(each('array', text)),
        total_cost_usd: optional(count),
        usage,
        modelUsage: optional(each('object', model)),
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
  const rules = lineRules()
  return (line) => {
    const name = line.type === 'system' ? `system/${String(line.subtype)}` : line.type
    // A line of an unknown type has no rule and passes.
    const fault = rules.get(name)?.(line, line.type)
    if (!fault) return
    const { path, message } = fault
    if (mode === 'warn') return report({ type: 'invalid', path, message, line })
    throw new ParseError({
      code: 'invalid_message',
      message: `The CLI wrote a broken line: ${path}: ${message}`,
      remoteCode: path,
      sent: 'yes',
    })
  }
}
