/**
 * Spans of turns, tools and asks from the events of a hub, with the names of OpenTelemetry's conventions for generative AI
 * (`semantic-conventions-genai`, state of development, September 2026). This file uses no tracer: `signalbox/otel` makes the spans.
 */
import type { Agent, AgentId } from '../model/agent.js'
import type { AskEvent, EndEvent, HubEvent, ToolEvent, TurnEvent, UsageEvent } from '../model/event.js'

export type SpanValue = string | number | boolean | readonly string[]
export type SpanAttributes = Readonly<Record<string, SpanValue | undefined>>

/** The start of a span. */
export interface SpanStart {
  readonly name: string
  /** The kind of the span: a turn calls another system, a tool or an ask is part of it. */
  readonly remote: boolean
  readonly attributes: SpanAttributes
  /** ISO time. */
  readonly at: string
}

/** The end of a span. */
export interface SpanEnd {
  readonly attributes?: SpanAttributes
  readonly at: string
  /** The span failed: a short name and a sentence. */
  readonly error?: { readonly type: string; readonly message: string }
}

/** Makes spans of one kind of tracer. */
export interface SpanMaker<Span> {
  start(start: SpanStart, parent: Span | undefined): Span
  end(span: Span, end: SpanEnd): void
}

export interface HubSpans {
  take(event: HubEvent): void
  /** Ends every open span as unfinished. */
  close(at: string): void
}

/** More spans are not opened while so many are open. */
const MAX_OPEN = 10_000

interface OpenTurn<Span> {
  readonly span: Span
  /** Tool calls without a result. An ask has an event of its own when it is closed, maybe after the end of the turn. */
  readonly tools: Set<string>
  usage: SpanAttributes
}

