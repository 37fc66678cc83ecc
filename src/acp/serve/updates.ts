/**
 * Hub events as session updates of the Agent Client Protocol, version 1. One writer belongs to one session of one editor. Version 1 cannot
 * change or take back words that were sent, so a changed message is sent again with a sentence that says so.
 */
import type { HubEvent, MessageEvent, ToolEvent } from '../../hub/model/event.js'

/** A `session/update` without its session. */
export type SessionUpdate = { readonly sessionUpdate: string } & Readonly<Record<string, unknown>>

export interface UpdateWriter {
  /** The updates for one event; none for an event that the protocol has no place for. */
  write(event: HubEvent): readonly SessionUpdate[]
}

const CHUNK: Readonly<Record<MessageEvent['role'], string>> = {
  user: 'user_message_chunk',
  agent: 'agent_message_chunk',
  thought: 'agent_thought_chunk',
}
const TOOL_STATUS: Readonly<Record<ToolEvent['status'], string>> = {
  pending: 'pending',
  running: 'in_progress',
  done: 'completed',
  failed: 'failed',
}
const PLAN_STATUS = { pending: 'pending', running: 'in_progress', done: 'completed' } as const
const TOOL_KINDS: readonly string[] = [
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
]
/** Messages and tools that are remembered; the oldest is forgotten first. */
const MAX_KNOWN = 1_000

/** `notices`: the editor shows notices. Otherwise a notice is sent as a thought, which every editor shows apart from the answer. */
export function createUpdateWriter(options: { readonly notices: boolean }): UpdateWriter {
  const texts = new Map<string, string>()
  const tools = new Set<string>()

  const remember = (key: string, text: string): void => {
    texts.delete(key)
    texts.set(key, text)
    if (texts.size > MAX_KNOWN) texts.delete(texts.keys().next().value as string)
  }
  const notice = (severity: 'info' | 'warning' | 'error', title: string): SessionUpdate =>
    options.notices
      ? { sessionUpdate: 'notice', severity, title }
      : { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: `[${title}]\n` } }

  const message = (event: MessageEvent): readonly SessionUpdate[] => {
    const { id, role, how, text } = event
    const key = `${role} ${id}`
    const before = texts.get(key) ?? ''
    const chunk = (content: string): SessionUpdate => ({
      sessionUpdate: CHUNK[role],
      content: { type: 'text', text: content },
      messageId: id,
    })
    if (how === 'append') {
      remember(key, before + text)
      return text === '' ? [] : [chunk(text)]
    }
    if (how === 'retract') {
      texts.delete(key)
      return before === '' ? [] : [chunk('\n\n[This message was taken back.]')]
    }
    remember(key, text)
    if (text === before) return []
    if (text.startsWith(before)) return [chunk(text.slice(before.length))]
    return [chunk(`\n\n[This message was changed. It now reads:]\n\n${text}`)]
  }

  const tool = (event: ToolEvent): SessionUpdate => {
    const { id, title, name, toolKind, status, input, output, diff, locations } = event
    const first = !tools.has(id)
    tools.add(id)
    if (tools.size > MAX_KNOWN) tools.delete(tools.values().next().value as string)
    const content = [
      ...(typeof output === 'string' && output !== '' ? [{ type: 'content', content: { type: 'text', text: output } }] : []),
      ...(diff ?? []).map((change) => ({ type: 'diff', ...change })),
    ]
    return {
      sessionUpdate: first ? 'tool_call' : 'tool_call_update',
      toolCallId: id,
      status: TOOL_STATUS[status],
      ...(first || title !== undefined ? { title: title ?? name ?? 'Tool' } : {}),
      ...(toolKind !== undefined && TOOL_KINDS.includes(toolKind) ? { kind: toolKind } : {}),
      ...(input === undefined ? {} : { rawInput: input }),
      ...(output === undefined ? {} : { rawOutput: output }),
      ...(content.length > 0 ? { content } : {}),
      ...(locations ? { locations: locations.map((path) => ({ path })) } : {}),
    }
  }

  return {
    write(event) {
      switch (event.kind) {
        case 'message':
          return message(event)
        case 'tool':
          return [tool(event)]
        case 'plan':
          return [
            {
              sessionUpdate: 'plan',
              entries: event.entries.map(({ text, status, priority = 'medium' }) => ({
                content: text,
                status: PLAN_STATUS[status],
                priority,
              })),
            },
          ]
        case 'usage': {
          // The protocol has one cumulative figure for the session, and only beside the size of the context.
          const { context, costUsd, scope } = event
          if (scope !== 'session' || context?.size === undefined) return []
          const cost = costUsd === undefined ? {} : { cost: { amount: costUsd, currency: 'USD' } }
          return [{ sessionUpdate: 'usage_update', used: context.used, size: context.size, ...cost }]
        }
        case 'notice':
          return [notice(event.level, event.text)]
        case 'gap':
          return [notice('warning', `Events may be missing here (${event.reason}).`)]
        case 'ask_resolved': {
          const { outcome, by, delivered } = event
          const author = by === undefined ? '' : ` by ${by}`
          return [
            notice(delivered === 'rejected' ? 'warning' : 'info', `The question was ${outcome}${author}; delivered: ${delivered}.`),
          ]
        }
        case 'turn':
          return event.what === 'unsolicited' ? [notice('info', 'The agent goes on without a prompt.')] : []
        default:
          return []
      }
    },
  }
}
