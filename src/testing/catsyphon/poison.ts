/** What the server's storage refuses, every time it is sent. The answer is a 500, so a client cannot tell it from an outage. */
import { leavesCalendar } from './datetime.js'
import { ExactNumber } from './python-json.js'
import { isPlain, type IncomingEvent } from './validate.js'

const ROLES = new Set(['human', 'caller', 'assistant', 'agent', 'tool', 'system'])
export const MESSAGE_LIKE: ReadonlySet<string> = new Set(['message', 'tool_call', 'tool_result', 'thinking', 'error'])
const FILE_TOOLS = new Set(['Edit', 'Write', 'NotebookEdit', 'MultiEdit', 'Read', 'Glob', 'Grep'])
// PostgreSQL's index rows end near 2,700 bytes.
const INDEXED_BYTES = 2700

const encoder = new TextEncoder()
const characters = (value: string): number => [...value].length

/** The driver's text for an event that cannot be stored, or undefined. */
export function refusal(sessionId: string, event: IncomingEvent, createsSession: boolean): string | undefined {
  if (leavesCalendar(event.emitted)) return 'date value out of range'
  const isStored = MESSAGE_LIKE.has(event.type)
  const looked = isStored || event.type === 'session_start' || event.type === 'session_end'
  const bad = unstorable(sessionId) ?? unstorable(event.hash) ?? (looked ? unstorable(event.data) : undefined)
  if (bad !== undefined) return bad
  if (characters(sessionId) > 255) return tooLong(255)
  if (event.type === 'session_start' && createsSession) return refusedStart(event.data)
  if (!isStored) return undefined
  const role = event.data.author_role
  if (typeof role === 'string' && role !== '' && !ROLES.has(role)) return `'${role}' is not a valid AuthorRole`
  return refusedPath(event)
}

const tooLong = (limit: number): string =>
  `(psycopg2.errors.StringDataRightTruncation) value too long for type character varying(${limit})`

function refusedStart(data: Record<string, unknown>): string | undefined {
  for (const key of ['agent_type', 'agent_version']) {
    const value = data[key]
    if (typeof value === 'string' && characters(value) > 50) return tooLong(50)
  }
  const directory = data.working_directory
  if (typeof directory !== 'string') return undefined
  const parts = directory.split(/[\\/]/).filter((part) => part !== '')
  const isHome = /^(?:users|home)$/i.test(parts[parts[0]?.endsWith(':') ? 1 : 0] ?? '')
  const developer = isHome ? parts[parts[0]?.endsWith(':') ? 2 : 1] : undefined
  if (characters(parts.at(-1) ?? '') > 255 || characters(developer ?? '') > 255) return tooLong(255)
  if (encoder.encode(directory).length > INDEXED_BYTES) {
    return '(psycopg2.errors.ProgramLimitExceeded) index row size exceeds btree maximum'
  }
  return undefined
}

function refusedPath({ type, data }: IncomingEvent): string | undefined {
  if (type !== 'tool_call' || !FILE_TOOLS.has(String(data.tool_name)) || !isPlain(data.parameters)) return undefined
  const path = data.parameters.file_path ?? data.parameters.path
  const holdsObject = isPlain(path) || (Array.isArray(path) && path.some(isPlain))
  return holdsObject ? "(psycopg2.ProgrammingError) can't adapt type 'dict'" : undefined
}

function unstorable(value: unknown): string | undefined {
  if (typeof value === 'string') {
    const nul = value.includes('\u0000') ? 'A string literal cannot contain NUL (0x00) characters.' : undefined
    return nul ?? loneSurrogate(value)
  }
  if (Array.isArray(value)) return firstOf(value)
  if (value instanceof ExactNumber)
    return Number.isFinite(value.value) ? undefined : '(psycopg2.errors.InvalidTextRepresentation) invalid json'
  if (isPlain(value)) return firstOf(Object.entries(value).flat())
  return undefined
}

function firstOf(values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const found = unstorable(value)
    if (found !== undefined) return found
  }
  return undefined
}

function loneSurrogate(value: string): string | undefined {
  let position = 0
  for (const character of value) {
    const code = character.codePointAt(0) as number
    if (code >= 0xd800 && code <= 0xdfff) {
      return `'utf-8' codec can't encode character '\\u${code.toString(16)}' in position ${position}: surrogates not allowed`
    }
    position += 1
  }
  return undefined
}
