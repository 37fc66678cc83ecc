/** Hooks that the CLI calls over the control protocol during a turn. They run by priority, each with a time limit. */
import type { Clock } from '../../core/clock.js'
import { createDeadline, raceSignal } from '../../core/deadline.js'
import type { ControlHandler } from '../protocol/control.js'
import { isRecord } from '../../core/is-record.js'
import type { HookInputs } from './hook-inputs.js'

/** All events at which hooks can run, with the CLI's names. */
export const HOOK_EVENTS = [
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PostToolBatch',
  'Notification',
  'UserPromptSubmit',
  'UserPromptExpansion',
  'SessionStart',
  'SessionEnd',
  'Stop',
  'StopFailure',
  'SubagentStart',
  'SubagentStop',
  'PreCompact',
  'PostCompact',
  'PreModelSwitch',
  'PostModelSwitch',
  'PermissionRequest',
  'PermissionDenied',
  'Setup',
  'TeammateIdle',
  'TaskCreated',
  'TaskCompleted',
  'Elicitation',
  'ElicitationResult',
  'ConfigChange',
  'WorktreeCreate',
  'WorktreeRemove',
  'InstructionsLoaded',
  'CwdChanged',
  'FileChanged',
  'DirectoryAdded',
  'MessageDisplay',
  'PreSkillShellCommand',
] as const satisfies readonly (keyof HookInputs)[]
/** The name of an event at which hooks run. */
export type HookEventName = (typeof HOOK_EVENTS)[number]

/** ccflow's names for the events it knows. */
export const HookEvent = {
  PRE_TOOL_USE: 'PreToolUse',
  POST_TOOL_USE: 'PostToolUse',
  USER_PROMPT_SUBMIT: 'UserPromptSubmit',
  STOP: 'Stop',
  SUBAGENT_STOP: 'SubagentStop',
  PRE_COMPACT: 'PreCompact',
} as const satisfies Record<string, HookEventName>

/** The facts about the event, for a hook. */
export interface HookContext<Event extends HookEventName = HookEventName> {
  /** The event. */
  readonly hookEvent: Event
  /** The session of the CLI. */
  readonly sessionId: string
  /** The tool of a tool event. */
  readonly toolName: string | undefined
  /** The input of a tool event, as earlier hooks changed it. */
  readonly toolInput: Readonly<Record<string, unknown>> | undefined
  /** The result, after the tool has run. */
  readonly toolResult: unknown
  /** The message of `UserPromptSubmit`. */
  readonly prompt: string | undefined
  /** The last answer of `Stop`, or the text of `Notification`. */
  readonly message: string | undefined
  /** Aborted when the CLI withdraws the question or the hook takes too long. */
  readonly signal: AbortSignal
  /** The input as the CLI sent it, with the type that this event has on the newest CLI. It is not checked. */
  readonly raw: HookInputs[Event]
}

/** The decision of a hook. A hook that returns nothing does not decide. */
export interface HookDecision {
  /** For `PreToolUse`: whether the tool may run. */
  readonly permission?: 'allow' | 'deny' | 'ask'
  /** For other events: `true` blocks the prompt, the stop or the tool result. `reason` is shown to the model or the user. */
  readonly block?: boolean
  /** The reason for the decision. The model reads it. */
  readonly reason?: string
  /** The input that the tool gets instead. */
  readonly updatedInput?: Readonly<Record<string, unknown>>
  /** A text that the model reads in addition. */
  readonly additionalContext?: string
  /** A text for the user. */
  readonly systemMessage?: string
  /** Ends the whole run. */
  readonly stop?: boolean
  /**
   * More fields of `hookSpecificOutput`, with the CLI's names: `action` and `content` of `ElicitationResult`, `worktreePath` of
   * `WorktreeCreate`, `displayContent` of `MessageDisplay`.
   */
  readonly specific?: Readonly<Record<string, unknown>>
  /** More fields for the answer to the CLI, with the CLI's names. */
  readonly raw?: Readonly<Record<string, unknown>>
}

/** Runs at an event and returns its decision, or nothing. */
export type HookCallback<Event extends HookEventName = HookEventName> = (
  context: HookContext<Event>,
) => HookDecision | undefined | void | Promise<HookDecision | undefined | void>

/** A registered hook: its callback, priority and pattern. */
export interface HookMatcher {
  /** What runs. */
  readonly callback: HookCallback
  /** A regular expression for the whole name of the tool. A hook with a pattern does not run at events without a tool. */
  readonly pattern?: string | RegExp
  /** Hooks with a higher priority run first. Default 0. */
  readonly priority?: number
  /** How long the hook may take, in milliseconds. Default 30 seconds. */
  readonly timeoutMs?: number
  /** What happens when the hook fails or takes too long: `closed` refuses, `open` (the default) ignores the hook. */
  readonly onFailure?: 'open' | 'closed'
}

