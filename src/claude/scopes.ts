/**
 * What each launch field and each line that goes up amounts to, for a gateway that lets some through. A rule is a scope, or a function
 * that needs the value to tell. `server-only` is what could smuggle a command, a folder, an environment or an end of the asking into the
 * run of a CLI; what is in no table is `admin`.
 */
import type { ClaudeLaunch, PermissionModeName } from './launch/launch.js'

export type ClaudeScope = 'observe' | 'send' | 'approve' | 'admin' | 'server-only'
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
// Older CLIs take any word for a mode.
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
  // Tools that nobody will be asked about.
  allowedTools: onlyWhen(isEmpty, 'send', 'approve'),
  disallowedTools: 'send',
  tools: 'send',
  permissionPromptTool: onlyWhen((value) => value === 'stdio', 'approve', 'server-only'),
  permissionPrompts: 'approve',
  dangerouslySkipPermissions: onlyWhen((value) => value === false, 'send', 'server-only'),
  allowDangerouslySkipPermissions: onlyWhen((value) => value === false, 'send', 'server-only'),
  restricted: onlyWhen((value) => value === true, 'send', 'admin'),
  // The CLI takes a URL for a session to fetch, and a name with this ending for a file to read.
  resume: onlyWhen((value) => typeof value === 'string' && !/:|\.jsonl\s*$/i.test(value), 'send', 'server-only'),
  continueSession: 'send',
  sessionId: 'send',
  forkSession: 'send',
  resumeSessionAt: 'send',
  noSessionPersistence: 'send',
  name: 'send',
  // Commands to run and addresses to reach.
  mcpServers: onlyWhen(isEmpty, 'send', 'server-only'),
  mcpConfig: onlyWhen(isEmpty, 'send', 'server-only'),
  strictMcp: onlyWhen((value) => value === true, 'send', 'admin'),
  // Hooks are commands, and settings hold hooks.
  settings: 'server-only',
  // None at all leaves out what the owner of the machine has set up, as `bare` does.
  settingSources: onlyWhen(isEmpty, 'admin', 'server-only'),
  managedSettings: 'server-only',
  addDirs: onlyWhen(isEmpty, 'send', 'server-only'),
  agent: 'send',
  agents,
  jsonSchema: 'send',
  betas: 'send',
  pluginDirs: onlyWhen(isEmpty, 'send', 'server-only'),
  // A gateway switches commands off by default; to have them needs admin.
  disableSlashCommands: onlyWhen((value) => value === true, 'send', 'admin'),
  // Both leave out what the owner has set up, rules that deny included.
  bare: 'admin',
  safeMode: 'admin',
  includePartial: 'observe',
  replayUserMessages: 'observe',
  includeHookEvents: 'observe',
  forwardSubagentText: 'observe',
  promptSuggestions: 'observe',
  sessionStateEvents: 'observe',
  fileCheckpointing: 'send',
  debug: 'admin',
  debugFile: 'server-only',
  extraFlags: onlyWhen(isEmpty, 'send', 'server-only'),
}

/** The control requests that a client may make. */
export const CLAUDE_CONTROL: Readonly<Record<string, ClaudeScope>> = {
  // Its fields have a table of their own.
  initialize: 'observe',
  interrupt: 'send',
  set_model: 'send',
  // Its mode is judged as that of a launch.
  set_permission_mode: 'send',
  set_max_thinking_tokens: 'send',
  cancel_async_message: 'send',
  stop_task: 'send',
  background_tasks: 'send',
  rename_session: 'send',
  generate_session_title: 'send',
  side_question: 'send',
  set_color: 'send',
  set_has_subscribers: 'observe',
  get_context_usage: 'observe',
  get_session_cost: 'observe',
  get_usage: 'observe',
  get_binary_version: 'observe',
  list_models: 'observe',
  // What a tool of the caller's own says to the model.
  mcp_message: 'approve',
  // They show configuration, which may hold keys, or files, or they run something.
  get_settings: 'admin',
  mcp_status: 'admin',
  get_hooks_listing: 'admin',
  list_permission_rules: 'admin',
  file_suggestions: 'admin',
  read_file: 'admin',
  seed_read_state: 'admin',
  rewind_files: 'admin',
  mcp_reconnect: 'admin',
  mcp_toggle: 'admin',
  mcp_call: 'admin',
  mcp_read_resource: 'admin',
  reload_plugins: 'admin',
  reload_skills: 'admin',
  // Commands, settings and folders by another way.
  mcp_set_servers: 'server-only',
  apply_flag_settings: 'server-only',
  update_settings: 'server-only',
  register_repo_root: 'server-only',
  set_cwd: 'server-only',
  claim_session: 'server-only',
  start_shell_task: 'server-only',
  // Its mode may be a bypass, for one server.
  set_mcp_permission_mode_override: 'server-only',
}

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
  supportedDialogKinds: 'approve',
}

const NO = new Set<unknown>(['deny', 'decline', 'cancel'])
const BESIDE_A_NO: ReadonlySet<string> = new Set(['message', 'interrupt', 'toolUseID', 'decisionClassification'])

/** Each kind of question has a word of its own that decides, and the CLI overlooks the others: so all that is said must say no. */
const saysNo = (payload: object): boolean =>
  Object.entries(payload).every(
    ([key, value]) => BESIDE_A_NO.has(key) || ((key === 'behavior' || key === 'action') && NO.has(value)),
  )

/** What an answer to a question of the CLI amounts to. Saying no, or having no opinion, lets nothing happen. */
export function answerScope(response: unknown): ClaudeScope {
  const { subtype, response: payload } = Object(response) as { subtype?: unknown; response?: unknown }
  if (subtype === 'error') return 'send'
  if (typeof payload === 'object' && payload !== null && saysNo(payload)) return 'send'
  const { updatedPermissions } = Object(payload) as Record<string, unknown>
  if (updatedPermissions === undefined) return 'approve'
  return Array.isArray(updatedPermissions) ? worst(updatedPermissions.map(permissionUpdateScope)) : 'server-only'
}

/** For this session a person may widen what is allowed; a lasting rule is written into files, and a folder or a bypass is the server's. */
function permissionUpdateScope(update: unknown): ClaudeScope {
  const { type, destination, mode: to } = Object(update) as Record<string, unknown>
  if (destination !== undefined && destination !== 'session') return 'server-only'
  if (type === 'setMode') return worst(['approve', mode(to)])
  return type === 'addRules' || type === 'replaceRules' || type === 'removeRules' ? 'approve' : 'server-only'
}

const ORDER: readonly ClaudeScope[] = ['observe', 'send', 'approve', 'admin', 'server-only']

function worst(scopes: readonly ClaudeScope[]): ClaudeScope {
  return scopes.reduce((one, other) => (ORDER.indexOf(other) > ORDER.indexOf(one) ? other : one), 'approve')
}

export function scopeOf(rule: ClaudeRule | undefined, value: unknown): ClaudeScope {
  return typeof rule === 'function' ? rule(value) : (rule ?? 'admin')
}

export const permissionModeScope = mode
