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
        return { name: 'user', needs: 'send' }
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
  classifyLaunch(launch) {
    // A child is started whatever the fields say; only questions about the executable itself run nothing, and these two are all there are.
    const asks = launch.probe === 'version' || launch.probe === 'authStatus'
    const starts: Verdict = { name: 'starting a session', needs: asks ? 'observe' : 'send' }
    return [starts, ...fieldVerdicts(CLAUDE_LAUNCH, launch)]
  },
}
