/** One agent's conversation, from its events. Pure: no signals, no DOM. Items are replaced and never changed, so a view renders what changed. */
import type { Ask, EndEvent, FileDiff, HubEvent, MessageEvent, PlanEntry, ToolEvent, TurnEvent, UsageEvent } from 'signalbox/hub'
import type { ClosedAsk } from './asks.js'

interface Base {
  readonly key: string
  readonly turn?: string
  readonly session?: string
  readonly atMs: number
  /** Messages of the system behind this item, newest last, if the hub keeps them. */
  readonly raw: readonly unknown[]
}

/** A prompt, and how its turn ended. */
export interface TurnItem extends Base {
  readonly type: 'turn'
  readonly id: string
  readonly what: TurnEvent['what']
  readonly text?: string
  readonly by?: string
}

/** The end of a turn. */
export interface EndItem extends Base {
  readonly type: 'end'
  readonly end: EndEvent
  readonly tookMs?: number
  readonly usage?: UsageEvent
}

/** A message, a thought, or a prompt that came from elsewhere. */
export interface MessageItem extends Base {
  readonly type: 'message'
  readonly id: string
  readonly role: MessageEvent['role']
  readonly text: string
  readonly partial: boolean
  readonly retracted: boolean
  readonly from?: string
  readonly to?: readonly string[]
  readonly deliveries: readonly string[]
  readonly endMs: number
}

/** A tool call. */
export interface ToolItem extends Base {
  readonly type: 'tool'
  readonly id: string
  readonly title?: string
  readonly name?: string
  readonly toolKind?: string
  readonly status: ToolEvent['status']
  readonly input?: unknown
  readonly output?: unknown
  readonly diff?: readonly FileDiff[]
  readonly locations?: readonly string[]
  readonly parent?: string
  readonly endMs?: number
}

/** An ask, and how it was closed. */
export interface AskItem extends Base {
  readonly type: 'ask'
  readonly ask: Ask
  readonly closed?: ClosedAsk
}

/** Something for people to know, or a gap. */
export interface NoticeItem extends Base {
  readonly type: 'notice'
  readonly level: 'info' | 'warning' | 'error'
  readonly text: string
}

/** Anything that the conversation shows in its order. */
export type ConversationItem = TurnItem | EndItem | MessageItem | ToolItem | AskItem | NoticeItem

/** A conversation as it is now. */
export interface Conversation {
  readonly items: readonly ConversationItem[]
  readonly plan: readonly PlanEntry[]
  /** Older items were dropped, because only the newest are kept here. The journal still has them. */
  readonly dropped: number
}

/** Items of one conversation that the page keeps. */
export const MAX_ITEMS = 2_000
const MAX_RAW = 4
/** How far back the turn of a prompt is, at most, when the history of the system shows the prompt. */
const ECHO_WITHIN = 20

/** Reads events into a conversation. */
export interface ConversationReader {
  apply(events: readonly HubEvent[]): void
  /** The conversation now; the same object while nothing changed. */
  read(): Conversation
  restore(saved: Conversation): void
}

const GAP_WORDS: Readonly<Record<string, string>> = {
  expired: 'Earlier events were removed from the journal.',
  restart: 'The journal was replaced by a new one. What follows is a snapshot.',
  overflow: 'Events came faster than the journal could keep them, and some were dropped.',
}

/**
 * Makes an empty conversation.
 *
 * Long because every kind of event works on the same list.
 */