/** The hooks of a client, a query or a session. */
export interface HookRegistry {
  /**
   * Adds a hook. Gives the function that removes it again.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   *
   * declare const hooks: HookRegistry
   * const remove = hooks.register('PostToolUse', ({ toolName }) => console.log(toolName))
   * remove()
   * ```
   */
  register<Event extends HookEventName>(
    event: Event,
    callback: HookCallback<Event>,
    options?: Omit<HookMatcher, 'callback'>,
  ): () => void
  /**
   * The same as `register`.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   *
   * declare const hooks: HookRegistry
   * hooks.on('PreToolUse', () => ({ permission: 'deny', reason: 'Read only.' }), { pattern: 'Write|Edit' })
   * ```
   */
  on<Event extends HookEventName>(event: Event, callback: HookCallback<Event>, options?: Omit<HookMatcher, 'callback'>): () => void
  /**
   * Removes the first hook of the event with this callback. False when there is none.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   *
   * declare const hooks: HookRegistry
   * const log = (): void => console.log('stopped')
   * hooks.on('Stop', log)
   * hooks.unregister('Stop', log)
   * ```
   */
  unregister<Event extends HookEventName>(event: Event, callback: HookCallback<Event>): boolean
  /**
   * Removes all hooks of an event; without an event, all hooks.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   *
   * declare const hooks: HookRegistry
   * hooks.clear('PreToolUse')
   * ```
   */
  clear(event?: HookEventName): void
  /**
   * The hooks of an event, in the order in which they run.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   *
   * declare const hooks: HookRegistry
   * for (const { priority, pattern } of hooks.listHooks('PreToolUse')) console.log(priority, pattern)
   * ```
   */
  listHooks(event: HookEventName): readonly HookMatcher[]
  /**
   * How many hooks an event has; without an event, all events together.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   *
   * declare const hooks: HookRegistry
   * console.log(hooks.count('PreToolUse'), hooks.count())
   * ```
   */
  count(event?: HookEventName): number
  /** The events that have hooks. */
  readonly events: readonly HookEventName[]
  /**
   * The part of a run that serves these hooks. The clients call this; a program needs it only to serve a process by other means.
   *
   * @example
   * ```ts
   * import type { HookRegistry } from 'signalbox/claude'
   * import { systemClock } from 'signalbox'
   *
   * declare const hooks: HookRegistry
   * const { registration, handler } = hooks.wire(systemClock)
   * ```
   */
  wire(clock: Clock, onFailure?: (event: string, error: unknown) => void): HookWiring
}

/** How a registry is connected to a process. */
export interface HookWiring {
  /** The `hooks` field of `initialize`. It has one callback per event, because this registry does the ordering and matching. */
  readonly registration: Readonly<Record<string, unknown>>
  /** Answers the callbacks of the CLI. */
  readonly handler: ControlHandler
}

/**
 * Hooks that run in this process during the CLI's turns, by priority.
 *
 * @example
 * ```ts
 * import { createHookRegistry } from 'signalbox/claude'
 *
 * const hooks = createHookRegistry()
 * hooks.on('PreToolUse', () => ({ permission: 'deny', reason: 'Not today.' }), { pattern: 'Bash' })
 * ```
 */
export function createHookRegistry(): HookRegistry {
  const hooks = new Map<HookEventName, HookMatcher[]>()
  const list = (event: HookEventName): HookMatcher[] => hooks.get(event) ?? []
  const remove = (event: HookEventName, matches: (hook: HookMatcher) => boolean): boolean => {
    const before = list(event)
    const index = before.findIndex(matches)
    if (index === -1) return false
    hooks.set(event, before.toSpliced(index, 1))
    return true
  }
  const register: HookRegistry['register'] = (event, callback, options = {}) => {
    // It is called only with contexts of its event.
    const hook: HookMatcher = { ...options, callback: callback as HookCallback }
    // Array sort is stable, so hooks of one priority run in the order they were registered.
    hooks.set(
      event,
      [...list(event), hook].sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0)),
    )
    return () => void remove(event, (candidate) => candidate === hook)
  }
  const registry: HookRegistry = {
    register,
    on: register,
    unregister: (event, callback) => remove(event, (hook) => hook.callback === callback),
    clear: (event) => (event === undefined ? hooks.clear() : void hooks.delete(event)),
    listHooks: list,
    count: (event) => (event === undefined ? [...hooks.values()].reduce((sum, list) => sum + list.length, 0) : list(event).length),
    get events() {
      return [...hooks].filter(([, list]) => list.length > 0).map(([event]) => event)
    },
    wire: (clock, onFailure) => ({
      registration: Object.fromEntries(registry.events.map((event) => [event, [{ hookCallbackIds: [CALLBACK + event] }]])),
      handler: hookHandler(registry, clock, onFailure),
    }),
  }
  return registry
}

