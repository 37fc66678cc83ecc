/**
 * The scope that each launch field and each line from a client needs at a gateway. A rule is a scope, or a function of the value.
 * `server-only` is for fields that could add a command, a folder or an environment to the run of a CLI, or end its permission questions.
 * A field that is in no table needs `admin`.
 */
import type { ClaudeLaunch, PermissionModeName } from './launch/launch.js'

/** What a field, a line or a control request needs. */
export type ClaudeScope = 'observe' | 'send' | 'approve' | 'approveWithChanges' | 'admin' | 'server-only'
/** A scope, or a function that finds it from the value. */
export type ClaudeRule = ClaudeScope | ((value: unknown) => ClaudeScope)

/** `acceptEdits`, `auto` and `dontAsk` answer questions that a person would have been asked. */
const MODES: Readonly<Record<PermissionModeName, ClaudeScope>> = {
  default: 'send',
  manual: 'send',
  plan: 'send',
  dontAsk: 'approve',
  acceptEdits: 'approve',
  auto: 'approve',
  bypassPermissions: 'server-only',
  delegate: 'server-only',
}
const MODE_SCOPES = new Map<unknown, ClaudeScope>(Object.entries(MODES))
// Older CLIs accept any text as a mode.
const mode = (value: unknown): ClaudeScope => MODE_SCOPES.get(value) ?? 'server-only'

const onlyWhen =
  (harmless: (value: unknown) => boolean, scope: ClaudeScope, otherwise: ClaudeScope): ((value: unknown) => ClaudeScope) =>
  (value) =>
    harmless(value) ? scope : otherwise

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0

const AGENT_FIELDS: ReadonlySet<string> = new Set(['description', 'prompt', 'tools', 'model'])
/** Newer CLIs read servers, hooks and permission modes from an agent too. */
const agents = onlyWhen(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((agent) => Object.keys(Object(agent)).every((field) => AGENT_FIELDS.has(field))),
  'send',
  'server-only',
)

/** What each field of a launch needs. */
export const CLAUDE_LAUNCH: Readonly<Record<keyof Required<ClaudeLaunch>, ClaudeRule>> = {
  probe: 'observe',
  cwd: 'server-only',
  env: 'server-only',
  auth: 'server-only',
  model: 'send',
  fallbackModel: 'send',
  effort: 'send',
  thinking: 'send',
  thinkingDisplay: 'send',
  maxThinkingTokens: 'send',
  maxTurns: 'send',
  maxBudgetUsd: 'send',
  taskBudget: 'send',
  maxTokens: 'send',
  maxApiRetries: 'send',
  systemPrompt: 'send',
  appendSystemPrompt: 'send',
  // Files of the machine.
  systemPromptFile: 'server-only',
  appendSystemPromptFile: 'server-only',
  systemPromptSnapshot: 'send',
  excludeDynamicSystemPromptSections: 'send',
  permissionMode: mode,
  // Tools that run without a permission question.
  allowedTools: onlyWhen(isEmpty, 'send', 'approve'),
  disallowedTools: 'send',
  tools: 'send',
  permissionPromptTool: onlyWhen((value) => value === 'stdio', 'approve', 'server-only'),
  permissionPrompts: 'approve',
  dangerouslySkipPermissions: onlyWhen((value) => value === false, 'send', 'server-only'),
  allowDangerouslySkipPermissions: onlyWhen((value) => value === false, 'send', 'server-only'),
  restricted: onlyWhen((value) => value === true, 'send', 'admin'),
  // The CLI takes a URL for a session to fetch, and a name with this ending for a file to read. A gateway lets a credential resume what it
  // started itself with the scope `send`.
  resume: onlyWhen((value) => typeof value === 'string' && !/:|\.jsonl\s*$/i.test(value), 'admin', 'server-only'),
  // The latest session of the folder may belong to another client.
  continueSession: onlyWhen((value) => value === false, 'send', 'admin'),
  sessionId: 'send',
  forkSession: 'send',
  resumeSessionAt: 'send',
  // This field can only make a resume fail.
  resumeDropsTurn: 'send',
  noSessionPersistence: 'send',
  name: 'send',
  // Commands to run and addresses to reach.
  mcpServers: onlyWhen(isEmpty, 'send', 'server-only'),
  mcpConfig: onlyWhen(isEmpty, 'send', 'server-only'),
  strictMcp: onlyWhen((value) => value === true, 'send', 'admin'),
  // Hooks are commands, and settings hold hooks.
  settings: 'server-only',
  // An empty list leaves out the settings of the machine's owner, as `bare` does.
  settingSources: onlyWhen(isEmpty, 'admin', 'server-only'),
  managedSettings: 'server-only',
  // The sandbox settings may open files, sockets and hosts.
  sandbox: 'server-only',
  addDirs: onlyWhen(isEmpty, 'send', 'server-only'),
  agent: 'send',
  agents,
  jsonSchema: 'send',
  betas: 'send',
  pluginDirs: onlyWhen(isEmpty, 'send', 'server-only'),
  pluginDirsWithoutMcp: onlyWhen(isEmpty, 'send', 'server-only'),
  // A folder of the machine whose settings hold hooks.
  projectConfigRoot: 'server-only',
  // A gateway switches slash commands off by default. Switching them on needs `admin`.
  disableSlashCommands: onlyWhen((value) => value === true, 'send', 'admin'),
  // Both leave out the owner's settings, also rules that deny tools.
  bare: 'admin',
  safeMode: 'admin',
  includePartial: 'observe',
  replayUserMessages: 'observe',
  includeHookEvents: 'observe',
  forwardSubagentText: 'observe',
  promptSuggestions: 'observe',
  sessionStateEvents: 'observe',
  fileCheckpointing: 'send',
  questionPreviewFormat: 'send',
  debug: 'admin',
  debugFile: 'server-only',
  extraFlags: onlyWhen(isEmpty, 'send', 'server-only'),
}

