/** The checks of the server's models, which come first. Error types, locations and order are those of the real server. */
import { ExactNumber } from './python-json.js'
import { isMoment, parseMoment, type Moment } from './datetime.js'
import type { Generation } from './types.js'

export interface Complaint {
  readonly type: string
  readonly loc: (string | number)[]
  readonly msg: string
  readonly input: unknown
}

/** An event after coercion. */
export interface IncomingEvent {
  readonly type: string
  readonly emitted: Moment
  readonly observed: Moment
  readonly hash: string | undefined
  readonly sequence: number
  readonly data: Record<string, unknown>
}

type Check = (value: unknown, loc: (string | number)[], complaints: Complaint[]) => unknown

const complain = (complaints: Complaint[], type: string, loc: (string | number)[], msg: string, input: unknown): undefined => {
  complaints.push({ type, loc, msg, input: input ?? null })
  return undefined
}

export const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)

export const text: Check = (value, loc, complaints) =>
  typeof value === 'string' ? value : complain(complaints, 'string_type', loc, 'Input should be a valid string', value)

const object: Check = (value, loc, complaints) =>
  isPlain(value) ? value : complain(complaints, 'dict_type', loc, 'Input should be a valid dictionary', value)

export const integer: Check = (value, loc, complaints) => {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') {
    if (/^\s*[+-]?\d+(?:\.0+)?\s*$/.test(value)) return Number(value)
    return complain(complaints, 'int_parsing', loc, 'Input should be a valid integer, unable to parse string as an integer', value)
  }
  const number = value instanceof ExactNumber ? value.value : value
  if (typeof number !== 'number') return complain(complaints, 'int_type', loc, 'Input should be a valid integer', value)
  if (Number.isInteger(number)) return number
  return complain(complaints, 'int_from_float', loc, 'Input should be a valid integer, got a number with a fractional part', value)
}

const WORDS = new Map<unknown, boolean>([
  ...['1', 'true', 't', 'yes', 'y', 'on', 1].map((word) => [word, true] as const),
  ...['0', 'false', 'f', 'no', 'n', 'off', 0].map((word) => [word, false] as const),
])

const boolean: Check = (value, loc, complaints) => {
  if (typeof value === 'boolean') return value
  const found = WORDS.get(typeof value === 'string' ? value.toLowerCase() : value)
  if (found !== undefined) return found
  const type = typeof value === 'string' || typeof value === 'number' ? 'bool_parsing' : 'bool_type'
  return complain(complaints, type, loc, 'Input should be a valid boolean, unable to interpret input', value)
}

const listOf =
  (item: Check): Check =>
  (value, loc, complaints) =>
    Array.isArray(value)
      ? value.map((entry, index) => item(entry, [...loc, index], complaints))
      : complain(complaints, 'list_type', loc, 'Input should be a valid list', value)

const integers: Check = (value, loc, complaints) => {
  if (!isPlain(value)) return object(value, loc, complaints)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, integer(item, [...loc, key], complaints)]))
}

/** The flat data object: the same keys are checked on every event, whatever its type. */
const DATA = new Map<string, Check>([
  ...[
    'author_role',
    'message_type',
    'content',
    'model',
    'stop_reason',
    'thinking_content',
    'tool_name',
    'tool_use_id',
    'result',
  ].map((key) => [key, text] as const),
  ...['error_message', 'agent_type', 'agent_version', 'working_directory', 'git_branch', 'slug', 'parent_session_id'].map(
    (key) => [key, text] as const,
  ),
  ...['outcome', 'summary'].map((key) => [key, text] as const),
  ...['thinking_metadata', 'raw_data', 'parameters', 'context_semantics'].map((key) => [key, object] as const),
  ...['summaries', 'compaction_events', 'plans'].map((key) => [key, listOf(object)] as const),
  ...['total_messages', 'total_tool_calls'].map((key) => [key, integer] as const),
  ['files_touched', listOf(text)],
  ['token_usage', integers],
  ['success', boolean],
])

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  session_start: ['agent_type'],
  session_end: ['outcome'],
  message: ['author_role', 'message_type'],
  tool_call: ['tool_name', 'tool_use_id'],
  tool_result: ['tool_use_id'],
}

function checkData(value: unknown, loc: (string | number)[], complaints: Complaint[]): Record<string, unknown> {
  if (!isPlain(value)) {
    complain(complaints, 'model_attributes_type', loc, 'Input should be a valid dictionary or object to extract fields from', value)
    return {}
  }
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    // A null at the top level counts as absent.
    if (item === null) continue
    const check = DATA.get(key)
    out[key] = check ? check(item, [...loc, key], complaints) : item
  }
  return out
}

