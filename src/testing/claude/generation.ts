/** The three measured generations of the CLI, with the differences that the simulator has. */
import { isAtLeast, MEASURED, parseVersion, type Version } from '../../claude/launch/version.js'

export interface Generation {
  readonly name: 'a' | 'b' | 'c'
  readonly version: Version
  readonly model: string
  readonly tools: readonly string[]
  readonly permissionModes: readonly string[]
  /** Fields of `system/init` beside the common ones. */
  readonly init: Readonly<Record<string, unknown>>
  readonly slashCommands: readonly string[]
  readonly price: { readonly input: number; readonly output: number; readonly cacheWrite: number; readonly cacheRead: number }
}

const BUILT_IN_B =
  'Task Bash CronCreate CronDelete CronList Edit EnterWorktree ExitWorktree NotebookEdit Read ReportFindings ScheduleWakeup SendMessage Skill'
const MODES = ['acceptEdits', 'bypassPermissions', 'default', 'dontAsk', 'plan']

const GENERATIONS: Readonly<Record<Generation['name'], Generation>> = {
  a: {
    name: 'a',
    version: MEASURED.a,
    model: 'claude-sonnet-4-5-20250929',
    tools:
      'Task TaskOutput Bash Glob Grep ExitPlanMode Read Edit Write NotebookEdit WebFetch TodoWrite WebSearch KillShell AskUserQuestion Skill EnterPlanMode LSP'.split(
        ' ',
      ),
    permissionModes: [...MODES, 'delegate'],
    slashCommands: ['compact', 'context', 'cost', 'init', 'review'],
    init: {},
    price: { input: 3, output: 15, cacheWrite: 3.75, cacheRead: 0.3 },
  },
  b: {
    name: 'b',
    version: MEASURED.b,
    model: 'claude-opus-4-8[1m]',
    tools: `${BUILT_IN_B} TaskCreate TaskGet TaskList TaskOutput TaskStop TaskUpdate WebFetch WebSearch Workflow Write`.split(' '),
    permissionModes: [...MODES, 'auto'],
    slashCommands: ['clear', 'compact', 'config', 'context', 'init', 'review', 'usage'],
    init: {
      analytics_disabled: true,
      product_feedback_disabled: true,
      memory_paths: { auto: '/home/dev/.claude/projects/-workspace/memory/' },
      fast_mode_state: 'off',
    },
    price: { input: 5, output: 25, cacheWrite: 6.25, cacheRead: 0.5 },
  },
  c: {
    name: 'c',
    version: MEASURED.c,
    model: 'claude-opus-5-5',
    tools: `${BUILT_IN_B} TaskStop ToolSearch WebFetch WebSearch Workflow Write`.split(' '),
    permissionModes: [...MODES, 'auto', 'manual'],
    slashCommands: ['agents', 'clear', 'compact', 'config', 'context', 'init', 'model', 'usage'],
    init: {
      analytics_disabled: true,
      product_feedback_disabled: true,
      memory_paths: { auto: '/home/dev/.claude/projects/-workspace/memory/' },
      fast_mode_state: 'off',
      terminal_slash_commands: ['doctor'],
      capabilities: ['interrupt_receipt_v1', 'interrupt_cancel_queued_v1', 'msg_lifecycle_v1', 'sdk_mcp_manifests'],
      served_by_anthropic: false,
      original_cwd: '/workspace',
      additional_directories: [],
      messaging_socket_path: '/tmp/cc-socks/1.sock',
      fast_mode_disabled_reason: 'sdk_opt_in_required',
      per_turn_effort_active: true,
      ultrathink_available: false,
      ultrathink_typed_raises: false,
      view_mode: 'default',
    },
    price: { input: 4, output: 20, cacheWrite: 5, cacheRead: 0.2 },
  },
}

export function generationOf(version: string): Generation {
  const parsed = parseVersion(version)
  const { a, b, c } = GENERATIONS
  const found = isAtLeast(parsed, MEASURED.c) ? c : isAtLeast(parsed, [2, 1, 0]) ? b : a
  return parsed ? { ...found, version: parsed } : found
}
