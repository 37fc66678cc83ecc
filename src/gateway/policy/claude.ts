/** Claude Code: a launch object at open, then JSON lines: prompts, control requests, and answers to the questions of the CLI. */
import { isRecord } from '../../core/is-record.js'
import {
  answerScope,
  CLAUDE_CONTROL,
  CLAUDE_CONTROL_FIELDS,
  CLAUDE_INITIALIZE,
  CLAUDE_LAUNCH,
  permissionModeScope,
  scopeOf,
  type ClaudeRule,
} from '../../claude/scopes.js'
import { Refusal } from '../refusal.js'
import type { Classification } from '../scopes.js'
import { createClaudeQuestions, type ClaudeQuestions } from './claude-questions.js'
import type { StreamPolicy, Verdict } from './policy.js'
import { looksLikeCommand } from './prompt-commands.js'

const own = (table: Readonly<Record<string, ClaudeRule>>, key: string): ClaudeRule | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined

function fieldVerdicts(
  table: Readonly<Record<string, ClaudeRule>>,
  fields: Readonly<Record<string, unknown>>,
  unknown: Classification = 'admin',
): Verdict[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, needs: scopeOf(own(table, name), value, unknown) }))
}

function recordOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  throw new Refusal('invalid_request', { message: `${name} is a JSON object.` })
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** Every text of a prompt: the CLI may take any block of text for a command, even the last one. */
function textsOf(content: unknown): string[] {
  const wrong = (): Refusal =>
    new Refusal('invalid_request', { message: 'The content of a prompt is a string, or an array of blocks.' })
  if (isText(content)) return [content]
  if (!Array.isArray(content)) throw wrong()
  return content.flatMap((block: unknown) => {
    if (typeof block !== 'object' || block === null || Array.isArray(block)) throw wrong()
    const { text } = block as { text?: unknown }
    if (text !== undefined && !isText(text)) throw wrong()
    return text ?? []
  })
}

const COMMAND_PROMPT: Verdict = {
  name: 'a prompt that begins with "/", "!" or "#"',
  needs: 'admin',
  hint: 'Begin the prompt with another character. To allow commands, give the credential the scope "admin" and set "launch": { "disableSlashCommands": false } for the upstream.',
}

/** The fields that a prompt line may have without `admin`. Newer CLIs read other fields too, such as pasted text. */
const USER_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'message',
  'parent_tool_use_id',
  'session_id',
  'uuid',
  'priority',
  'shouldQuery',
  'client_composed',
])
const MESSAGE_FIELDS: ReadonlySet<string> = new Set(['role', 'content'])

function promptVerdicts(line: Readonly<Record<string, unknown>>): Verdict | Verdict[] {
  const message = recordOf(line.message, 'A message')
  const verdicts: Verdict[] = []
  const unknown = (fields: object, allowedFields: ReadonlySet<string>): boolean =>
    Object.keys(fields).some((field) => !allowedFields.has(field))
  if (textsOf(message.content).some(looksLikeCommand)) verdicts.push(COMMAND_PROMPT)
  if (unknown(line, USER_FIELDS) || unknown(message, MESSAGE_FIELDS)) {
    verdicts.push({ name: 'a field of a prompt that is in no table', needs: 'admin' })
  }
  return verdicts.length > 0 ? verdicts : { name: 'user', needs: 'send' }
}

const UNKNOWN_FIELD: Verdict = { name: 'a field of a control request that is in no table', needs: 'admin' }

function controlVerdicts(request: Readonly<Record<string, unknown>>): Verdict[] {
  const { subtype, ...fields } = request
  if (typeof subtype !== 'string') throw new Refusal('invalid_request', { message: 'A control request needs a subtype.' })
  const needs = own(CLAUDE_CONTROL, subtype)
  // The name may be any text, even a secret, so the refusal does not repeat it.
  if (typeof needs !== 'string') return [{ name: 'a control request that is in no table', needs: 'server-only' }]
  const verdicts: Verdict[] = [{ name: subtype, needs }]
  if (subtype === 'initialize') verdicts.push(...fieldVerdicts(CLAUDE_INITIALIZE, fields, 'server-only'))
  if (subtype === 'set_permission_mode') verdicts.push({ name: subtype, needs: permissionModeScope(fields.mode) })
  const allowed = Object.hasOwn(CLAUDE_CONTROL_FIELDS, subtype) ? CLAUDE_CONTROL_FIELDS[subtype] : undefined
  if (allowed && Object.keys(fields).some((field) => !allowed.includes(field))) verdicts.push(UNKNOWN_FIELD)
  return verdicts
}

function lineVerdicts(message: unknown, questions?: ClaudeQuestions): Verdict | readonly Verdict[] {
  const line = recordOf(message, 'A line')
  switch (line.type) {
    case 'user':
      return promptVerdicts(line)
    case 'keep_alive':
      return { name: 'keep_alive', needs: 'observe' }
    case 'control_cancel_request':
      return { name: 'control_cancel_request', needs: 'send' }
    case 'control_request':
      return controlVerdicts(recordOf(line.request, 'A control request'))
    case 'control_response':
      return answerVerdict(line.response, questions)
    default:
      // The CLI takes lines that run commands, set its environment or pretend to be its own messages.
      return { name: 'a line of another type', needs: 'server-only' }
  }
}

function answerVerdict(response: unknown, questions: ClaudeQuestions | undefined): Verdict {
  const needs = answerScope(response, questions?.isUnchanged)
  questions?.forget((Object(response) as { request_id?: unknown }).request_id)
  const name = needs === 'approveWithChanges' ? 'an answer that changes the input of a tool' : 'control_response'
  return { name, needs }
}

/** Claude Code: prompts, control requests and answers are judged one by one, and the launch field by field. */
export const claudePolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'ndjson',
  classify: (message) => lineVerdicts(message),
  forLink({ onSession }) {
    const questions = createClaudeQuestions(onSession)
    return { classify: (message) => lineVerdicts(message, questions), received: questions.received }
  },
  // Without these fields the settings of the machine decide, and a command in an earlier session may have changed those.
  launchDefaults: { disableSlashCommands: true, permissionMode: 'default' },
  classifyLaunch(launch, facts) {
    // Every launch starts a child process. Only these two queries about the executable itself run no session.
    const asks = launch.probe === 'version' || launch.probe === 'authStatus'
    const starts: Verdict = { name: 'starting a session', needs: asks ? 'observe' : 'send' }
    const { resume, ...fields } = launch
    const isOwn = typeof resume === 'string' && UUID.test(resume) && facts?.startedSession(resume.toLowerCase()) === true
    const resumes: Verdict[] = isOwn ? [{ name: 'resume', needs: 'send' }] : fieldVerdicts(CLAUDE_LAUNCH, { resume })
    return [starts, ...resumes, ...fieldVerdicts(CLAUDE_LAUNCH, fields)]
  },
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