const CALLBACK = 'sbx:'

function hookHandler(registry: HookRegistry, clock: Clock, onFailure?: (event: string, error: unknown) => void): ControlHandler {
  return (question, signal) => {
    const id = question.callback_id
    if (question.subtype !== 'hook_callback' || typeof id !== 'string' || !id.startsWith(CALLBACK)) return undefined
    const event = id.slice(CALLBACK.length) as HookEventName
    return runHooks(
      registry.listHooks(event),
      contextOf(event, isRecord(question.input) ? question.input : {}, signal),
      clock,
      onFailure,
    )
  }
}

/** Runs the hooks one after the other. A hook sees the input as earlier hooks changed it. No hook runs after a refusal. */
async function runHooks(
  hooks: readonly HookMatcher[],
  first: HookContext,
  clock: Clock,
  onFailure: ((event: string, error: unknown) => void) | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  let context = first
  let answer: Readonly<Record<string, unknown>> = {}
  for (const hook of hooks) {
    if (!matches(hook.pattern, context.toolName)) continue
    const decision = await decide(hook, context, clock, onFailure)
    if (!decision) continue
    answer = merge(answer, wireDecision(context.hookEvent, decision))
    if (decision.updatedInput) context = { ...context, toolInput: decision.updatedInput }
    if (decision.permission === 'deny' || decision.block || decision.stop) break
  }
  return answer
}

async function decide(
  hook: HookMatcher,
  context: HookContext,
  clock: Clock,
  onFailure: ((event: string, error: unknown) => void) | undefined,
): Promise<HookDecision | undefined> {
  const deadline = createDeadline({ signal: context.signal, timeoutMs: hook.timeoutMs ?? 30_000, clock })
  try {
    const asked = (async () => hook.callback({ ...context, signal: deadline.signal }))()
    return (await raceSignal(asked, deadline.signal)) ?? undefined
  } catch (error) {
    if (context.signal.aborted) throw error
    onFailure?.(context.hookEvent, error)
    if (hook.onFailure !== 'closed') return undefined
    const reason = deadline.signal.aborted ? 'A hook gave no answer in time.' : 'A hook failed.'
    return context.hookEvent === 'PreToolUse' ? { permission: 'deny', reason } : { block: true, reason }
  } finally {
    deadline[Symbol.dispose]()
  }
}

function matches(pattern: string | RegExp | undefined, toolName: string | undefined): boolean {
  if (pattern === undefined) return true
  if (toolName === undefined) return false
  const source = typeof pattern === 'string' ? pattern : pattern.source
  // The pattern must match the whole name: `Bash` must not match `BashOutput`.
  return new RegExp(`^(?:${source})$`, typeof pattern === 'string' ? '' : pattern.flags.replace(/[gy]/g, '')).test(toolName)
}

function wireDecision(event: HookEventName, decision: HookDecision): Readonly<Record<string, unknown>> {
  const { permission, block, reason, updatedInput, additionalContext, systemMessage, stop, raw } = decision
  const specific: Record<string, unknown> = { hookEventName: event, ...decision.specific }
  if (permission !== undefined) {
    specific.permissionDecision = permission
    if (reason !== undefined) specific.permissionDecisionReason = reason
  }
  if (updatedInput !== undefined) specific.updatedInput = updatedInput
  if (additionalContext !== undefined) specific.additionalContext = additionalContext
  return {
    ...(stop ? { continue: false, ...(reason === undefined ? {} : { stopReason: reason }) } : {}),
    ...(block ? { decision: 'block', reason: reason ?? 'Blocked by a hook.' } : {}),
    ...(systemMessage === undefined ? {} : { systemMessage }),
    ...(Object.keys(specific).length > 1 ? { hookSpecificOutput: specific } : {}),
    ...raw,
  }
}

function merge(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [outputA, outputB] = [a.hookSpecificOutput, b.hookSpecificOutput]
  const merged = isRecord(outputA) && isRecord(outputB) ? { hookSpecificOutput: { ...outputA, ...outputB } } : {}
  return { ...a, ...b, ...merged }
}

function contextOf(hookEvent: HookEventName, raw: Readonly<Record<string, unknown>>, signal: AbortSignal): HookContext {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  return {
    hookEvent,
    sessionId: text(raw.session_id) ?? '',
    toolName: text(raw.tool_name),
    toolInput: isRecord(raw.tool_input) ? raw.tool_input : undefined,
    toolResult: raw.tool_response,
    prompt: text(raw.prompt),
    message: text(raw.last_assistant_message) ?? text(raw.message),
    signal,
    raw: raw as HookInputs[HookEventName],
  }
}
