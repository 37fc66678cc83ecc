/** Asks the caller before a tool runs. A failure, a timeout or an invalid answer is a refusal, with a message for the model. */
import type { Clock } from '../../core/clock.js'
import { createDeadline, raceSignal } from '../../core/deadline.js'
import type { ControlHandler } from '../protocol/control.js'
import { asText, recordOf } from '../messages/guards.js'

/** A change of the permission rules, with the CLI's field names. The CLI suggests changes, and an answer can ask for some. */
export interface PermissionUpdate {
  /** What the change does. The other fields depend on it. */
  readonly type: 'addRules' | 'replaceRules' | 'removeRules' | 'setMode' | 'addDirectories' | 'removeDirectories' | (string & {})
  /** Where the rule is kept. `session` ends with the run. Every other value is written to a file and stays. */
  readonly destination: 'session' | 'localSettings' | 'projectSettings' | 'userSettings' | 'cliArg' | (string & {})
  readonly [field: string]: unknown
}

/** The facts that the CLI sends about the tool call that needs permission. */
export interface ToolRequest {
  /** The id of the call, as in its `toolUse` message. */
  readonly toolUseId: string
  /** Aborted when the CLI withdraws the question, for example after an interrupt. */
  readonly signal: AbortSignal
  /** Rules that the CLI suggests, so that it need not ask this question again. */
  readonly suggestions: readonly PermissionUpdate[]
  /** The tool's name for people. */
  readonly displayName: string | undefined
  /** What the call does, for people. */
  readonly description: string | undefined
  /** The subagent that calls. */
  readonly agentId: string | undefined
  /** The path that the question is about. */
  readonly blockedPath: string | undefined
  /** Why the CLI asks. */
  readonly decisionReason: string | undefined
  /** The question as it came. */
  readonly raw: Readonly<Record<string, unknown>>
}

/** The decision of a permission callback. */
export interface PermissionResult {
  /** `allow` runs the tool. `deny` refuses it. `ask` refuses too, because there is no one else to ask. */
  readonly behavior: 'allow' | 'deny' | 'ask'
  /** The input that the tool gets instead of the model's input. */
  readonly updatedInput?: Readonly<Record<string, unknown>> | undefined
  /** The text that the model reads when the call is refused. */
  readonly message?: string | undefined
  /** With a refusal: end the turn. */
  readonly interrupt?: boolean
  /** Also accept the rules that the CLI suggests: only those for this session, or also those for settings files. */
  readonly always?: 'session' | 'lasting'
  /** With `allow`: changes of the permission rules that the CLI makes together with this answer. */
  readonly updatedPermissions?: readonly PermissionUpdate[]
}

/** Decides whether a tool may run. Called before the tool runs. A callback that throws refuses the call. */
export type CanUseTool = (
  toolName: string,
  input: Readonly<Record<string, unknown>>,
  request: ToolRequest,
) => PermissionResult | Promise<PermissionResult>

export interface PermissionOptions {
  readonly canUseTool: CanUseTool
  /** How long a callback may take before the call is refused. Default ten minutes. */
  readonly timeoutMs?: number | undefined
  readonly clock: Clock
  /** Called when a callback failed or gave no answer in time. */
  readonly onFailure?: ((toolName: string, error: unknown) => void) | undefined
}

export function permissionHandler(options: PermissionOptions): ControlHandler {
  const { canUseTool, timeoutMs = 600_000, clock, onFailure } = options
  return (question, signal) => {
    if (question.subtype !== 'can_use_tool') return undefined
    return decide(question, signal)
  }

  async function decide(
    question: Readonly<Record<string, unknown>>,
    withdrawn: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const tool = asText(question.tool_name) ?? ''
    const input = recordOf(question.input)
    const suggestions = (
      Array.isArray(question.permission_suggestions) ? question.permission_suggestions : []
    ) as PermissionUpdate[]
    const deadline = createDeadline({ signal: withdrawn, timeoutMs, clock })
    const request: ToolRequest = {
      toolUseId: asText(question.tool_use_id) ?? '',
      signal: deadline.signal,
      suggestions,
      displayName: asText(question.display_name),
      description: asText(question.description),
      agentId: asText(question.agent_id),
      blockedPath: asText(question.blocked_path),
      decisionReason: asText(question.decision_reason),
      raw: question,
    }
    try {
      // The async function turns a callback that throws into a rejection.
      const asked = (async () => canUseTool(tool, input, request))()
      return wireAnswer(await raceSignal(asked, deadline.signal), input, suggestions)
    } catch (error) {
      if (withdrawn.aborted) throw error
      onFailure?.(tool, error)
      const why = deadline.signal.aborted ? 'nobody answered in time' : 'the callback failed'
      return { behavior: 'deny', message: `Permission refused: ${why}.` }
    } finally {
      deadline[Symbol.dispose]()
    }
  }
}

function wireAnswer(
  result: PermissionResult,
  input: Readonly<Record<string, unknown>>,
  suggestions: readonly PermissionUpdate[],
): Readonly<Record<string, unknown>> {
  if (result.behavior !== 'allow') {
    // A refusal without a message fails the call with a validation error instead.
    return { behavior: 'deny', message: result.message ?? 'Permission refused.', ...(result.interrupt ? { interrupt: true } : {}) }
  }
  const taken =
    result.always === undefined
      ? []
      : suggestions.filter(({ destination }) => result.always === 'lasting' || destination === 'session')
  const updates = [...(result.updatedPermissions ?? []), ...taken]
  // CLI 2.0 requires `updatedInput`.
  return {
    behavior: 'allow',
    updatedInput: result.updatedInput ?? input,
    ...(updates.length > 0 ? { updatedPermissions: updates } : {}),
  }
}
