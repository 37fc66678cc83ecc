/** Translates permission requests and questions of Claude Code into asks, and their answers into the CLI's format. */
import type { PermissionResult, ToolRequest } from '../../claude/index.js'
import { deferred } from '../../core/deferred.js'
import { isRecord } from '../../core/is-record.js'
import type { Answer, AskOption, AskQuestion } from '../model/ask.js'
import type { SourceAsk } from '../source.js'
import { pathsOf } from './claude-messages.js'

type Input = Readonly<Record<string, unknown>>

export interface ClaudeAsks {
  /** The ask for a tool use that needs a permission. */
  open(tool: string, input: Input, request: ToolRequest): { readonly ask: SourceAsk; readonly result: Promise<PermissionResult> }
  /** False when no such question waits. */
  answer(nativeId: string, answer: Answer): boolean
  /** The question expired: the tool does not run, but no person refused it. */
  expire(nativeId: string): void
}

export function createClaudeAsks(): ClaudeAsks {
  const waiting = new Map<string, { readonly input: Input; readonly settle: (result: PermissionResult) => void }>()
  const take = (nativeId: string) => {
    const pending = waiting.get(nativeId)
    waiting.delete(nativeId)
    return pending
  }
  return {
    open(tool, input, request) {
      const nativeId = request.toolUseId || crypto.randomUUID()
      const { promise, resolve, reject } = deferred<PermissionResult>()
      waiting.set(nativeId, { input, settle: resolve })
      request.signal.addEventListener('abort', () => {
        waiting.delete(nativeId)
        reject(request.signal.reason)
      })
      return {
        ask: tool === 'AskUserQuestion' ? questionAsk(nativeId, input) : permissionAsk(nativeId, tool, input, request),
        result: promise,
      }
    },
    answer(nativeId, answer) {
      const pending = take(nativeId)
      pending?.settle(resultOf(pending.input, answer))
      return pending !== undefined
    },
    expire(nativeId) {
      take(nativeId)?.settle({ behavior: 'deny', message: 'The question expired: nobody answered it in time.' })
    },
  }
}

const OPTIONS: readonly AskOption[] = [
  { id: 'allow', label: 'Allow once', kind: 'allow_once' },
  { id: 'always', label: 'Allow for this session', kind: 'allow_always' },
  { id: 'reject', label: 'Reject', kind: 'reject_once' },
]

function permissionAsk(nativeId: string, tool: string, input: Input, request: ToolRequest): SourceAsk {
  const { displayName, description, decisionReason, suggestions } = request
  const { locations } = pathsOf(input)
  const canStay = suggestions.some(({ destination }) => destination === 'session')
  const detail = description ?? decisionReason
  return {
    nativeId,
    kind: 'permission',
    title: displayName ?? tool,
    ...(detail === undefined ? {} : { detail }),
    tool,
    ...(locations === undefined ? {} : { paths: locations }),
    input,
    options: canStay ? OPTIONS : OPTIONS.filter(({ id }) => id !== 'always'),
    editableInput: true,
  }
}

function questionAsk(nativeId: string, input: Input): SourceAsk {
  const questions = (Array.isArray(input.questions) ? input.questions : []).filter(isRecord).map(
    ({ question, options, multiSelect }): AskQuestion => ({
      // The CLI has no ids here: the text identifies a question, the label an option.
      id: String(question),
      text: String(question),
      options: (Array.isArray(options) ? options : []).filter(isRecord).map(({ label, description }) => ({
        id: String(label),
        label: String(label),
        kind: 'choice',
        ...(typeof description === 'string' ? { description } : {}),
      })),
      freeText: true,
      ...(multiSelect === true ? { multiple: true } : {}),
    }),
  )
  return { nativeId, kind: 'question', title: questions[0]?.text ?? 'A question', tool: 'AskUserQuestion', questions }
}

function resultOf(input: Input, answer: Answer): PermissionResult {
  if ('answers' in answer) {
    const answers = Object.fromEntries(
      Object.entries(answer.answers).map(([question, choice]) => [
        question,
        typeof choice === 'string' ? choice : choice.join(', '),
      ]),
    )
    return { behavior: 'allow', updatedInput: { ...input, answers } }
  }
  if ('option' in answer) {
    if (answer.option === 'allow') return { behavior: 'allow' }
    return answer.option === 'always'
      ? { behavior: 'allow', always: 'session' }
      : { behavior: 'deny', message: 'A person refused.' }
  }
  if ('accept' in answer && answer.accept)
    return { behavior: 'allow', ...(isRecord(answer.input) ? { updatedInput: answer.input } : {}) }
  const reason = 'message' in answer && answer.message !== undefined ? answer.message : 'A person refused.'
  return { behavior: 'deny', message: reason }
}
