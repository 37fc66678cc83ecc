/** The facts from the CLI's output that a verdict needs: the open questions, and the id of the session. */
import type { UpstreamEvents } from './policy.js'

/** The open questions of one CLI. */
export interface ClaudeQuestions {
  /** Bytes of the CLI's output. */
  received(chunk: Uint8Array): void
  /** Whether this input is the one that the CLI asked about, or that input with the answers of a person to the questions in it. */
  isUnchanged(requestId: unknown, updatedInput: unknown): boolean
  /** The question was answered. */
  forget(requestId: unknown): void
}

/** Longer lines are not read. An answer to a question in such a line needs `approveWithChanges`. */
const MAX_LINE_CHARACTERS = 4 * 1024 * 1024
const MAX_QUESTIONS = 256
/** What a person's answer adds to the input of `AskUserQuestion`. */
const ANSWER_FIELDS: ReadonlySet<string> = new Set(['answers', 'annotations'])

/** Creates the reader of one link. */
export function createClaudeQuestions(onSession: UpstreamEvents['onSession']): ClaudeQuestions {
  const questions = new Map<unknown, { readonly tool: unknown; readonly input: unknown }>()
  const forget = (requestId: unknown): void => void questions.delete(requestId)

  const readLine = (line: string): void => {
    // Few lines hold a question, so most are not parsed.
    const asks = line.includes('"can_use_tool"')
    const starts = line.includes('"init"')
    if (!asks && !starts && !line.includes('"control_cancel_request"')) return
    const { type, subtype, session_id, request_id, request } = parsed(line)
    if (type === 'system' && subtype === 'init' && typeof session_id === 'string') onSession(session_id)
    if (type === 'control_cancel_request') forget(request_id)
    const control = Object(request) as Record<string, unknown>
    if (type !== 'control_request' || control.subtype !== 'can_use_tool') return
    questions.set(request_id, { tool: control.tool_name, input: control.input })
    if (questions.size > MAX_QUESTIONS) for (const oldest of questions.keys()) return forget(oldest)
  }
  return {
    received: createLineReader(readLine),
    isUnchanged(requestId, updatedInput) {
      const question = questions.get(requestId)
      if (!question) return false
      if (isSameJson(question.input, updatedInput)) return true
      if (question.tool !== 'AskUserQuestion' || typeof updatedInput !== 'object' || updatedInput === null) return false
      const withoutAnswers = Object.entries(updatedInput).filter(([field]) => !ANSWER_FIELDS.has(field))
      return isSameJson(question.input, Object.fromEntries(withoutAnswers))
    },
    forget,
  }
}

function createLineReader(onLine: (line: string) => void): (chunk: Uint8Array) => void {
  const utf8 = new TextDecoder()
  let rest = ''
  return (chunk) => {
    const text = rest + utf8.decode(chunk, { stream: true })
    let start = 0
    for (let end = text.indexOf('\n', rest.length); end !== -1; end = text.indexOf('\n', start)) {
      onLine(text.slice(start, end))
      start = end + 1
    }
    rest = text.slice(start)
    // The end of a line that is too long says nothing by itself, so it is read as a line that is not JSON.
    if (rest.length > MAX_LINE_CHARACTERS) rest = '-'
  }
}

function parsed(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>
  } catch {
    return {}
  }
}

function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) => Object.hasOwn(b, key) && isSameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  )
}
