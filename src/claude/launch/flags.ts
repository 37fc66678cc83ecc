/** The table of all launch fields that become a flag, with the first generation of the CLI that accepts each. */
import type { ClaudeLaunch } from './launch.js'
import { MEASURED, type Version } from './version.js'

/**
 * How a field is written. `joined`: one argument with commas, because a variadic flag would also take the arguments after it. `repeated`:
 * one argument per value. `text`: in a private file when it is long.
 */
export type FlagForm = 'value' | 'switch' | 'optional' | 'joined' | 'repeated' | 'json' | 'text'

/** How a field of a launch is written. */
export interface FlagRule {
  /** The field of the launch. */
  readonly field: keyof ClaudeLaunch
  /** The flag of the CLI. */
  readonly flag: string
  /** How the value is written. */
  readonly form: FlagForm
  /** The first version that accepts the flag. Absent: all versions that were measured. */
  readonly since?: Version
  /** For a CLI without this flag: `refuse` fails the launch, because the flag protects something; `omit` leaves it out. */
  readonly otherwise?: 'refuse' | 'omit'
  /** The flag that takes the same content as a file. */
  readonly fileFlag?: string
}

const b = { since: MEASURED.b } as const
const c = { since: MEASURED.c } as const
const omit = { otherwise: 'omit' } as const

/** Every field of a launch that is a flag, with the first version that takes it. */
export const FLAGS: readonly FlagRule[] = [
  { field: 'model', flag: '--model', form: 'value' },
  { field: 'effort', flag: '--effort', form: 'value', ...b, ...omit },
  { field: 'thinking', flag: '--thinking', form: 'value', ...b, ...omit },
  { field: 'thinkingDisplay', flag: '--thinking-display', form: 'value', ...b, ...omit },
  { field: 'maxThinkingTokens', flag: '--max-thinking-tokens', form: 'value' },
  { field: 'maxTurns', flag: '--max-turns', form: 'value' },
  { field: 'maxBudgetUsd', flag: '--max-budget-usd', form: 'value' },
  { field: 'taskBudget', flag: '--task-budget', form: 'value', ...b, ...omit },
  { field: 'systemPrompt', flag: '--system-prompt', form: 'text', fileFlag: '--system-prompt-file' },
  { field: 'appendSystemPrompt', flag: '--append-system-prompt', form: 'text', fileFlag: '--append-system-prompt-file' },
  { field: 'systemPromptFile', flag: '--system-prompt-file', form: 'value' },
  { field: 'appendSystemPromptFile', flag: '--append-system-prompt-file', form: 'value' },
  { field: 'systemPromptSnapshot', flag: '--system-prompt-snapshot', form: 'value', ...c, ...omit },
  { field: 'excludeDynamicSystemPromptSections', flag: '--exclude-dynamic-system-prompt-sections', form: 'switch', ...b, ...omit },
  { field: 'allowedTools', flag: '--allowedTools', form: 'joined' },
  { field: 'disallowedTools', flag: '--disallowedTools', form: 'joined' },
  { field: 'tools', flag: '--tools', form: 'joined' },
  { field: 'permissionPromptTool', flag: '--permission-prompt-tool', form: 'value' },
  { field: 'permissionPrompts', flag: '--permission-prompts', form: 'value', ...c },
  { field: 'dangerouslySkipPermissions', flag: '--dangerously-skip-permissions', form: 'switch' },
  { field: 'allowDangerouslySkipPermissions', flag: '--allow-dangerously-skip-permissions', form: 'switch' },
  { field: 'restricted', flag: '--restricted', form: 'switch', ...c },
  { field: 'resume', flag: '--resume', form: 'value' },
  { field: 'continueSession', flag: '--continue', form: 'switch' },
  { field: 'sessionId', flag: '--session-id', form: 'value' },
  { field: 'forkSession', flag: '--fork-session', form: 'switch' },
  { field: 'resumeSessionAt', flag: '--resume-session-at', form: 'value' },
  { field: 'resumeDropsTurn', flag: '--resume-drops-turn', form: 'value', ...c },
  { field: 'noSessionPersistence', flag: '--no-session-persistence', form: 'switch' },
  { field: 'name', flag: '--name', form: 'value', ...b, ...omit },
  { field: 'mcpConfig', flag: '--mcp-config', form: 'repeated' },
  { field: 'strictMcp', flag: '--strict-mcp-config', form: 'switch' },
  { field: 'settingSources', flag: '--setting-sources', form: 'joined' },
  { field: 'managedSettings', flag: '--managed-settings', form: 'json', ...b },
  { field: 'addDirs', flag: '--add-dir', form: 'repeated' },
  { field: 'agent', flag: '--agent', form: 'value' },
  { field: 'agents', flag: '--agents', form: 'json' },
  { field: 'jsonSchema', flag: '--json-schema', form: 'json' },
  { field: 'betas', flag: '--betas', form: 'repeated' },
  { field: 'pluginDirs', flag: '--plugin-dir', form: 'repeated' },
  { field: 'pluginDirsWithoutMcp', flag: '--plugin-dir-no-mcp', form: 'repeated', ...b },
  { field: 'projectConfigRoot', flag: '--project-config-root', form: 'value', ...c },
  { field: 'disableSlashCommands', flag: '--disable-slash-commands', form: 'switch' },
  { field: 'bare', flag: '--bare', form: 'switch', ...b },
  { field: 'safeMode', flag: '--safe-mode', form: 'switch', ...b },
  { field: 'includePartial', flag: '--include-partial-messages', form: 'switch' },
  { field: 'replayUserMessages', flag: '--replay-user-messages', form: 'switch' },
  { field: 'includeHookEvents', flag: '--include-hook-events', form: 'switch', ...b, ...omit },
  { field: 'forwardSubagentText', flag: '--forward-subagent-text', form: 'switch', ...c, ...omit },
  { field: 'promptSuggestions', flag: '--prompt-suggestions', form: 'switch', ...b, ...omit },
  { field: 'debug', flag: '--debug', form: 'optional' },
  { field: 'debugFile', flag: '--debug-file', form: 'value' },
]

/** Launch fields that are not flags, and where they go. A test compares both lists with the launch type. */
export const OTHER_FIELDS: Readonly<Partial<Record<keyof ClaudeLaunch, string>>> = {
  probe: 'chooses the command',
  cwd: 'the working directory',
  env: 'the environment',
  auth: 'the environment',
  maxTokens: 'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  maxApiRetries: 'CLAUDE_CODE_MAX_RETRIES',
  sessionStateEvents: 'CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS',
  fileCheckpointing: 'CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING',
  permissionMode: '--permission-mode, by generation',
  fallbackModel: '--fallback-model, one or several by generation',
  mcpServers: '--mcp-config, in a private file',
  questionPreviewFormat: 'CLAUDE_CODE_QUESTION_PREVIEW_FORMAT',
  settings: '--settings, in a private file unless it is a path',
  sandbox: 'a part of settings',
  extraFlags: 'as they are',
}
