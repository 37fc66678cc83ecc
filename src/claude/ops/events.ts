/** Typed events of a client. They are emitted synchronously. A handler that fails does not disturb the stream. */

/** The names of all events, as ccflow writes them. */
export const EventType = {
  SESSION_CREATED: 'session.created',
  SESSION_RESUMED: 'session.resumed',
  SESSION_CLOSED: 'session.closed',
  SESSION_ERROR: 'session.error',
  TURN_STARTED: 'turn.started',
  TURN_COMPLETED: 'turn.completed',
  MESSAGE_RECEIVED: 'message.received',
  THINKING_RECEIVED: 'thinking.received',
  TOOL_CALLED: 'tool.called',
  TOOL_RESULT: 'tool.result',
  TOKENS_USED: 'tokens.used',
  COST_INCURRED: 'cost.incurred',
  SESSION_PERSISTED: 'session.persisted',
  SESSION_LOADED: 'session.loaded',
  SESSION_DELETED: 'session.deleted',
} as const

/** The fields of each event, in addition to `type`, `timestamp` (ISO 8601, UTC), `sessionId` and `metadata`. */
export interface EventPayloads {
  /** A session was opened. */
  'session.created': SessionFacts & { readonly tags: readonly string[] }
  /** A session of the CLI was resumed. */
  'session.resumed': SessionFacts & { readonly previousTurnCount: number }
  /** A session was closed. */
  'session.closed': SessionFacts & { readonly durationSeconds: number; readonly totalCostUsd: number }
  /** A turn of a session failed. */
  'session.error': SessionFacts & { readonly errorType: string; readonly errorMessage: string; readonly error: unknown }
  /** A message was sent. */
  'turn.started': {
    readonly turnNumber: number
    readonly prompt: string
    readonly contextSize: number
    readonly unsolicited: boolean
  }
  /** A turn has its result. */
  'turn.completed': TokenFacts & {
    readonly turnNumber: number
    readonly prompt: string
    readonly response: string
    readonly durationSeconds: number
    readonly costUsd: number
    readonly error: unknown
  }
  /** A whole block of text. */
  'message.received': { readonly messageType: string; readonly content: string }
  /** A whole block of thinking. */
  'thinking.received': { readonly content: string; readonly thinkingTokens: number }
  /** The model calls a tool. */
  'tool.called': { readonly toolName: string; readonly toolId: string; readonly arguments: Readonly<Record<string, unknown>> }
  /** A tool has its result. */
  'tool.result': {
    readonly toolName: string
    readonly toolId: string
    readonly result: string
    readonly success: boolean
    readonly error: string | undefined
  }
  /** The tokens of one result. */
  'tokens.used': TokenFacts
  /** The cost of one result. */
  'cost.incurred': TokenFacts & { readonly amountUsd: number }
  /** A store has kept the session. */
  'session.persisted': SessionFacts
  /** A session was read from a store. */
  'session.loaded': SessionFacts
  /** A session was deleted from a store. */
  'session.deleted': SessionFacts
}

interface SessionFacts {
  readonly model: string | undefined
  readonly turnCount: number
  readonly totalTokens: number
}
interface TokenFacts {
  readonly model: string | undefined
  readonly inputTokens: number
  readonly outputTokens: number
  readonly thinkingTokens: number
  readonly cacheWriteTokens: number
  readonly cacheReadTokens: number
  /** Input and output. */
  readonly totalTokens: number
}

/** The name of an event. */
export type EventName = keyof EventPayloads
/** The event with this name. */
export type EventOf<Name extends EventName> = EventPayloads[Name] & {
  readonly type: Name
  readonly timestamp: string
  readonly sessionId: string
  readonly metadata: Readonly<Record<string, unknown>>
}
/** Any event. */
export type ClaudeEvent = { [Name in EventName]: EventOf<Name> }[EventName]
/** Takes events of one type, or of all types. */
export type EventHandler<Name extends EventName = EventName> = (event: EventOf<Name>) => void | Promise<void>
type AnyHandler = (event: ClaudeEvent) => void | Promise<void>

