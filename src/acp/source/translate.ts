/**
 * Session updates as hub events. One translator belongs to one session. It keeps the open message, because the protocol never says that
 * a message is complete: a message ends when another kind of update follows, or with the turn.
 */
import { isRecord } from '../../core/is-record.js'
import type { HubEventBody, MessageEvent, PlanEntry, ToolEvent, UsageEvent } from '../../hub/model/event.js'
import { ContentBlock, ToolCallUpdate, type PromptResponse } from '../protocol/schema.js'
import { diffsOf, outputOf, textOf } from './content.js'

type Role = MessageEvent['role']

interface OpenMessage {
  readonly id: string
  readonly role: Role
  /** Given by the agent; a message without an id ends at the next update of another kind. */
  readonly named: boolean
  text: string
}

export interface Translator {
  /** The events of one update. `turn` makes ids for messages that the agent does not name. */
  update(update: unknown, turn: string): readonly HubEventBody[]
  /** Closes the open message. Called at the end of a turn. */
  finish(): readonly HubEventBody[]
  /** The agent's words of the current turn, without thoughts. */
  readonly answer: string
  /** Forgets the words of the last turn. */
  begin(): void
}

const ROLES: Readonly<Record<string, Role>> = {
  user_message_chunk: 'user',
  agent_message_chunk: 'agent',
  agent_thought_chunk: 'thought',
}
const TOOL_STATUS: Readonly<Record<string, ToolEvent['status']>> = {
  pending: 'pending',
  in_progress: 'running',
  completed: 'done',
  failed: 'failed',
}
const PLAN_STATUS: Readonly<Record<string, PlanEntry['status']>> = { pending: 'pending', in_progress: 'running', completed: 'done' }
/** Tools whose last status is remembered. The oldest is forgotten first and then counts as running. */
const MAX_TOOLS = 1_000

export function createTranslator(): Translator {
  const tools = new Map<string, ToolEvent['status']>()
  let open: OpenMessage | undefined
  let count = 0
  let answer = ''

  const close = (): readonly HubEventBody[] => {
    if (!open) return []
    const { id, role, text } = open
    open = undefined
    return [{ kind: 'message', id, role, text, how: 'replace', partial: false }]
  }

  const chunk = (role: Role, update: Record<string, unknown>, turn: string): readonly HubEventBody[] => {
    const block = ContentBlock.safeParse(update.content)
    const text = block.success ? textOf(block.data) : undefined
    if (text === undefined)
      return [...close(), { kind: 'unknown', name: `${String(update.sessionUpdate)}:${nameOf(update.content)}` }]
    const { messageId } = update
    const named = typeof messageId === 'string'
    const isSameMessage = open?.role === role && open.named === named && (!named || open.id === messageId)
    const closed = isSameMessage ? [] : close()
    if (!open) {
      count += 1
      open = { id: named ? messageId : `${turn}-m${count}`, role, named, text: '' }
    }
    open.text += text
    if (role === 'agent') answer += text
    return [...closed, { kind: 'message', id: open.id, role, text, how: 'append', partial: true }]
  }

  const tool = (update: unknown): readonly HubEventBody[] | undefined => {
    const checked = ToolCallUpdate.safeParse(update)
    if (!checked.success) return undefined
    const event = toolEvent(checked.data, tools.get(checked.data.toolCallId))
    tools.delete(event.id)
    tools.set(event.id, event.status)
    if (tools.size > MAX_TOOLS) tools.delete(tools.keys().next().value as string)
    return [...close(), event]
  }

  return {
    update(update, turn) {
      if (!isRecord(update)) return [{ kind: 'unknown' }]
      const name = String(update.sessionUpdate)
      const role = ROLES[name]
      if (role) return chunk(role, update, turn)
      const events =
        name === 'tool_call' || name === 'tool_call_update'
          ? tool(update)
          : name === 'plan'
            ? plan(update)
            : name === 'usage_update'
              ? usage(update)
              : name === 'notice'
                ? notice(update)
                : undefined
      return events ?? [{ kind: 'unknown', name }]
    },
    finish: close,
    get answer() {
      return answer
    },
    begin() {
      answer = ''
    },
  }
}

const nameOf = (content: unknown): string => (isRecord(content) ? String(content.type) : 'content')

/** A tool call as an event. A missing member is left out, which means unchanged; null clears. */
export function toolEvent(call: ToolCallUpdate, last: ToolEvent['status'] = 'pending'): ToolEvent {
  const { toolCallId: id, title, name, kind, status, content, locations, rawInput, rawOutput } = call
  const diff = content ? diffsOf(content) : []
  const output = rawOutput ?? (content ? outputOf(content) : undefined)
  return {
    kind: 'tool',
    id,
    status: (typeof status === 'string' ? TOOL_STATUS[status] : undefined) ?? last,
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof kind === 'string' ? { toolKind: kind } : {}),
    ...(rawInput === undefined ? {} : { input: rawInput }),
    ...(output === undefined ? {} : { output }),
    ...(diff.length > 0 ? { diff } : {}),
    ...(locations ? { locations: locations.map(({ path }) => path) } : {}),
  }
}

function plan({ entries }: Record<string, unknown>): readonly HubEventBody[] | undefined {
  if (!Array.isArray(entries)) return undefined
  return [
    {
      kind: 'plan',
      entries: entries.filter(isRecord).map(({ content, status, priority }) => ({
        text: String(content),
        status: PLAN_STATUS[String(status)] ?? 'pending',
        ...(priority === 'low' || priority === 'medium' || priority === 'high' ? { priority } : {}),
      })),
    },
  ]
}

/** The context of the session and its cost so far. A cost in another currency than US dollars stays in `raw` only. */
function usage({ used, size, cost }: Record<string, unknown>): readonly HubEventBody[] | undefined {
  if (typeof used !== 'number' || typeof size !== 'number') return undefined
  const inDollars = isRecord(cost) && cost.currency === 'USD' && typeof cost.amount === 'number'
  return [
    {
      kind: 'usage',
      scope: 'session',
      basis: 'reported',
      context: { used, size },
      ...(inDollars ? { costUsd: cost.amount as number } : {}),
    },
  ]
}

function notice({ severity, title, description }: Record<string, unknown>): readonly HubEventBody[] | undefined {
  if (typeof title !== 'string') return undefined
  const level = severity === 'warning' || severity === 'error' ? severity : 'info'
  return [{ kind: 'notice', level, text: typeof description === 'string' ? `${title}: ${description}` : title }]
}

/** Token counts of one turn, from agents that report them with the answer to a prompt. */
export function turnUsage({ usage }: PromptResponse): UsageEvent | undefined {
  if (!usage) return undefined
  const { inputTokens, outputTokens, thoughtTokens, cachedReadTokens, cachedWriteTokens } = usage
  const counts = {
    input: inputTokens,
    output: outputTokens,
    thinking: thoughtTokens,
    cacheRead: cachedReadTokens,
    cacheWrite: cachedWriteTokens,
  }
  const tokens = Object.fromEntries(Object.entries(counts).filter(([, count]) => typeof count === 'number'))
  return { kind: 'usage', scope: 'turn', basis: 'reported', tokens }
}
