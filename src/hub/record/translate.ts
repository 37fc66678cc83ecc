/**
 * From events of one session to events of CatSyphon. The result depends only on the state and the event, so a recorder that starts
 * again makes the same events in the same order.
 */
import { sha256Hex } from '../../core/sha256.js'
import type { CollectorEvent } from '../../catsyphon/events.js'
import type { AskEvent, EndEvent, HubEvent, MessageEvent, ToolEvent, UsageEvent } from '../model/event.js'

/** An event of CatSyphon, and a key that is the same each time this event is made. */
export interface RecordedItem {
  readonly key: string
  readonly event: CollectorEvent
}

/** The state between two events of a session. Plain data, because it is stored. */
export interface TranslateState {
  /** Messages that are not complete yet. */
  readonly partial: Record<string, { role: MessageEvent['role']; text: string; turn?: string | undefined }>
  /** Tool calls without a result: what is known of them, and whether the call is recorded. */
  readonly tools: Record<string, { name?: string; input?: unknown; title?: string; turn?: string | undefined; called: boolean }>
  /** Turns without an end. */
  readonly turns: Record<string, { prompt?: string; answered?: boolean; usage?: Record<string, number>; costUsd?: number }>
  /** The newest messages that came from the history of the system. The journal may have them too. */
  seen: string[]
  /** How the newest turn ended. */
  lastOutcome?: EndEvent['outcome']
}

export const emptyState = (): TranslateState => ({ partial: {}, tools: {}, turns: {}, seen: [] })

/** The most characters of an unfinished message that are kept. */
const MAX_PARTIAL = 64 * 1024

/** False for events that never give an event of CatSyphon, so that a stream of deltas costs little. */
export const mayYield = (event: HubEvent): boolean =>
  !(event.kind === 'state' || event.kind === 'delivery' || event.kind === 'unknown' || event.kind === 'agent') &&
  !(event.kind === 'message' && event.partial)

/** The id of a message within its session. */
export const messageKey = ({ id, role }: Pick<MessageEvent, 'id' | 'role'>): string => `${role} ${id}`

type Data = Record<string, unknown>
type Add = (type: CollectorEvent['type'], data: Data) => void

/** Applies one event to the state, and gives the events of CatSyphon for it. `prefix` makes their keys. */
export function translate(state: TranslateState, event: HubEvent, prefix: string): RecordedItem[] {
  const items: RecordedItem[] = []
  const emittedAt = event.reportedAt ?? event.at
  const add: Add = (type, data) => {
    const key = `${prefix}.${items.length}`
    const about = { agent: event.agent, ...(event.turn === undefined ? {} : { turn: event.turn }), at: event.at }
    items.push({ key, event: { type, emittedAt, data: { ...data, raw_data: { ...Object(data.raw_data), hub: about } } } })
  }
  switch (event.kind) {
    case 'turn':
      prompted(state, event.promptId ?? event.turn, event.text, event.by, add)
      break
    case 'message':
      addMessage(state, event, event.turn, add)
      break
    case 'tool':
      used(state, event, event.turn, add)
      break
    case 'plan':
      note(add, event.entries.map(({ text, status }) => `${MARKS[status]} ${text}`).join('\n'), {}, 'plan')
      break
    case 'ask':
      addAsk(event, add)
      break
    case 'ask_resolved': {
      const { by, outcome, delivered, askId, note: why } = event
      const author = by === undefined ? '' : ` by ${by}`
      note(add, `The ask is ${outcome}${author}${why === undefined ? '' : `: ${why}`} (delivered: ${delivered}).`, {
        ask_id: askId,
      })
      break
    }
    case 'usage':
      counted(state, event, event.turn)
      break
    case 'end':
      ended(state, event, event.turn, add)
      break
    case 'gap':
      add('error', { error_type: 'gap', message: `Events may be missing here (${event.reason}).` })
      break
    case 'notice':
      if (event.level === 'error') add('error', { error_type: 'notice', message: event.text })
      else note(add, event.text)
      break
  }
  return items
}

const MARKS = { pending: '[ ]', running: '[~]', done: '[x]' } as const

/** A line of the hub itself between the lines of the conversation. */
function note(add: Add, content: string, more: Data = {}, type = 'context'): void {
  add('message', { author_role: 'system', message_type: type, content, raw_data: more })
}

function prompted(state: TranslateState, id: string | undefined, text: string | undefined, by: string | undefined, add: Add): void {
  // A prompt that waited has two events with the same text.
  if (id === undefined || state.turns[id]?.prompt !== undefined) return
  state.turns[id] = { ...state.turns[id], prompt: text === undefined ? '' : digest(text) }
  if (text === undefined) return
  add('message', { author_role: 'human', message_type: 'prompt', content: text, raw_data: { by } })
}

const digest = (text: string): string => sha256Hex(text.trim()).slice(0, 16)

function addMessage(state: TranslateState, event: MessageEvent, turn: string | undefined, add: Add): void {
  const { role, text, how, partial, from, to, replyTo, parent, id } = event
  const key = messageKey(event)
  const before = state.partial[key]
  if (how === 'append' && partial) {
    const whole = before ?? { role, text: '', turn }
    if (whole.text.length < MAX_PARTIAL) state.partial[key] = { ...whole, text: whole.text + text }
    return
  }
  if (partial) {
    state.partial[key] = { role, text: text.slice(0, MAX_PARTIAL), turn }
    return
  }
  delete state.partial[key]
  if (state.seen.includes(key)) return
  if (how === 'retract') return note(add, `The message ${id} was taken back: ${text}`)
  const content = how === 'append' ? (before?.text ?? '') + text : text
  if (role === 'user' && isEcho(state, content)) return
  const facts = { message_id: id, from, to, reply_to: replyTo, parent }
  if (role === 'agent' && turn !== undefined) state.turns[turn] = { ...state.turns[turn], answered: true }
  write(add, role, content, facts)
}

