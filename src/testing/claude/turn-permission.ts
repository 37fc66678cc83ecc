/** Decides whether a simulated tool may run, as the real CLI does: hooks, then mode and rules, then the client's callback. */
import type { FakeBlock } from './fake-model.js'
import type { Simulated } from './simulated.js'
import { isReadOnly, type ToolOutcome } from './tools.js'
import type { Lines } from './turn-lines.js'

type Input = Readonly<Record<string, unknown>>

export type Decision =
  | { readonly kind: 'allowed'; readonly input: Input }
  | { readonly kind: 'refused'; readonly message: string; readonly interrupt?: boolean; readonly announced?: boolean }
  | { readonly kind: 'missing-prompt-tool' }

export async function decide(process: Simulated, lines: Lines, call: FakeBlock, signal: AbortSignal): Promise<Decision> {
  const name = String(call.name)
  const input = call.input as Input
  const hooked = await toolHooks(process, 'PreToolUse', { tool_name: name, tool_input: input, tool_use_id: call.id }, name, signal)
  const specific = (hooked.hookSpecificOutput ?? {}) as Input
  if (specific.permissionDecision === 'deny')
    return { kind: 'refused', message: String(specific.permissionDecisionReason ?? 'Blocked by hook') }
  // 2.0 accepts a changed input only from a hook that allows the call.
  const takesInput = process.generation.name !== 'a' || specific.permissionDecision === 'allow'
  const changed = ((takesInput ? specific.updatedInput : undefined) ?? input) as Input
  if (specific.permissionDecision === 'allow') return { kind: 'allowed', input: changed }
  if (isAllowed(process, name, changed)) return { kind: 'allowed', input: changed }
  const tool = process.parsed.value('--permission-prompt-tool')
  if (tool !== undefined && tool !== 'stdio') return { kind: 'missing-prompt-tool' }
  if (process.conversation.permissionMode === 'dontAsk') {
    return {
      kind: 'refused',
      message: `Permission to use ${name} has been denied because Claude Code is running in don't ask mode.`,
      announced: true,
    }
  }
  if (tool === undefined)
    return {
      kind: 'refused',
      message: `Claude requested permissions to use ${name}, but you haven't granted it yet.`,
      announced: true,
    }
  lines.noteAsked()
  const tells = process.generation.name !== 'a' && process.env.CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS === '1'
  if (tells) lines.state('requires_action')
  const decision = await ask(process, lines, call, changed, signal)
  if (tells) lines.state('running')
  return decision
}

async function ask(process: Simulated, lines: Lines, call: FakeBlock, input: Input, signal: AbortSignal): Promise<Decision> {
  const suggestions = call.name === 'Write' ? [{ type: 'setMode', mode: 'acceptEdits', destination: 'session' }] : []
  const display = process.generation.name === 'a' ? {} : { display_name: call.name }
  const request = {
    subtype: 'can_use_tool',
    tool_name: call.name,
    ...display,
    input,
    permission_suggestions: suggestions,
    tool_use_id: call.id,
  }
  let answer: Readonly<Record<string, unknown>>
  try {
    answer = await process.ask(request, signal)
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'refused', message: error instanceof Error ? error.message : String(error) }
  }
  if (answer.behavior === 'allow') {
    if (answer.updatedInput === undefined && process.generation.name === 'a')
      return { kind: 'refused', message: 'Tool permission request failed: ZodError: updatedInput is required' }
    for (const update of (answer.updatedPermissions ?? []) as readonly Input[]) {
      if (update.type !== 'setMode') continue
      process.conversation.permissionMode = String(update.mode)
      lines.mode(process.conversation.permissionMode)
    }
    if (call.name === 'ExitPlanMode') {
      process.conversation.permissionMode = 'default'
      lines.mode('default')
    }
    return { kind: 'allowed', input: (answer.updatedInput ?? input) as Input }
  }
  if (answer.behavior === 'deny' && typeof answer.message === 'string')
    return { kind: 'refused', message: answer.message, interrupt: answer.interrupt === true }
  return { kind: 'refused', message: 'Tool permission request failed: ZodError: Invalid input' }
}

function isAllowed({ parsed, conversation, sdkServers }: Simulated, name: string, input: Input): boolean {
  const mode = conversation.permissionMode
  if (mode === 'bypassPermissions') return true
  const rules = (parsed.value('--allowedTools') ?? '').split(',')
  const server = /^mcp__[^_]+/.exec(name)?.[0]
  if (rules.includes(name) || (server !== undefined && rules.includes(server))) return true
  if (name === 'Bash') return isReadOnly(String(input.command ?? ''))
  if (name === 'Read') return true
  if (name === 'Write') return mode === 'acceptEdits'
  return name.startsWith('mcp__') && sdkServers.length === 0
}

/** Calls the client's hooks of an event, one after the other; their answers merged. */
async function toolHooks(
  process: Simulated,
  event: string,
  fields: object,
  toolName: string | undefined,
  signal: AbortSignal,
): Promise<Input> {
  let merged: Input = {}
  for (const { matcher, hookCallbackIds } of process.hooks[event] ?? []) {
    if (matcher !== undefined && toolName !== undefined && !new RegExp(`^(?:${matcher})$`).test(toolName)) continue
    for (const callback_id of hookCallbackIds) {
      const input = {
        session_id: process.conversation.sessionId,
        transcript_path: '/home/dev/.claude/projects/-workspace/session.jsonl',
        cwd: process.cwd ?? '/workspace',
        permission_mode: process.conversation.permissionMode,
        hook_event_name: event,
        ...fields,
      }
      const answer = await process
        .ask({ subtype: 'hook_callback', callback_id, input, tool_use_id: process.uuid() }, signal)
        .catch(() => {
          signal.throwIfAborted()
          return {}
        })
      merged = { ...merged, ...answer }
    }
  }
  return merged
}

export async function promptHooks(process: Simulated, prompt: string, signal: AbortSignal): Promise<void> {
  await toolHooks(process, 'UserPromptSubmit', { prompt }, undefined, signal)
}

export async function postHooks(process: Simulated, call: FakeBlock, outcome: ToolOutcome, signal: AbortSignal): Promise<void> {
  const fields = { tool_name: call.name, tool_input: call.input, tool_response: outcome.structured, tool_use_id: call.id }
  await toolHooks(process, 'PostToolUse', fields, String(call.name), signal)
}

export async function stopHooks(process: Simulated, last_assistant_message: string, signal: AbortSignal): Promise<void> {
  await toolHooks(process, 'Stop', { stop_hook_active: false, last_assistant_message }, undefined, signal)
}
