/** Claude Code: a launch object at open, then JSON lines: prompts, control requests, and answers to the questions of the CLI. */
import { isRecord } from '../../core/is-record.js'
import {
  answerScope,
  CLAUDE_CONTROL,
  CLAUDE_INITIALIZE,
  CLAUDE_LAUNCH,
  permissionModeScope,
  scopeOf,
  type ClaudeRule,
} from '../../claude/scopes.js'
import { Refusal } from '../refusal.js'
import type { StreamPolicy, Verdict } from './policy.js'
import { looksLikeCommand } from './prompt-commands.js'

const own = (table: Readonly<Record<string, ClaudeRule>>, key: string): ClaudeRule | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined

function fieldVerdicts(table: Readonly<Record<string, ClaudeRule>>, fields: Readonly<Record<string, unknown>>): Verdict[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, needs: scopeOf(own(table, name), value) }))
}

function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  throw new Refusal('invalid_request', { message: `${what} is a JSON object.` })
}

const isText = (value: unknown): value is string => typeof value === 'string'

/** Every text of a prompt: the CLI may take any block of text for a command, the last one among them. */
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

/** What a prompt line may hold below `admin`: newer CLIs read more from it, such as pasted text. */
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
  const unknown = (fields: object, known: ReadonlySet<string>): boolean => Object.keys(fields).some((field) => !known.has(field))
  if (textsOf(message.content).some(looksLikeCommand)) verdicts.push(COMMAND_PROMPT)
  if (unknown(line, USER_FIELDS) || unknown(message, MESSAGE_FIELDS)) {
    verdicts.push({ name: 'a field of a prompt that is in no table', needs: 'admin' })
  }
  return verdicts.length > 0 ? verdicts : { name: 'user', needs: 'send' }
}

function controlVerdicts(request: Readonly<Record<string, unknown>>): Verdict[] {
  const { subtype, ...fields } = request
  if (typeof subtype !== 'string') throw new Refusal('invalid_request', { message: 'A control request needs a subtype.' })
  const verdicts: Verdict[] = [{ name: subtype, needs: scopeOf(own(CLAUDE_CONTROL, subtype), undefined) }]
  if (subtype === 'initialize') verdicts.push(...fieldVerdicts(CLAUDE_INITIALIZE, fields))
  if (subtype === 'set_permission_mode') verdicts.push({ name: subtype, needs: permissionModeScope(fields.mode) })
  return verdicts
}

export const claudePolicy: StreamPolicy = {
  kind: 'stream',
  framing: 'ndjson',
  classify(message) {
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
        return { name: 'control_response', needs: answerScope(line.response) }
      case 'update_environment_variables':
        return { name: line.type, needs: 'server-only' }
      default:
        return { name: 'a line of an unknown type', needs: 'admin' }
    }
  },
  // Without them the settings of the machine decide, which a command in an earlier session may have changed.
  launchDefaults: { disableSlashCommands: true, permissionMode: 'default' },
  classifyLaunch(launch) {
    // A child is started whatever the fields say; only questions about the executable itself run nothing, and these two are all there are.
    const asks = launch.probe === 'version' || launch.probe === 'authStatus'
    const starts: Verdict = { name: 'starting a session', needs: asks ? 'observe' : 'send' }
    return [starts, ...fieldVerdicts(CLAUDE_LAUNCH, launch)]
  },
}
