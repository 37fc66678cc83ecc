/** Attempts to bypass the scopes of a run of Claude Code, by its launch and by the lines of its link. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../../src/gateway/index.js'
import { CLAUDE_CONTROL } from '../../../src/claude/scopes.js'
import { claudePolicy } from '../../../src/gateway/policy/index.js'

const newest = JSON.parse(readFileSync(new URL('../../fixtures/claude/control-names.json', import.meta.url), 'utf8')) as {
  readonly names: readonly string[]
}

const ORDER = ['observe', 'send', 'approve', 'approveWithChanges', 'admin', 'server-only']
const worst = (verdicts: Verdict | readonly Verdict[]): string =>
  [verdicts].flat().reduce((one, { needs }) => (ORDER.indexOf(needs) > ORDER.indexOf(one) ? needs : one), 'observe')
const launch = (fields: Record<string, unknown>): string => worst(claudePolicy.classifyLaunch?.(fields) ?? [])
const line = (message: unknown): string => worst(claudePolicy.classify(message))
const control = (request: Record<string, unknown>): string => line({ type: 'control_request', request_id: '1', request })
const answer = (response: unknown): string =>
  line({ type: 'control_response', response: { subtype: 'success', request_id: '1', response } })

describe('a launch object cannot bypass its scopes [gateway.policy.claude-launch]', () => {
  test.each([
    [{ cwd: '/etc' }],
    [{ env: { PATH: '/tmp' } }],
    [{ auth: 'apiKey' }],
    [{ mcpServers: { x: { command: 'sh' } } }],
    [{ mcpServers: { x: { type: 'http', url: 'http://169.254.169.254/' } } }],
    [{ mcpConfig: ['/tmp/x.json'] }],
    [{ addDirs: ['/'] }],
    [{ settings: { hooks: {} } }],
    [{ settings: '/tmp/settings.json' }],
    [{ settingSources: ['project'] }],
    [{ managedSettings: {} }],
    [{ pluginDirs: ['/tmp'] }],
    [{ dangerouslySkipPermissions: true }],
    [{ dangerouslySkipPermissions: 'true' }],
    [{ allowDangerouslySkipPermissions: true }],
    [{ permissionMode: 'bypassPermissions' }],
    [{ permissionMode: 'delegate' }],
    [{ permissionMode: ['bypassPermissions'] }],
    [{ permissionMode: 'constructor' }],
    [{ permissionPromptTool: 'mcp__x__y' }],
    [{ systemPromptFile: '/etc/shadow' }],
    [{ appendSystemPromptFile: '/etc/shadow' }],
    [{ debugFile: '/tmp/x' }],
    [{ extraFlags: { '--add-dir': '/' } }],
    // A URL is a session that the CLI fetches, and a name with this ending a file that it reads.
    [{ resume: 'https://evil.example/session' }],
    [{ resume: ' HTTP:evil.example' }],
    [{ resume: ['https://evil.example/session'] }],
    [{ resume: '/home/somebody/.claude/projects/x/y.jsonl' }],
    [{ resume: '../notes.JSONL' }],
    [{ agents: { x: { description: 'd', prompt: 'p', mcpServers: ['y'] } } }],
    [{ agents: { x: { description: 'd', prompt: 'p', permissionMode: 'bypassPermissions' } } }],
  ])('%j can be set only by the server', (fields) => expect(launch(fields)).toBe('server-only'))

  test('a field without a row needs admin, also a prototype name such as constructor', () => {
    expect(launch({ newField: 1 })).toBe('admin')
    expect(launch(JSON.parse('{"__proto__": {"cwd": "/"}, "constructor": 1}'))).toBe('admin')
  })

  test('an ordinary session needs send; answering or suppressing its questions needs approve', () => {
    expect(launch({})).toBe('send')
    expect(launch({ model: 'opus', permissionMode: 'plan', maxTurns: 3 })).toBe('send')
    expect(launch({ permissionPromptTool: 'stdio' })).toBe('approve')
    expect(launch({ allowedTools: ['Bash(*)'] })).toBe('approve')
    expect(launch({ permissionMode: 'acceptEdits' })).toBe('approve')
    expect(launch({ probe: 'version' })).toBe('observe')
    expect(launch({ probe: 'authStatus' })).toBe('observe')
  })

  test('disabling the settings of the machine, also its deny rules, needs admin, with any field name', () => {
    for (const fields of [{ bare: true }, { safeMode: true }, { settingSources: [] }]) expect(launch(fields)).toBe('admin')
  })

  test('an invalid probe value starts a session and needs the scopes of a session', () => {
    for (const probe of [null, false, '', 'Version', 'help', ['version'], 1]) expect(launch({ probe }), `${probe}`).toBe('send')
  })
})

describe('a line cannot bypass its scopes [gateway.policy.claude-lines]', () => {
  test.each([
    [{ subtype: 'mcp_set_servers', servers: {} }],
    [{ subtype: 'apply_flag_settings', settings: {} }],
    [{ subtype: 'update_settings' }],
    [{ subtype: 'register_repo_root' }],
    [{ subtype: 'set_cwd', path: '/' }],
    [{ subtype: 'claim_session', cwd: '/', env: { A: '1' } }],
    [{ subtype: 'start_shell_task', command: 'id', cwd: '/', env: {} }],
    [{ subtype: 'set_mcp_permission_mode_override', serverName: 'x', mode: 'bypassPermissions' }],
    [{ subtype: 'set_permission_mode', mode: 'bypassPermissions' }],
    [{ subtype: 'set_permission_mode', mode: 'nonsense' }],
    [{ subtype: 'set_permission_mode' }],
    [{ subtype: 'initialize', agents: { x: { hooks: {} } } }],
  ])('%j can be set only by the server', (request) => expect(control(request)).toBe('server-only'))

  test('a separate line cannot set an environment', () => {
    expect(line({ type: 'update_environment_variables', variables: { A: '1' } })).toBe('server-only')
  })

  test('an unknown line, control request or field of initialize can be sent only by the server', () => {
    expect(control({ subtype: 'new_thing' })).toBe('server-only')
    expect(control({ subtype: 'toString' })).toBe('server-only')
    expect(control({ subtype: 'initialize', newField: 1 })).toBe('server-only')
    expect(control({ subtype: 'initialize', mcpServers: {}, plugins: [] })).toBe('server-only')
    for (const type of ['new_line', 'assistant', 'system', 'bash_command']) expect(line({ type }), type).toBe('server-only')
    for (const subtype of ['claude_authenticate', 'remote_control', 'mcp_authenticate', 'add_directory']) {
      expect(control({ subtype }), subtype).toBe('server-only')
    }
    expect(control({ subtype: 'read_file', path: '/etc/passwd' })).toBe('admin')
    expect(() => control({ subtype: 7 })).toThrow(/subtype/)
    expect(() => line({ type: 'control_request' })).toThrow(/JSON object/)
    expect(() => line([])).toThrow(/JSON object/)
  })

  test('an additional field of a known request needs admin', () => {
    expect(control({ subtype: 'rename_session', title: 'mine' })).toBe('send')
    expect(control({ subtype: 'rename_session', title: 'x', session_id: 'another' })).toBe('admin')
    expect(control({ subtype: 'interrupt', cancel_queued: true })).toBe('send')
    expect(control({ subtype: 'interrupt', more: 1 })).toBe('admin')
  })

  test('[gateway.policy.control-names] every control request of the newest CLI that was looked at has a row', () => {
    expect(newest.names.filter((name) => !Object.hasOwn(CLAUDE_CONTROL, name))).toEqual([])
    for (const name of ['claude_authenticate', 'remote_control', 'set_cwd', 'can_use_tool']) expect(newest.names).toContain(name)
  })

  test('an approval needs approve; a refusal and no decision do not', () => {
    expect(answer({ behavior: 'allow' })).toBe('approve')
    expect(answer({ behavior: 'deny', message: 'no' })).toBe('send')
    expect(answer({ action: 'decline' })).toBe('send')
    expect(answer({})).toBe('send')
    expect(line({ type: 'control_response', response: { subtype: 'error', request_id: '1', error: 'no' } })).toBe('send')
    expect(answer({ mcp_response: {} })).toBe('approve')
  })

  test('an approval for this session needs approve; a lasting rule, a folder or a bypass can be set only by the server', () => {
    const allow = (update: unknown): string => answer({ behavior: 'allow', updatedPermissions: update })
    expect(allow([{ type: 'addRules', rules: [], behavior: 'allow', destination: 'session' }])).toBe('approve')
    expect(allow([{ type: 'setMode', mode: 'acceptEdits', destination: 'session' }])).toBe('approve')
    expect(allow([{ type: 'setMode', mode: 'bypassPermissions', destination: 'session' }])).toBe('server-only')
    expect(allow([{ type: 'addRules', rules: [], behavior: 'allow', destination: 'localSettings' }])).toBe('server-only')
    expect(allow([{ type: 'addDirectories', directories: ['/'], destination: 'session' }])).toBe('server-only')
    expect(allow({ type: 'addRules' })).toBe('server-only')
    // Each kind of question has its own deciding field. A refusal in the field of another kind must not lower the scope.
    expect(answer({ behavior: 'allow', action: 'accept' })).toBe('approve')
  })

  test('an answer with both an approval and a refusal counts as an approval', () => {
    for (const no of [{ action: 'decline' }, { action: 'cancel' }, { action: 'deny' }]) {
      expect(answer({ behavior: 'allow', ...no })).toBe('approve')
    }
    expect(answer({ action: 'accept', content: {}, behavior: 'deny' })).toBe('approve')
    expect(answer({ behavior: 'deny', decision: 'approve' })).toBe('approve')
    expect(answer({ action: 'decline', hookSpecificOutput: { permissionDecision: 'allow' } })).toBe('approve')
    expect(answer({ behavior: 'deny', mcp_response: {} })).toBe('approve')
    expect(answer({ behavior: 'deny', updatedPermissions: [{ type: 'addDirectories', directories: ['/'] }] })).toBe('server-only')
    expect(answer({ behavior: 'deny', message: 'no', interrupt: true, toolUseID: 't' })).toBe('send')
  })

  test('starting hooks or offering tools needs approve', () => {
    expect(control({ subtype: 'initialize' })).toBe('observe')
    expect(control({ subtype: 'initialize', hooks: {} })).toBe('approve')
    expect(control({ subtype: 'initialize', sdkMcpServers: ['x'] })).toBe('approve')
  })
})
