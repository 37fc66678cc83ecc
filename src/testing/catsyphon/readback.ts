/** `GET /conversations/{id}`: a session as the server's own pages show it. */
import { Answered, detail, internalError, json, type SimulatedAnswer } from './answers.js'
import { isMoment, parseMoment, pythonIso } from './datetime.js'
import { dumpPythonJson } from './python-json.js'
import type { Records, WorkspaceRecord } from './records.js'
import type { ParsedRequest } from './request.js'
import type { SessionRecord, StoredRow } from './sessions.js'
import { readUuid } from './validate.js'

export function workspaceOf(records: Records, request: ParsedRequest): WorkspaceRecord {
  const header = request.headers.get('x-workspace-id')
  if (header === undefined) throw detail(401, 'X-Workspace-Id header required')
  const id = readUuid(header)
  if (id === undefined) throw detail(400, 'Invalid workspace ID format')
  const workspace = records.workspaces.get(id)
  if (!workspace) throw detail(401, 'Workspace not found')
  if (!workspace.is_active) throw detail(403, 'Workspace is inactive')
  return workspace
}

export function readConversation(records: Records, request: ParsedRequest, id: string): SimulatedAnswer {
  const workspace = workspaceOf(records, request)
  const wanted = readUuid(id)
  const session = [...records.sessions.values()].find(
    (known) => known.conversationId === wanted && known.workspaceId === workspace.id,
  )
  if (!session) throw detail(404, 'Conversation not found')
  if (isUnreadable(session)) throw new Answered(internalError())
  const parent = records.sessions.get(String(session.extra.parent_session_id ?? ''))
  return json(200, {
    id: session.conversationId,
    agent_type: session.agentType,
    agent_version: session.agentVersion,
    start_time: pythonIso(session.startTime),
    end_time: session.endTime ? pythonIso(session.endTime) : null,
    status: session.status,
    success: session.success,
    conversation_type: session.extra.parent_session_id === undefined ? 'main' : 'agent',
    parent_conversation_id: parent?.conversationId ?? null,
    message_count: session.rows.length,
    extra_data: session.extra,
    messages: session.rows.map(messageOf),
    plans: session.extra.plans ?? [],
    files_touched: [],
    total_tokens: session.rows.reduce((sum, row) => sum + tokensOf(row), 0),
  })
}

/** The server stores these and then fails, for ever, to make an answer of them. */
const isUnreadable = ({ rows, extra }: SessionRecord): boolean =>
  rows.some(({ data }) => nests(data.parameters, MAX_DEPTH)) || holdsBadTime(extra.plans)

/** pydantic gives up on an answer that is nested deeper than 255 levels; the answer itself takes some of them. */
const MAX_DEPTH = 250

function nests(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => nests(inner, depth - 1))
}

const PYTHON_TIME = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?$/

/** Whether a plan holds a `timestamp` that Python cannot read. */
function holdsBadTime(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) =>
    key === 'timestamp' ? !PYTHON_TIME.test(String(inner)) || !isMoment(parseMoment(inner)) : holdsBadTime(inner),
  )
}

function messageOf(row: StoredRow): unknown {
  const { data } = row
  return {
    id: row.id,
    role: roleOf(row),
    content: contentOf(row),
    thinking_content: data.thinking_content ?? null,
    timestamp: pythonIso(row.emitted),
    sequence: row.batch,
    tool_calls:
      row.type === 'tool_call' ? [{ name: data.tool_name, parameters: data.parameters ?? {}, result: null, success: null }] : [],
    extra_data: {},
    model: data.model ?? null,
    token_usage: data.token_usage ?? null,
    stop_reason: data.stop_reason ?? null,
    author_role: null,
    message_type: null,
    emitted_at: null,
    observed_at: null,
  }
}

const ROLES: Readonly<Record<string, string>> = {
  human: 'user',
  caller: 'user',
  assistant: 'assistant',
  agent: 'assistant',
  tool: 'system',
  system: 'system',
}

function roleOf({ type, data }: StoredRow): string {
  const given = ROLES[String(data.author_role)]
  if (given !== undefined) return given
  if (type === 'tool_call' || type === 'tool_result') return 'system'
  return type === 'thinking' ? 'assistant' : 'user'
}

function contentOf({ type, data }: StoredRow): string {
  if (type === 'tool_call') return `[Tool Call: ${String(data.tool_name)}] ${dumpPythonJson(data.parameters ?? {})}`
  if (type === 'tool_result') {
    const failed = data.error_message
    return typeof failed === 'string'
      ? `[Tool Error] ${failed}`
      : `[Tool Result] ${[...String(data.result ?? '')].slice(0, 500).join('')}`
  }
  if (type === 'error') return `[Error: ${String(data.error_type ?? 'unknown')}] ${String(data.message ?? '')}`
  return String(data.content ?? '')
}

function tokensOf({ data }: StoredRow): number {
  const usage = data.token_usage as Record<string, unknown> | undefined
  return Number(usage?.input_tokens ?? 0) + Number(usage?.output_tokens ?? 0)
}