/** Makes spans of the events that it takes. Long because turns, tools and asks share the spans that are open. */
export function createHubSpans<Span>(maker: SpanMaker<Span>): HubSpans {
  const agents = new Map<AgentId, Agent>()
  const turns = new Map<string, OpenTurn<Span>>()
  const children = new Map<string, Span>()
  const turnKey = ({ agent, turn }: HubEvent): string => `${agent}\n${turn}`

  const about = ({ agent, session }: HubEvent): SpanAttributes => {
    const agentNow = agents.get(agent)
    const model = agentNow?.facts.model
    const version = agentNow?.facts.version
    return {
      'gen_ai.provider.name': PROVIDERS[agentNow?.system ?? ''] ?? agentNow?.system ?? agent.split('/')[0],
      'gen_ai.agent.id': agent,
      'gen_ai.agent.name': agentNow?.name,
      'gen_ai.agent.version': typeof version === 'string' ? version : undefined,
      'gen_ai.request.model': typeof model === 'string' ? model : undefined,
      'gen_ai.conversation.id': session,
    }
  }
  const hasRoom = (): boolean => turns.size + children.size < MAX_OPEN
  const open = (key: string, event: HubEvent, start: Omit<SpanStart, 'at' | 'remote'>): void => {
    if (hasRoom()) children.set(key, maker.start({ ...start, remote: false, at: event.at }, turns.get(turnKey(event))?.span))
  }
  const close = (key: string, end: SpanEnd): void => {
    const span = children.get(key)
    if (span === undefined) return
    children.delete(key)
    maker.end(span, end)
  }

  const began = (event: HubEvent & TurnEvent): void => {
    const key = turnKey(event)
    // A prompt that waited has two events. The span begins with the first one.
    if (turns.has(key) || event.turn === undefined || !hasRoom()) return
    const name = agents.get(event.agent)?.name
    const attributes = {
      'gen_ai.operation.name': 'invoke_agent',
      ...about(event),
      'signalbox.prompt.id': event.promptId,
      'signalbox.prompt.by': event.by,
      'signalbox.turn': event.what,
    }
    const span = maker.start(
      { name: name === undefined ? 'invoke_agent' : `invoke_agent ${name}`, remote: true, attributes, at: event.at },
      undefined,
    )
    turns.set(key, { span, tools: new Set(), usage: {} })
  }
  const used = (event: HubEvent & ToolEvent): void => {
    const key = `tool\n${event.agent}\n${event.id}`
    const name = event.name ?? event.title
    if (!children.has(key)) {
      open(key, event, {
        name: name === undefined ? 'execute_tool' : `execute_tool ${name}`,
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          ...about(event),
          'gen_ai.tool.name': name ?? 'unknown',
          'gen_ai.tool.call.id': event.id,
        },
      })
      turns.get(turnKey(event))?.tools.add(key)
    }
    if (event.status === 'done') close(key, { at: event.at })
    else if (event.status === 'failed') close(key, { at: event.at, error: { type: 'tool_error', message: 'The tool failed.' } })
  }
  const startAsk = (event: HubEvent & AskEvent): void => {
    const { id, kind, tool } = event.ask
    open(`ask\n${id}`, event, {
      name: `ask ${kind}`,
      attributes: { ...about(event), 'signalbox.ask.id': id, 'signalbox.ask.kind': kind, 'gen_ai.tool.name': tool },
    })
  }
  const counted = (event: HubEvent & UsageEvent): void => {
    const turn = turns.get(turnKey(event))
    if (!turn || event.scope !== 'turn') return
    const { tokens: { input, output, cacheRead, cacheWrite } = {}, costUsd, basis } = event
    const all = [input, cacheRead, cacheWrite].filter((count) => count !== undefined)
    turn.usage = {
      ...turn.usage,
      // The convention counts tokens of the cache as input too.
      'gen_ai.usage.input_tokens': all.length === 0 ? undefined : all.reduce((sum, count) => sum + count, 0),
      'gen_ai.usage.output_tokens': output,
      'gen_ai.usage.cache_read.input_tokens': cacheRead,
      'gen_ai.usage.cache_creation.input_tokens': cacheWrite,
      'signalbox.cost.usd': costUsd,
      'signalbox.cost.basis': costUsd === undefined ? undefined : basis,
    }
  }
  const ended = (event: HubEvent & EndEvent): void => {
    const key = turnKey(event)
    const turn = turns.get(key)
    if (!turn) return
    turns.delete(key)
    for (const tool of turn.tools) close(tool, { at: event.at, attributes: UNFINISHED })
    const { outcome, stopReason, attribution, error, sent } = event
    const isFailure = outcome !== 'completed' && outcome !== 'cancelled'
    maker.end(turn.span, {
      at: event.at,
      attributes: {
        ...turn.usage,
        'gen_ai.response.finish_reasons': stopReason === undefined ? undefined : [stopReason],
        'signalbox.outcome': outcome,
        'signalbox.attribution': attribution,
        'signalbox.sent': sent,
      },
      ...(isFailure ? { error: { type: error?.code ?? outcome, message: error?.message ?? `The turn is ${outcome}.` } } : {}),
    })
  }

  return {
    take(event) {
      if (event.kind === 'agent') {
        if (event.agentNow) agents.set(event.agent, event.agentNow)
        else agents.delete(event.agent)
        return
      }
      if (event.origin === 'replay') return
      if (event.kind === 'turn') began(event)
      else if (event.kind === 'tool') used(event)
      else if (event.kind === 'ask') startAsk(event)
      else if (event.kind === 'usage') counted(event)
      else if (event.kind === 'end') ended(event)
      else if (event.kind === 'ask_resolved') {
        const { askId, outcome, by, delivered, at } = event
        const attributes = { 'signalbox.ask.outcome': outcome, 'signalbox.ask.by': by, 'signalbox.ask.delivered': delivered }
        close(`ask\n${askId}`, { at, attributes })
      }
    },
    close(at) {
      for (const key of [...children.keys()]) close(key, { at, attributes: UNFINISHED })
      for (const { span } of turns.values()) maker.end(span, { at, attributes: UNFINISHED })
      turns.clear()
    },
  }
}

const UNFINISHED = { 'signalbox.unfinished': true }
/** Providers whose name is known from the system alone. */
const PROVIDERS: Readonly<Record<string, string>> = { claude: 'anthropic', ccc: 'anthropic' }
