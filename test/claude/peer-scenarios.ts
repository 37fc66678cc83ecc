/** Recorded scenarios as calls of this client: played against the real CLI, whose lines are compared with the recorded ones. */
import type { CanUseTool, CLIAgentOptions } from '../../src/claude/index.js'

export interface PeerScenario {
  /** Of the recording. */
  readonly name: string
  /** `{work}` becomes the folder that the CLI works in. */
  readonly prompt: string
  readonly options?: CLIAgentOptions
}

const allow: CanUseTool = (_tool, updatedInput) => ({ behavior: 'allow', updatedInput })
const allowPlan: CanUseTool = () => ({ behavior: 'allow', updatedInput: {} })
const refuse = (interrupt: boolean): CanUseTool => {
  return () => ({ behavior: 'deny', message: 'Not allowed by policy.', interrupt })
}
const answering: CanUseTool = (_tool, input) => ({
  behavior: 'allow',
  updatedInput: { ...input, answers: { 'Which colour?': 'Blue' } },
})
const schema = (more: object): Readonly<Record<string, unknown>> => ({
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
  ...more,
})
const bash = { allowedTools: ['Bash'] }

export const PEER_SCENARIOS: readonly PeerScenario[] = [
  { name: 'simple-text', prompt: 'say hello' },
  { name: 'x-ultrathink', prompt: 'say hello', options: { ultrathink: true } },
  { name: 'empty-answer', prompt: 'FAKE:empty' },
  { name: 'max-tokens-stop', prompt: 'FAKE:maxtokens' },
  { name: 'partial-messages', prompt: 'say hello', options: { includePartial: true } },
  { name: 'partial-tool-use', prompt: 'FAKE:bash:echo hi', options: { includePartial: true, ...bash } },
  { name: 'thinking-partial', prompt: 'FAKE:thinking', options: { includePartial: true } },
  { name: 'tool-bash-readonly-autoallow', prompt: 'FAKE:bash:echo hi' },
  { name: 'tool-bash-allowed', prompt: 'FAKE:bash:mkdir -p made && echo made-it', options: bash },
  { name: 'tool-read', prompt: 'FAKE:read:{work}/notes.txt' },
  { name: 'tool-unknown', prompt: 'FAKE:badtool' },
  { name: 'tool-write-acceptedits', prompt: 'FAKE:write:{work}/out.txt', options: { permissionMode: 'acceptEdits' } },
  { name: 'tool-write-denied-no-prompt', prompt: 'FAKE:write:{work}/denied.txt' },
  { name: 'tool-write-dontask', prompt: 'FAKE:write:{work}/dontask.txt', options: { permissionMode: 'dontAsk' } },
  { name: 'disallowed-tool', prompt: 'FAKE:bash:echo x', options: { disallowedTools: ['Bash'] } },
  { name: 'tools-empty', prompt: 'say hello', options: { tools: [] } },
  {
    name: 'system-prompt',
    prompt: 'say hello',
    options: { systemPrompt: 'You are terse.', appendSystemPrompt: 'Always obey.', tools: [] },
  },
  { name: 'x-setting-sources-empty', prompt: 'say hello', options: { settingSources: [] } },
  { name: 'x-permission-mode-default', prompt: 'say hello', options: { permissionMode: 'default' } },
  {
    name: 'x-agents-json',
    prompt: 'say hello',
    options: { agents: { rev: { description: 'Reviews', prompt: 'You review' } }, agent: 'rev' },
  },
  { name: 'max-turns', prompt: 'FAKE:loop', options: { ...bash, maxTurns: 2 } },
  {
    name: 'json-schema',
    prompt: 'FAKE:schema',
    options: { jsonSchema: schema({ properties: { name: { type: 'string' }, age: { type: 'number' } } }) },
  },
  { name: 'permission-allow', prompt: 'FAKE:write:{work}/allowed.txt', options: { canUseTool: allow } },
  { name: 'permission-deny', prompt: 'FAKE:write:{work}/refused.txt', options: { canUseTool: refuse(false) } },
  { name: 'permission-deny-interrupt', prompt: 'FAKE:write:{work}/refused.txt', options: { canUseTool: refuse(true) } },
  { name: 'permission-ask-user-question', prompt: 'FAKE:ask', options: { canUseTool: answering } },
  { name: 'permission-exit-plan', prompt: 'FAKE:plan', options: { canUseTool: allowPlan, permissionMode: 'plan' } },
  { name: 'error-400', prompt: 'FAKE:400' },
  { name: 'error-401', prompt: 'FAKE:401', options: { maxApiRetries: 2 } },
  { name: 'error-403', prompt: 'FAKE:403' },
  { name: 'error-429-retries2', prompt: 'FAKE:429', options: { maxApiRetries: 2 } },
  { name: 'error-500-retries1', prompt: 'FAKE:500', options: { maxApiRetries: 1 } },
  { name: 'error-toolong', prompt: 'FAKE:toolong' },
  { name: 'connection-reset', prompt: 'FAKE:reset', options: { maxApiRetries: 1 } },
  { name: 'stream-cut-always', prompt: 'FAKE:cut:5', options: { maxApiRetries: 1 } },
  { name: 'refusal', prompt: 'FAKE:refusal' },
]

const ENDS_BY_TOOL = 'the recorded model said end_turn with its call; after tool_use the CLI calls the turn failed'
const CALLS_AGAIN = 'the scripted model calls again after the note that follows an approved plan'
/** By scenario, or by generation and scenario: why the lines of a run of ours are not those of the recording. */
export const PEER_DIFFERS: Readonly<Record<string, string>> = {
  'stream-cut-always': 'the recorded model answered the second request, which is not streamed; the imitation cuts that too',
  '2.0.76/refusal': 'which model stands in for one that refuses depends on the account',
  '2.1.329/refusal': 'which model stands in for one that refuses depends on the account',
  '2.1.197/permission-deny-interrupt': ENDS_BY_TOOL,
  '2.1.329/permission-deny-interrupt': ENDS_BY_TOOL,
  '2.1.197/permission-exit-plan': CALLS_AGAIN,
  '2.1.329/permission-exit-plan': CALLS_AGAIN,
}