/** Calls handlers with the events of a client. */
export interface EventEmitter {
  /**
   * Adds a handler for one type of event, or for all events. Gives the function that removes it. A handler that fails disturbs
   * nothing.
   *
   * @example
   * ```ts
   * import type { EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * const stop = events.on('turn.completed', ({ response }) => console.log(response))
   * stop()
   * ```
   */
  on<Name extends EventName>(type: Name, handler: EventHandler<Name>): () => void
  on(handler: AnyHandler): () => void
  /**
   * Adds a handler for the next event of a type only. Gives the function that removes it before that.
   *
   * @example
   * ```ts
   * import type { EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * events.once('session.created', ({ sessionId }) => console.log(sessionId))
   * ```
   */
  once<Name extends EventName>(type: Name, handler: EventHandler<Name>): () => void
  /**
   * Removes a handler of one type, or one of all events. False when it was not added.
   *
   * @example
   * ```ts
   * import type { ClaudeEvent, EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * const handler = (event: ClaudeEvent): void => console.log(event.type)
   * events.on(handler)
   * events.off(handler)
   * ```
   */
  off<Name extends EventName>(type: Name, handler: EventHandler<Name>): boolean
  off(handler: AnyHandler): boolean
  /**
   * The same as `on`, with ccflow's name and order of arguments.
   *
   * @example
   * ```ts
   * import type { EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * events.addHandler(({ type }) => console.log(type), 'cost.incurred')
   * ```
   */
  addHandler(handler: AnyHandler, type?: EventName): () => void
  /**
   * The same as `off`, with ccflow's name and order of arguments.
   *
   * @example
   * ```ts
   * import type { ClaudeEvent, EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * const handler = (event: ClaudeEvent): void => console.log(event.type)
   * events.addHandler(handler, 'cost.incurred')
   * events.removeHandler(handler, 'cost.incurred')
   * ```
   */
  removeHandler(handler: AnyHandler, type?: EventName): boolean
  /**
   * Calls the handlers of all events first, then those of the event's type, in the order in which they were added. Does not wait
   * for handlers that are async.
   *
   * @example
   * ```ts
   * import type { EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * const common = { timestamp: new Date().toISOString(), sessionId: 'a', metadata: {} }
   * events.emit({ type: 'thinking.received', content: 'Hm.', thinkingTokens: 0, ...common })
   * ```
   */
  emit(event: ClaudeEvent): void
  /**
   * Removes the handlers of a type; without a type, all handlers.
   *
   * @example
   * ```ts
   * import type { EventEmitter } from 'signalbox/claude'
   *
   * declare const events: EventEmitter
   * events.clear('cost.incurred')
   * ```
   */
  clear(type?: EventName): void
  /** How many handlers there are. */
  readonly handlerCount: number
}

/** Options of `createEventEmitter`. */
export interface EmitterOptions {
  /** Called when a handler fails. Default: failures are ignored. */
  readonly onError?: (error: unknown, event: ClaudeEvent) => void
}

const ALL = '*'

/**
 * An emitter of typed events. A handler that fails disturbs neither the others nor the stream.
 *
 * @example
 * ```ts
 * import { createEventEmitter, EventType } from 'signalbox/claude'
 *
 * const events = createEventEmitter()
 * events.on(EventType.TOKENS_USED, ({ totalTokens }) => console.log(totalTokens))
 * ```
 */
export function createEventEmitter({ onError }: EmitterOptions = {}): EventEmitter {
  const handlers = new Map<string, AnyHandler[]>()
  const add = (key: string, handler: AnyHandler): (() => void) => {
    handlers.set(key, [...(handlers.get(key) ?? []), handler])
    return () => void remove(key, handler)
  }
  const remove = (key: string, handler: AnyHandler): boolean => {
    const list = handlers.get(key) ?? []
    const index = list.indexOf(handler)
    if (index === -1) return false
    handlers.set(key, list.toSpliced(index, 1))
    return true
  }
  const tell = (handler: AnyHandler, event: ClaudeEvent): void => {
    try {
      const result = handler(event)
      if (result instanceof Promise) result.catch((error: unknown) => report(error, event))
    } catch (error) {
      report(error, event)
    }
  }
  const report = (error: unknown, event: ClaudeEvent): void => {
    try {
      onError?.(error, event)
    } catch {
      // `onError` failed too. There is no other place to report to.
    }
  }
  const on = (typeOrHandler: string | AnyHandler, handler?: unknown): (() => void) =>
    typeof typeOrHandler === 'string' ? add(typeOrHandler, handler as AnyHandler) : add(ALL, typeOrHandler)
  const off = (typeOrHandler: string | AnyHandler, handler?: unknown): boolean =>
    typeof typeOrHandler === 'string' ? remove(typeOrHandler, handler as AnyHandler) : remove(ALL, typeOrHandler)

  return {
    on: on as EventEmitter['on'],
    once(type, handler) {
      const stop = on(type, (event: never) => {
        stop()
        return handler(event)
      })
      return stop
    },
    off: off as EventEmitter['off'],
    addHandler: (handler, type) => add(type ?? ALL, handler),
    removeHandler: (handler, type) => remove(type ?? ALL, handler),
    emit(event) {
      for (const handler of handlers.get(ALL) ?? []) tell(handler, event)
      for (const handler of handlers.get(event.type) ?? []) tell(handler, event)
    },
    clear: (type) => (type === undefined ? handlers.clear() : void handlers.delete(type)),
    get handlerCount() {
      return [...handlers.values()].reduce((sum, list) => sum + list.length, 0)
    },
  }
}
