/** From a caller's event to the text that is sent: corrected, checked, and serialised once. */
import { isRecord } from '../../core/is-record.js'
import { invalid } from '../errors.js'
import { AUTHOR_ROLES, dataFault, type CollectorEvent, type Moment } from '../events.js'
import type { Replacement } from '../report.js'
import { cleanDirectory, cleanTextAt, cleanValue, cutCharacters, type Told } from './sanitize.js'

export interface PreparedEvent {
  readonly type: string
  readonly emittedAt: number
  readonly replacements: readonly Replacement[]
  /** Equal for two events with the same type, time and data. */
  identity(): string
  /** The caller's own `eventHash`. */
  readonly hash: string | undefined
  /**
   * The event's JSON without its sequence, which `numbered` adds. Without a hash the server makes one. `emittedAt` may be moved, so that
   * the event is later than the one before.
   */
  text(hash: string | undefined, emittedAt?: number): string
}

type Data = Record<string, unknown>

/** Corrects and checks an event before it is queued. Nothing of the caller's objects is kept: the caller may change them afterwards. */
export function prepareEvent(event: CollectorEvent, now: number): PreparedEvent {
  const replacements: Replacement[] = []
  const report: Told = (path, reason) => void replacements.push({ path, reason })
  const type = cleanTextAt(event.type, 'type', report)
  const data = cleanData(type, event.data, report)
  check(type, data)
  const emittedAt = momentOf(event.emittedAt ?? now, 'emitted_at', report)
  const observed = iso(momentOf(event.observedAt ?? now, 'observed_at', report))
  const json = JSON.stringify(data)
  const head = (at: number): string => `{"type":${JSON.stringify(type)},"emitted_at":${iso(at)}`
  const hash = event.eventHash === undefined ? undefined : givenHash(cleanTextAt(event.eventHash, 'event_hash', report))
  const text = (key: string | undefined, at = emittedAt): string =>
    `${head(at)},"observed_at":${observed},${key === undefined ? '' : `"event_hash":${JSON.stringify(key)},`}"data":${json}}`
  const identity = (): string => `${head(emittedAt)}\n${canonicalJson(data)}`
  return { type, emittedAt, replacements, identity, hash, text }
}

const iso = (moment: number): string => `"${new Date(moment).toISOString()}"`

export function eventsBody(sessionId: string, events: readonly string[]): string {
  return `{"session_id":${JSON.stringify(sessionId)},"events":[${events.join()}]}`
}

/** The text with its sequence in front. */
export const numbered = (text: string, sequence: number): string => `{"sequence":${sequence},${text.slice(1)}`

/** JSON with sorted keys: equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join()}}`
}

function givenHash(hash: string): string {
  if (hash !== '' && [...hash].length <= 32) return hash
  throw invalid(`An eventHash has 1 to 32 characters, not ${[...hash].length}.`)
}

// A stored time in the year 9999 made every later new session of the workspace fail.
const LATEST = Date.UTC(2100, 0, 1)

function momentOf(value: Moment, path: string, report: Told): number {
  const moment = typeof value === 'number' ? value : new Date(value).getTime()
  if (Number.isNaN(moment)) throw invalid(`${path} is not a time: ${value}.`, 'Give a Date, milliseconds, or ISO 8601.')
  const inside = Math.min(Math.max(moment, 0), LATEST)
  if (inside !== moment) report(path, 'out_of_range')
  return Math.trunc(inside)
}

const FILE_TOOLS = /^(?:Edit|Write|NotebookEdit|MultiEdit|Read|Glob|Grep)$/

type Cleaner = (value: unknown, path: string, report: Told) => unknown

const textOr =
  (reason: Replacement['reason']): Cleaner =>
  (value, path, report) => {
    if (typeof value === 'string') return value
    report(path, reason)
    return canonicalJson(value)
  }
const text = textOr('not_text')
const short: Cleaner = (value, path, report) => (typeof value === 'string' ? cutCharacters(value, 50, path, report) : value)
// For tools that work on files the server stores the path: only a text can be stored.
const filePath = textOr('unreadable_path')
const PATHS: Readonly<Record<string, Cleaner>> = { file_path: filePath, path: filePath }
/** Changes values of a type that the server refuses into one that it takes, where the meaning is clear. */
const CLEANERS: Readonly<Record<string, Cleaner>> = {
  content: text,
  result: text,
  error_message: text,
  thinking_content: text,
  author_role: (role) => (role === 'user' ? 'human' : role),
  agent_type: short,
  agent_version: short,
  working_directory: (value, path, report) => (typeof value === 'string' ? cleanDirectory(value, path, report) : value),
  plans: cleanPlans,
  token_usage(usage, path, report) {
    if (!isRecord(usage)) return usage
    const out: Data = {}
    for (const [key, value] of Object.entries(usage)) {
      // The server adds up these two names only.
      if (Number.isInteger(value)) out[key === 'input' || key === 'output' ? `${key}_tokens` : key] ??= value
      else report(`${path}.${key}`, 'not_whole')
    }
    return out
  },
}

