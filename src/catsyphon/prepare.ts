/** From a caller's event to the text that is queued: sanitised, checked, serialised once, with its own hash. */
import { sha256Hex } from '../core/sha256.js'
import { SignalboxError } from '../errors.js'
import { AUTHOR_ROLES, eventDataSchemas, type CollectorEvent, type EventType } from './events.js'
import { cleanDirectory, cleanText, cleanValue, cutCharacters, type Replacement, type Told } from './sanitize.js'

export interface PreparedEvent {
  readonly type: string
  /** The event's JSON without its sequence, which is put in front when it is sent. Starts with `{"type":`. */
  readonly text: string
  readonly hash: string
  readonly emittedAt: number
  readonly replacements: readonly Replacement[]
}

export interface PrepareContext {
  readonly sessionId: string
  readonly now: number
  /** The session's last `emitted_at`: the next one is later. */
  readonly lastEmittedAt: number
  /** Tells apart what two writers say in the same millisecond. */
  readonly writer: string
  /** For `sendEvents`, whose caller has a right to the moments it gave. */
  readonly keepTimes?: boolean
}

// A stored moment outside of these has stopped whole workspaces.
const EARLIEST = 0
const LATEST = Date.UTC(2100, 0, 1)
const HASH_CHARACTERS = 32
const FILE_TOOLS = new Set(['Edit', 'Write', 'NotebookEdit', 'MultiEdit', 'Read', 'Glob', 'Grep'])

const isKnown = (type: string): type is EventType => Object.hasOwn(eventDataSchemas, type)
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function prepareEvent(event: CollectorEvent, context: PrepareContext): PreparedEvent {
  const replacements: Replacement[] = []
  const told: Told = (path, reason) => void replacements.push({ path, reason })
  const type = cleanText(event.type, 'type', told)
  const data = cleanData(type, event.data, told)
  check(type, data)
  let emittedAt = momentOf(event.emittedAt ?? context.now, 'emitted_at', told)
  if (!context.keepTimes && emittedAt <= context.lastEmittedAt) emittedAt = context.lastEmittedAt + 1
  const observedAt = momentOf(event.observedAt ?? context.now, 'observed_at', told)
  const json = canonicalJson(data)
  const emitted = new Date(emittedAt).toISOString()
  const preimage = `${context.sessionId}\n${context.writer}\n${type}\n${emitted}\n${json}`
  const hash = event.eventHash === undefined ? sha256Hex(preimage).slice(0, HASH_CHARACTERS) : givenHash(event.eventHash, told)
  const times = `"emitted_at":"${emitted}","observed_at":"${new Date(observedAt).toISOString()}"`
  const text = `{"type":${JSON.stringify(type)},${times},"event_hash":${JSON.stringify(hash)},"data":${json}}`
  return { type, text, hash, emittedAt, replacements }
}

/** The same data gives the same text, whatever the order in which it was put together. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isMap(value)) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`
}

function givenHash(hash: string, told: Told): string {
  const clean = cleanText(hash, 'event_hash', told)
  if (clean !== '' && [...clean].length <= HASH_CHARACTERS) return clean
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `An eventHash has 1 to ${HASH_CHARACTERS} characters, not ${[...clean].length}.`,
    system: 'catsyphon',
  })
}

function momentOf(value: Date | number | string, path: string, told: Told): number {
  const moment = value instanceof Date ? value.getTime() : typeof value === 'number' ? value : Date.parse(value)
  if (Number.isNaN(moment)) {
    const message = `${path} is not a moment: ${JSON.stringify(value)}.`
    throw new SignalboxError({
      code: 'invalid_argument',
      message,
      hint: 'Give a Date, milliseconds, or ISO 8601.',
      system: 'catsyphon',
    })
  }
  const inside = Math.min(Math.max(moment, EARLIEST), LATEST)
  if (inside !== moment) told(path, 'out_of_range')
  return Math.trunc(inside)
}

/** What the server would refuse by its type becomes what it takes, where the meaning is plain. */
function cleanData(type: string, given: Readonly<Record<string, unknown>>, told: Told): Record<string, unknown> {
  const data = cleanValue(given, 'data', told) as Record<string, unknown>
  // A null counts as absent, and in some places breaks reading the conversation.
  for (const key of Object.keys(data)) if (data[key] === null) delete data[key]
  for (const key of ['content', 'result', 'error_message', 'thinking_content']) {
    if (data[key] === undefined || typeof data[key] === 'string') continue
    data[key] = canonicalJson(data[key])
    told(`data.${key}`, 'not_text')
  }
  if (data.author_role === 'user') data.author_role = 'human'
  if (isMap(data.token_usage)) data.token_usage = cleanUsage(data.token_usage, told)
  for (const key of ['agent_type', 'agent_version']) {
    if (typeof data[key] === 'string') data[key] = cutCharacters(data[key], 50, `data.${key}`, told)
  }
  if (typeof data.working_directory === 'string') {
    data.working_directory = cleanDirectory(data.working_directory, 'data.working_directory', told)
  }
  if (Array.isArray(data.plans)) data.plans = data.plans.map(cleanPlan)
  if (type === 'tool_call' && FILE_TOOLS.has(String(data.tool_name)) && isMap(data.parameters)) cleanPaths(data.parameters, told)
  return data
}

/** The server's totals read these two names only. */
const USAGE_NAMES: Readonly<Record<string, string>> = { input: 'input_tokens', output: 'output_tokens' }

function cleanUsage(usage: Record<string, unknown>, told: Told): Record<string, number> {
  const out: Record<string, number> = {}
  for (const [key, value] of Object.entries(usage)) {
    const name = USAGE_NAMES[key] ?? key
    if (typeof value === 'number' && Number.isInteger(value)) out[name] ??= value
    else told(`data.token_usage.${key}`, 'not_whole')
  }
  return out
}

/** A null, or a moment that is not ISO, in a plan makes the whole conversation unreadable for good. */
function cleanPlan(plan: unknown): unknown {
  if (!isMap(plan)) return plan
  const clean = (entry: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(entry).filter(([key, value]) => value !== null && (key !== 'timestamp' || isIso(value))))
  const { operations } = plan
  return clean({
    ...plan,
    ...(Array.isArray(operations) ? { operations: operations.map((one) => (isMap(one) ? clean(one) : one)) } : {}),
  })
}

const isIso = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))

/** On the tools that name files, a path that is not text cannot be stored. */
function cleanPaths(parameters: Record<string, unknown>, told: Told): void {
  for (const key of ['file_path', 'path']) {
    const path = parameters[key]
    if (path === undefined || path === null || typeof path === 'string') continue
    parameters[key] = canonicalJson(path)
    told(`data.parameters.${key}`, 'unreadable_path')
  }
}

function check(type: string, data: Record<string, unknown>): void {
  if (!isKnown(type)) return
  const result = eventDataSchemas[type].safeParse(data)
  if (result.success) return
  const [issue] = result.error.issues
  const where = ['data', ...(issue?.path ?? [])].join('.')
  const roles = where === 'data.author_role' ? ` Known roles: user, ${AUTHOR_ROLES.join(', ')}.` : ''
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `A ${type} event needs a valid ${where}: ${issue?.code ?? 'invalid'}.${roles}`,
    hint: 'The server would refuse it, and its whole batch with it.',
    system: 'catsyphon',
  })
}
