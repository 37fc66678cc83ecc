/** Prompts that Claude Code would run as a command, and the defaults that a launch gets from the policy. */
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../../src/gateway/index.js'
import { cccPolicy, claudePolicy } from '../../../src/gateway/policy/index.js'

const needs = (verdicts: Verdict | readonly Verdict[]): readonly string[] => [verdicts].flat().map((verdict) => verdict.needs)
const user = (content: unknown, more: object = {}) =>
  claudePolicy.classify({ type: 'user', message: { role: 'user', content }, ...more })

const COMMANDS = [
  '/config permissionMode=auto',
  '!touch /tmp/x',
  '#remember this',
  '  /config permissionMode=auto',
  '\n\t/config',
  '\u00a0/config',
  '\u3000!ls',
  '\u200b/config',
  '\ufeff/config',
  '\u2060\u200d#x',
  '\u202e/config',
  '\u00ad/config',
  '\u115f/config',
  '\u{e0020}/config',
  '\u0000/config',
  '\u001b/config',
  '\u0301/config',
  '\uff0fconfig',
  '\uff01ls',
  '\uff03x',
  '\ufe5fx',
  '\ufe57x',
]

describe('a prompt that the CLI would run as a command needs admin [gateway.policy.prompt-commands]', () => {
  test.each(COMMANDS)('%j as a string', (text) => expect(needs(user(text))).toEqual(['admin']))

  test.each(COMMANDS)('%j in any text block', (text) => {
    expect(needs(user([{ type: 'text', text }]))).toEqual(['admin'])
    expect(
      needs(
        user([
          { type: 'text', text: 'hello' },
          { type: 'text', text },
        ]),
      ),
    ).toEqual(['admin'])
    expect(
      needs(
        user([
          { type: 'text', text },
          { type: 'text', text: 'hello' },
        ]),
      ),
    ).toEqual(['admin'])
    expect(
      needs(
        user([
          { type: 'image', source: {} },
          { type: 'Text', text },
        ]),
      ),
    ).toEqual(['admin'])
  })

  test.each(COMMANDS)('%j typed by CCC into a terminal', (text) => {
    for (const cmd of ['send', 'ask']) {
      expect(needs(cccPolicy.classify({ cmd, session: 's', text }))).toEqual(['admin'])
      // The daemon matches field names without regard to case.
      expect(needs(cccPolicy.classify({ cmd, session: 's', text: 'hello', TEXT: text }))).toEqual(['admin'])
    }
  })

  test('an ordinary prompt needs send, also with a command character after its start', () => {
    for (const text of ['hello', 'run a/b', 'what is #1?', 'Hello!', '', '   ', 'hello\n/config', '-/x', '@src/index.ts']) {
      expect(needs(user(text)), text).toEqual(['send'])
      expect(needs(user([{ type: 'text', text }])), text).toEqual(['send'])
      expect(needs(cccPolicy.classify({ cmd: 'send', session: 's', text })), text).toEqual(['send'])
    }
  })

  test('the refusal names the setting to change', () => {
    const [verdict] = [user('/config')].flat()
    expect(verdict?.hint).toContain('disableSlashCommands')
    expect(verdict?.hint).toContain('admin')
    expect(JSON.stringify(verdict)).not.toContain('/config')
  })

  test('content that is neither text nor blocks is refused, because its meaning for the CLI is unknown', () => {
    for (const content of [undefined, null, 7, {}, ['/config'], [null], [{ type: 'text', text: ['/config'] }], [['/config']]]) {
      expect(() => user(content), JSON.stringify(content)).toThrow(/content/)
    }
    expect(() => claudePolicy.classify({ type: 'user' })).toThrow(/JSON object/)
  })

  test('an unclassified field of a user line needs admin', () => {
    expect(
      needs(user('hello', { parent_tool_use_id: null, session_id: '', uuid: 'x', priority: 'now', shouldQuery: false })),
    ).toEqual(['send'])
    for (const more of [{ mode: 'bash' }, { isSynthetic: true }, { inline_pastes: ['/config'] }, { pasted_content: {} }]) {
      expect(needs(user('hello', more)), JSON.stringify(more)).toContain('admin')
    }
    const message = { role: 'user', content: 'hello', input: '/config' }
    expect(needs(claudePolicy.classify({ type: 'user', message }))).toContain('admin')
  })
})

describe('a launch gets disabled commands and a permission mode [gateway.policy.launch-defaults]', () => {
  const launch = (fields: Record<string, unknown>) => needs(claudePolicy.classifyLaunch?.(fields) ?? [])

  test('by default, with any settings of the machine', () => {
    expect(claudePolicy.launchDefaults).toEqual({ disableSlashCommands: true, permissionMode: 'default' })
  })

  test('enabling commands again needs admin', () => {
    expect(launch({ disableSlashCommands: true })).toEqual(['send', 'send'])
    for (const value of [false, null, 0, '', 'no']) expect(launch({ disableSlashCommands: value }), `${value}`).toContain('admin')
  })
})