function change(data: Data, cleaners: Readonly<Record<string, Cleaner>>, path: string, report: Told): void {
  for (const key of Object.keys(data)) {
    const clean = Object.hasOwn(cleaners, key) ? cleaners[key] : undefined
    if (clean && data[key] != null) data[key] = clean(data[key], `${path}.${key}`, report)
  }
}

function cleanData(type: string, original: Readonly<Data>, report: Told): Data {
  const data = cleanValue(original, 'data', report) as Data
  // The server takes a null as absent, and at some places cannot read the conversation back because of it.
  for (const key of Object.keys(data)) if (data[key] === null) delete data[key]
  change(data, CLEANERS, 'data', report)
  const { parameters } = data
  if (type === 'tool_call' && FILE_TOOLS.test(`${data.tool_name}`) && isRecord(parameters)) {
    change(parameters, PATHS, 'data.parameters', report)
  }
  return data
}

function cleanPlans(plans: unknown, path: string, report: Told): unknown {
  return Array.isArray(plans) ? plans.map((plan, index) => cleanPlan(plan, `${path}[${index}]`, report)) : plans
}

/** With a null, or a time that it cannot read, in a plan the server can never read the conversation back. */
function cleanPlan(plan: unknown, path: string, report: Told): unknown {
  if (!isRecord(plan)) return plan
  const out: Data = {}
  for (const [key, value] of Object.entries(plan)) {
    if (key === 'timestamp' && value !== null) {
      const time = readableTime(value)
      if (time !== value) report(`${path}.${key}`, 'not_a_moment')
      if (time !== undefined) out[key] = time
    } else if (value !== null) out[key] = key === 'operations' ? cleanPlans(value, `${path}.${key}`, report) : value
  }
  return out
}

/** Times that the server reads back. It does not read a lower-case `z`, nor the hour 24. */
const READABLE_TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/

/** The time as it is where the server can read it back, in another spelling where that helps, else undefined. */
function readableTime(value: unknown): string | undefined {
  const text = `${value}`
  const day = /^(?!0000)\d{4}-\d\d-\d\d(?=[Tt])/.exec(text)?.[0]
  const date = new Date(`${day}T00:00:00Z`)
  // JavaScript moves a day that does not exist, such as 30 February, into the next month.
  if (day === undefined || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(day)) return undefined
  if (READABLE_TIME.test(text)) return text
  const moment = Date.parse(text.toUpperCase())
  return Number.isNaN(moment) ? undefined : new Date(moment).toISOString()
}

/** Refuses data that the server would refuse. It checks every key of every event, also of a type that it does not store. */
function check(type: string, data: Data): void {
  const fault = dataFault(type, data)
  if (!fault) return
  const where = `data.${fault.path}`
  const roles = where === 'data.author_role' ? ` Known roles: user, ${AUTHOR_ROLES.join(', ')}.` : ''
  throw invalid(`A ${type} event needs a valid ${where} (${fault.code}).${roles}`, 'The server would refuse its whole batch.')
}