export function createConversation(): ConversationReader {
  let items: ConversationItem[] = []
  let at = new Map<string, number>()
  let plan: readonly PlanEntry[] = []
  let dropped = 0
  let shown: Conversation = { items, plan, dropped }
  let changed = false
  let openThought: string | undefined
  const usage = new Map<string, UsageEvent>()
  const starts = new Map<string, number>()

  const find = (key: string): ConversationItem | undefined => {
    const index = at.get(key)
    return index === undefined ? undefined : items[index]
  }
  const put = (item: ConversationItem): void => {
    changed = true
    const index = at.get(item.key)
    if (index !== undefined) {
      items[index] = item
      return
    }
    at.set(item.key, items.length)
    items.push(item)
    if (items.length <= MAX_ITEMS * 1.25) return
    // In one step, because the positions of all items change.
    dropped += items.length - MAX_ITEMS
    items = items.slice(-MAX_ITEMS)
    at = new Map(items.map(({ key }, position) => [key, position]))
  }
  const base = (key: string, event: HubEvent, before?: ConversationItem): Base => ({
    key,
    atMs: before?.atMs ?? Date.parse(event.at),
    raw: event.raw === undefined ? (before?.raw ?? []) : [...(before?.raw ?? []), event.raw].slice(-MAX_RAW),
    ...(event.turn === undefined ? {} : { turn: event.turn }),
    ...(event.session === undefined ? {} : { session: event.session }),
  })

  /** Systems do not always close a thought: it is over when the agent does something else in its turn. */
  const closeThought = (event: HubEvent): void => {
    if (
      openThought === undefined ||
      !(event.kind === 'tool' || event.kind === 'end' || event.kind === 'ask' || event.kind === 'message')
    )
      return
    const thought = find(openThought)
    if (thought?.type !== 'message' || thought.turn !== event.turn) return
    if (event.kind === 'message' && event.role === 'thought' && event.id === thought.id) return
    openThought = undefined
    if (thought.partial) put({ ...thought, partial: false, endMs: Date.parse(event.at) })
  }
  const take = (event: HubEvent): void => {
    closeThought(event)
    switch (event.kind) {
      case 'turn': {
        if (event.turn === undefined) return
        const key = `turn:${event.turn}`
        const before = find(key) as TurnItem | undefined
        const text = event.text ?? before?.text
        const by = event.by ?? before?.by
        if (event.what !== 'queued') starts.set(event.turn, Date.parse(event.at))
        // A queued prompt moves to the place where its turn starts.
        if (before && before.what === 'queued' && event.what === 'started') remove(key)
        return put({
          ...base(key, event),
          type: 'turn',
          id: event.turn,
          what: event.what,
          ...(text === undefined ? {} : { text }),
          ...(by === undefined ? {} : { by }),
        })
      }
      case 'message':
        return message(event)
      case 'tool':
        return tool(event)
      case 'plan':
        plan = event.entries
        changed = true
        return
      case 'ask':
        return put({ ...base(`ask:${event.ask.id}`, event, find(`ask:${event.ask.id}`)), type: 'ask', ask: event.ask })
      case 'ask_resolved': {
        const before = find(`ask:${event.askId}`)
        if (before?.type !== 'ask') return
        const { outcome, delivered, by, note } = event
        const told = { ...(by === undefined ? {} : { by }), ...(note === undefined ? {} : { note }) }
        return put({ ...before, closed: { ask: before.ask, outcome, delivered, closedMs: Date.parse(event.at), ...told } })
      }
      case 'usage':
        if (event.turn !== undefined) usage.set(event.turn, event)
        return
      case 'end': {
        const turn = event.turn ?? ''
        const began = starts.get(turn)
        const used = usage.get(turn)
        starts.delete(turn)
        usage.delete(turn)
        return put({
          ...base(`end:${turn}`, event),
          type: 'end',
          end: event,
          ...(began === undefined ? {} : { tookMs: Date.parse(event.at) - began }),
          ...(used === undefined ? {} : { usage: used }),
        })
      }
      case 'notice':
        return put({ ...base(`notice:${event.seq}:${event.text}`, event), type: 'notice', level: event.level, text: event.text })
      case 'gap': {
        const text = GAP_WORDS[event.reason] ?? `Events may be missing here (${event.reason}).`
        return put({ ...base(`gap:${event.seq}`, event), type: 'notice', level: 'warning', text })
      }
      case 'delivery': {
        const before = find(`message:agent:${event.messageId}`) ?? find(`message:user:${event.messageId}`)
        if (before?.type !== 'message') return
        const deliveries = [...before.deliveries.filter((one) => !one.startsWith(`${event.to}: `)), `${event.to}: ${event.state}`]
        return put({ ...before, deliveries })
      }
      default:
        return
    }
  }
  const remove = (key: string): void => {
    const index = at.get(key)
    if (index === undefined) return
    items.splice(index, 1)
    at = new Map(items.map((item, position) => [item.key, position]))
  }
  const message = (event: HubEvent & { readonly kind: 'message' }): void => {
    const key = `message:${event.role}:${event.id}`
    const before = find(key) as MessageItem | undefined
    // The prompt itself stands as the head of its turn.
    if (event.role === 'user' && !before && (event.turn === undefined ? isEcho(event) : samePrompt(event.turn, event.text))) return
    if (event.role === 'thought' && event.partial) openThought = key
    const text = event.how === 'append' ? (before?.text ?? '') + event.text : event.text
    put({
      ...base(key, event, before),
      type: 'message',
      id: event.id,
      role: event.role,
      text,
      partial: event.partial,
      retracted: event.how === 'retract',
      deliveries: before?.deliveries ?? [],
      endMs: Date.parse(event.at),
      ...(event.from === undefined ? {} : { from: event.from }),
      ...(event.to === undefined ? {} : { to: event.to }),
    })
  }
  /** A system without turns lists a prompt in its history, under the name of its author, with the mark of the client behind it. */
  const isEcho = ({ from, text }: MessageEvent): boolean =>
    items.slice(-ECHO_WITHIN).some((item) => {
      if (item.type !== 'turn' || item.by === undefined || from === undefined) return false
      return (from === item.by || from.startsWith(`${item.by}#`)) && item.text?.trim() === text.trim()
    })
  const samePrompt = (turn: string, text: string): boolean => {
    const head = find(`turn:${turn}`)
    return head?.type === 'turn' && head.text?.trim() === text.trim()
  }
  const tool = (event: HubEvent & { readonly kind: 'tool' }): void => {
    const key = `tool:${event.id}`
    const before = find(key) as ToolItem | undefined
    const { title, name, toolKind, input, output, diff, locations, parent } = event
    const given = Object.entries({ title, name, toolKind, input, output, diff, locations, parent }).filter(
      ([, value]) => value !== undefined,
    )
    const over = event.status === 'done' || event.status === 'failed'
    put({
      ...before,
      ...base(key, event, before),
      type: 'tool',
      id: event.id,
      status: event.status,
      ...Object.fromEntries(given),
      ...(over ? { endMs: before?.endMs ?? Date.parse(event.at) } : {}),
    })
  }

  return {
    apply(events) {
      for (const event of events) take(event)
    },
    read() {
      if (!changed) return shown
      changed = false
      shown = { items: [...items], plan, dropped }
      return shown
    },
    restore(saved) {
      items = [...saved.items]
      plan = saved.plan
      dropped = saved.dropped
      at = new Map(items.map(({ key }, position) => [key, position]))
      changed = true
    },
  }
}

/** The turns of a conversation that have not ended. */
export function openTurnsOf({ items }: Conversation): readonly TurnItem[] {
  const ended = new Set(items.flatMap((item) => (item.type === 'end' ? [item.turn] : [])))
  return items.filter((item): item is TurnItem => item.type === 'turn' && !ended.has(item.id))
}