/**
 * The control requests of the CLI up to 2.1.332 and the scope of each. A request that is not in this table is `server-only`, because in a
 * newer CLI it may run commands or change who is signed in. A peer test compares this table with the names in the newest CLI.
 */
const CONTROL_LISTS: Readonly<Record<Exclude<ClaudeScope, 'approveWithChanges'>, string>> = {
  // The fields of `initialize` have a table of their own.
  observe: `
  initialize set_has_subscribers get_context_usage get_session_cost get_usage get_binary_version list_models`,
  // The mode of `set_permission_mode` is judged as that of a launch.
  send: `
  interrupt set_model set_permission_mode set_max_thinking_tokens cancel_async_message stop_task background_tasks
  rename_session generate_session_title side_question set_color`,
  // The result of a tool of the caller's own, which the model reads.
  approve: `
  mcp_message`,
  // These requests show files or configuration, which may hold keys, or they run something.
  admin: `
  get_settings mcp_status get_hooks_listing list_permission_rules file_suggestions read_file seed_read_state rewind_files
  mcp_reconnect mcp_toggle mcp_call mcp_read_resource reload_plugins reload_skills`,
  // Commands, settings, folders, sign-in and other sessions; and requests that only the CLI sends.
  'server-only': `
  add_directory apply_flag_settings can_use_tool channel_enable claim_session claude_authenticate
  claude_oauth_callback claude_oauth_wait_for_completion code_change_published comparison_fork decide_held_peer_message
  dictate elicitation end_session export_conversation fork_conversation get_chrome_browsers get_chrome_dialog
  get_cloud_session get_cloud_session_transcript get_memory_dialog get_plan get_sandbox_dialog get_skills_dialog get_status
  get_task_output get_workspace_diff hook_callback host_auth_token_refresh list_cloud_sessions list_directory log_host_events
  mcp_authenticate mcp_clear_auth mcp_oauth_callback_url mcp_set_servers mcp_tasks_changed message_rated oauth_token_refresh
  poll_event prompt_draft_activity register_device_hooks register_repo_root reload_connectors reload_output_styles
  remote_control remote_control_work_secret remote_plumbing_call remote_tool_call remote_tools_announce remote_tools_probe
  remote_tools_reannounce request_user_dialog rewind_conversation select_chrome_browser set_chrome_browser_hints set_cwd
  set_mcp_permission_mode_override set_message_waiting set_peer_delivery set_proactivity_level set_prompt_suggestions_paused
  stage_file start_shell_task submit_feedback submit_survey_feedback turn_handoff ui_attach ui_client_fault ui_client_module
  ui_client_press ui_close ui_copy ui_detach ui_focus ui_input ui_message ui_pane_focus ui_pane_show ui_panes ui_press
  ui_prompt_autocomplete ui_prompt_edit ui_prompt_fill ui_prompt_paint ui_prompt_read ui_prompt_suggest ui_read_selection
  ui_render ui_scroll ui_select ultrareview_launch update_cloud_session update_queued_message update_settings
  upload_device_hook_template vcs_state_changed`,
}

/** The classification of each control request. */
export const CLAUDE_CONTROL: Readonly<Record<string, ClaudeScope>> = /* @__PURE__ */ controlScopes()

function controlScopes(): Record<string, ClaudeScope> {
  const scopes: Record<string, ClaudeScope> = {}
  for (const [scope, names] of Object.entries(CONTROL_LISTS)) {
    for (const name of names.trim().split(/\s+/)) scopes[name] = scope as ClaudeScope
  }
  return scopes
}