function checkMoment(value: unknown, loc: (string | number)[], complaints: Complaint[]): Moment {
  const moment = parseMoment(value instanceof ExactNumber ? value.value : value)
  if (isMoment(moment)) return moment
  complain(complaints, moment.type, loc, moment.msg, value)
  return { micros: 0, offset: 0 }
}

/** Reads a key that must be there. */
export function required(
  body: Record<string, unknown>,
  key: string,
  loc: (string | number)[],
  complaints: Complaint[],
  check: Check,
): unknown {
  if (!(key in body)) return complain(complaints, 'missing', [...loc, key], 'Field required', body)
  return check(body[key], [...loc, key], complaints)
}

function checkEvent(
  value: unknown,
  loc: (string | number)[],
  complaints: Complaint[],
  generation: Generation,
): IncomingEvent | undefined {
  if (!isPlain(value)) {
    return complain(
      complaints,
      'model_attributes_type',
      loc,
      'Input should be a valid dictionary or object to extract fields from',
      value,
    )
  }
  const before = complaints.length
  let sequence = 0
  let hash: string | undefined
  if (generation === 'sequence') {
    const given = required(value, 'sequence', loc, complaints, integer)
    if (typeof given === 'number') {
      sequence = given
      if (given < 1) {
        complain(complaints, 'greater_than_equal', [...loc, 'sequence'], 'Input should be greater than or equal to 1', given)
      }
    }
  }
  const type = required(value, 'type', loc, complaints, text)
  const emitted = required(value, 'emitted_at', loc, complaints, checkMoment) as Moment | undefined
  const observed = required(value, 'observed_at', loc, complaints, checkMoment) as Moment | undefined
  if (generation !== 'sequence' && value.event_hash !== undefined && value.event_hash !== null) {
    const given = text(value.event_hash, [...loc, 'event_hash'], complaints)
    if (typeof given === 'string') {
      if ([...given].length > 32) {
        complain(complaints, 'string_too_long', [...loc, 'event_hash'], 'String should have at most 32 characters', given)
      }
      hash = given === '' ? undefined : given
    }
  }
  const data = required(value, 'data', loc, complaints, checkData) as Record<string, unknown> | undefined
  // The rules between fields are looked at only when every field is well formed.
  if (complaints.length > before || typeof type !== 'string' || !emitted || !observed || !data) return undefined
  for (const key of REQUIRED[type] ?? []) {
    if (data[key] === undefined || data[key] === '') {
      return complain(complaints, 'value_error', loc, `Value error, ${type} events require ${key} in data`, value)
    }
  }
  return { type, emitted, observed, hash, sequence, data }
}

export function checkEvents(body: Record<string, unknown>, complaints: Complaint[], generation: Generation) {
  const sessionId = required(body, 'session_id', ['body'], complaints, text)
  const events = required(body, 'events', ['body'], complaints, (value, loc) => {
    if (!Array.isArray(value)) return complain(complaints, 'list_type', loc, 'Input should be a valid list', value)
    if (value.length < 1) {
      const msg = 'List should have at least 1 item after validation, not 0'
      return complain(complaints, 'too_short', loc, msg, value)
    }
    if (value.length > 50) {
      const msg = `List should have at most 50 items after validation, not ${value.length}`
      return complain(complaints, 'too_long', loc, msg, value)
    }
    return value.map((entry, index) => checkEvent(entry, [...loc, index], complaints, generation))
  })
  return { sessionId: sessionId as string, events: (events ?? []) as IncomingEvent[] }
}

const UUID = /^(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i

/** The UUID in lower case with dashes, or undefined if it is invalid. The input may lack dashes and may have braces around it. */
export function readUuid(value: string): string | undefined {
  return UUID.exec(value)?.slice(1).join('-').toLowerCase()
}

export const uuid: Check = (value, loc, complaints) => {
  if (typeof value !== 'string')
    return complain(complaints, 'uuid_type', loc, 'UUID input should be a string, bytes or UUID object', value)
  return readUuid(value) ?? complain(complaints, 'uuid_parsing', loc, 'Input should be a valid UUID', value)
}

export const nullable =
  (check: Check): Check =>
  (value, loc, complaints) =>
    value === null || value === undefined ? null : check(value, loc, complaints)

export { object as plainObject }