function write(add: Add, role: MessageEvent['role'], content: string, facts: Data): void {
  if (role === 'thought') add('thinking', { content, raw_data: facts })
  else if (role === 'user') add('message', { author_role: 'human', message_type: 'prompt', content, raw_data: facts })
  else add('message', { author_role: 'assistant', message_type: 'response', content, raw_data: facts })
}

/** Some systems repeat a prompt as a message. It is recorded already. */
function isEcho(state: TranslateState, content: string): boolean {
  const hash = digest(content)
  const turn = Object.values(state.turns).find(({ prompt }) => prompt === hash)
  // Only the first repetition is the prompt itself.
  if (turn) turn.prompt = ''
  return turn !== undefined
}

function used(state: TranslateState, event: ToolEvent, turn: string | undefined, add: Add): void {
  const { id, status, output, diff, locations, parent } = event
  const tool = state.tools[id] ?? { called: false, turn }
  const name = event.name ?? tool.name
  const title = event.title ?? tool.title
  const input = event.input === undefined ? tool.input : event.input
  const over = status === 'done' || status === 'failed'
  const next = { ...tool, ...(name === undefined ? {} : { name }), ...(title === undefined ? {} : { title }) }
  // The input may come after the call.
  if (!tool.called && (over || input !== undefined)) {
    call(add, id, { ...next, input })
    next.called = true
  } else if (input !== undefined && !next.called) next.input = input
  if (!over) {
    state.tools[id] = next
    return
  }
  delete state.tools[id]
  const result = output === undefined ? (diff === undefined ? '' : JSON.stringify(diff)) : textOf(output)
  const facts = status === 'done' ? { success: true, result } : { success: false, error_message: result || 'The tool failed.' }
  add('tool_result', { tool_use_id: id, ...facts, raw_data: { locations, parent } })
}

function call(add: Add, id: string, { name, title, input }: { name?: string; title?: string; input?: unknown }): void {
  const parameters =
    typeof input === 'object' && input !== null && !Array.isArray(input) ? input : input === undefined ? {} : { input }
  add('tool_call', { tool_name: name ?? title ?? 'unknown', tool_use_id: id, parameters })
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function addAsk({ ask }: AskEvent, add: Add): void {
  const { id, kind, title, detail, tool, options, questions } = ask
  const lines = [title, ...(detail === undefined ? [] : [detail]), ...(questions ?? []).map(({ text }) => text)]
  note(add, lines.join('\n'), { ask_id: id, ask_kind: kind, tool, options: options?.map(({ label }) => label) })
}

function counted(state: TranslateState, { scope, tokens, costUsd }: UsageEvent, turn: string | undefined): void {
  // The total of a session would be counted again with each turn.
  if (scope !== 'turn' || turn === undefined) return
  const names = { input: 'input_tokens', output: 'output_tokens', cacheRead: 'cache_read_tokens', cacheWrite: 'cache_write_tokens' }
  const usage: Record<string, number> = { ...state.turns[turn]?.usage }
  for (const [key, name] of Object.entries(names)) {
    const value = tokens?.[key as keyof typeof names]
    if (value !== undefined) usage[name] = (usage[name] ?? 0) + value
  }
  const cost = (state.turns[turn]?.costUsd ?? 0) + (costUsd ?? 0)
  state.turns[turn] = { ...state.turns[turn], usage, ...(costUsd === undefined ? {} : { costUsd: cost }) }
}

function ended(state: TranslateState, event: EndEvent, turn: string | undefined, add: Add): void {
  const { outcome, text, stopReason, attribution, error, sent } = event
  const turnState = (turn === undefined ? undefined : state.turns[turn]) ?? {}
  // Messages and tool calls that a turn left unfinished get no later event.
  for (const [key, { role, text: rest, turn: of }] of Object.entries(state.partial)) {
    if (of !== turn) continue
    delete state.partial[key]
    write(add, role, rest, { unfinished: true })
    if (role === 'agent') turnState.answered = true
  }
  for (const [id, tool] of Object.entries(state.tools)) {
    if (tool.turn !== turn) continue
    delete state.tools[id]
    if (!tool.called) call(add, id, tool)
  }
  if (text && !turnState.answered) write(add, 'agent', text, {})
  if (turn !== undefined) delete state.turns[turn]
  state.lastOutcome = outcome
  const facts = { outcome, sent, stop_reason: stopReason, attribution, cost_usd: turnState.costUsd }
  const usage = turnState.usage && Object.keys(turnState.usage).length > 0 ? { token_usage: turnState.usage } : {}
  if (outcome === 'completed' || outcome === 'cancelled')
    add('message', {
      author_role: 'system',
      message_type: 'context',
      content: `The turn is ${outcome}.`,
      ...usage,
      raw_data: facts,
    })
  else add('error', { error_type: outcome, message: error?.message ?? `The turn is ${outcome}.`, ...usage, raw_data: facts })
}