/** Control requests that name a session or a file by a further field, and the fields that they may have below `admin`. */
export const CLAUDE_CONTROL_FIELDS: Readonly<Record<string, readonly string[]>> = {
  interrupt: ['cancel_queued'],
  set_model: ['model'],
  set_permission_mode: ['mode'],
  set_max_thinking_tokens: ['max_thinking_tokens', 'thinking_display'],
  cancel_async_message: ['message_uuid'],
  stop_task: ['task_id'],
  background_tasks: ['tool_use_id'],
  // With `session_id` it renames a session of somebody else.
  rename_session: ['title', 'source'],
  generate_session_title: ['description', 'persist'],
  side_question: ['question', 'history'],
  set_color: ['color'],
  set_has_subscribers: ['has_subscribers'],
  get_context_usage: ['detail'],
  get_session_cost: [],
  get_usage: [],
  get_binary_version: [],
  list_models: [],
}

/** The fields of the control request `initialize`. A field that is not here is `server-only`: newer CLIs take servers and plugins there. */
export const CLAUDE_INITIALIZE: Readonly<Record<string, ClaudeRule>> = {
  // Answers of hooks decide about tools; tools of the caller's own speak to the model.
  hooks: 'approve',
  sdkMcpServers: 'approve',
  systemPrompt: 'send',
  appendSystemPrompt: 'send',
  agents,
  jsonSchema: 'send',
  skills: 'send',
  promptSuggestions: 'observe',
  agentProgressSummaries: 'observe',
  title: 'send',
  planModeInstructions: 'send',
  // The tasks of a session go on after an interrupt.
  perTaskStopAffordance: 'send',
  // A tool that runs under another name would mislead the person who approves it.
  toolAliases: 'server-only',
  supportedDialogKinds: 'approve',
}

const NO = new Set<unknown>(['deny', 'decline', 'cancel'])
const BESIDE_A_NO: ReadonlySet<string> = new Set(['message', 'interrupt', 'toolUseID', 'decisionClassification'])

/** Each kind of question has its own deciding field, and the CLI ignores the others. So every field of the answer must say no. */
const saysNo = (payload: object): boolean =>
  Object.entries(payload).every(
    ([key, value]) => BESIDE_A_NO.has(key) || ((key === 'behavior' || key === 'action') && NO.has(value)),
  )

/** Whether the answer to this question leaves the input of the tool as the CLI asked about it. */
export type IsUnchanged = (requestId: unknown, updatedInput: unknown) => boolean

/**
 * The scope that an answer to a question of the CLI needs. A refusal, or no decision, has no effect, so it needs little. An approval with a
 * changed input runs something that no person has seen, so it needs `approveWithChanges`.
 */
export function answerScope(response: unknown, isUnchanged: IsUnchanged = () => false): ClaudeScope {
  const { subtype, request_id, response: payload } = Object(response) as Record<string, unknown>
  if (subtype === 'error') return 'send'
  if (typeof payload === 'object' && payload !== null && saysNo(payload)) return 'send'
  const { updatedInput, updatedPermissions, hookSpecificOutput } = Object(payload) as Record<string, unknown>
  const { updatedInput: byHook } = Object(hookSpecificOutput) as Record<string, unknown>
  const changes = byHook !== undefined || (updatedInput !== undefined && !isUnchanged(request_id, updatedInput))
  const scope = changes ? 'approveWithChanges' : 'approve'
  if (updatedPermissions === undefined) return scope
  return Array.isArray(updatedPermissions) ? worst([scope, ...updatedPermissions.map(permissionUpdateScope)]) : 'server-only'
}

/** A rule for this session needs `approve`. A rule that is written to a file, a folder and a bypass are `server-only`. */
function permissionUpdateScope(update: unknown): ClaudeScope {
  const { type, destination, mode: to } = Object(update) as Record<string, unknown>
  if (destination !== undefined && destination !== 'session') return 'server-only'
  if (type === 'setMode') return worst(['approve', mode(to)])
  return type === 'addRules' || type === 'replaceRules' || type === 'removeRules' ? 'approve' : 'server-only'
}

const ORDER: readonly ClaudeScope[] = ['observe', 'send', 'approve', 'approveWithChanges', 'admin', 'server-only']

function worst(scopes: readonly ClaudeScope[]): ClaudeScope {
  return scopes.reduce((strictest, scope) => (ORDER.indexOf(scope) > ORDER.indexOf(strictest) ? scope : strictest), 'approve')
}

/** The scope that a rule gives for a value; `otherwise` when there is no rule. */
export function scopeOf(rule: ClaudeRule | undefined, value: unknown, otherwise: ClaudeScope = 'admin'): ClaudeScope {
  return typeof rule === 'function' ? rule(value) : (rule ?? otherwise)
}

/** What a permission mode needs. */
export const permissionModeScope = mode
