/** Answers to the questions of the CLI: approving the requested input needs `approve`, approving another input needs more. */
import { describe, expect, test } from 'vitest'
import { encodeNdjson } from '../../../src/core/codec/ndjson.js'
import { allows } from '../../../src/gateway/index.js'
import { claudePolicy } from '../../../src/gateway/policy/index.js'

const input = { command: 'echo hi', description: 'a probe', nested: { list: [1, { a: null }] } }
const question = (id: string, tool = 'Bash', asked: object = input) => ({
  type: 'control_request',
  request_id: id,
  request: { subtype: 'can_use_tool', tool_name: tool, input: asked, tool_use_id: 't' },
})
function onLink(...lines: object[]) {
  const sessions: string[] = []
  const link = claudePolicy.forLink?.({ onWrongPin: () => {}, onSession: (id) => void sessions.push(id) })
  if (!link) throw new Error('the policy of Claude remembers its link')
  for (const line of lines) link.received(encodeNdjson(line))
  const answer = (id: string, response: unknown): string =>
    [link.classify({ type: 'control_response', response: { subtype: 'success', request_id: id, response } })].flat()[0]?.needs ?? ''
  return { link, answer, sessions }
}

describe('an answer with changed input [gateway.policy.changed-input]', () => {
  test('approving the requested input needs approve, whatever the order of its keys', () => {
    expect(onLink(question('1')).answer('1', { behavior: 'allow', updatedInput: input })).toBe('approve')
    const reordered = { nested: { list: [1, { a: null }] }, description: 'a probe', command: 'echo hi' }
    expect(onLink(question('1')).answer('1', { behavior: 'allow', updatedInput: reordered })).toBe('approve')
    expect(onLink(question('1')).answer('1', { behavior: 'allow' })).toBe('approve')
  })

  test('approving another input needs the separate scope approveWithChanges', () => {
    for (const changed of [
      { ...input, command: 'rm -rf /' },
      { ...input, more: 1 },
      { command: 'echo hi', description: 'a probe' },
      { ...input, nested: { list: [1] } },
      { ...input, nested: { list: { 0: 1, 1: { a: null } } } },
      [],
      null,
      'echo hi',
    ]) {
      expect(onLink(question('1')).answer('1', { behavior: 'allow', updatedInput: changed }), JSON.stringify(changed)).toBe(
        'approveWithChanges',
      )
    }
  })

  test('an answer to an unknown, answered or withdrawn question counts as an answer with changed input', () => {
    expect(onLink().answer('1', { behavior: 'allow', updatedInput: input })).toBe('approveWithChanges')
    const { answer } = onLink(question('1'))
    answer('1', { behavior: 'allow', updatedInput: input })
    expect(answer('1', { behavior: 'allow', updatedInput: input })).toBe('approveWithChanges')
    const withdrawn = onLink(question('1'), { type: 'control_cancel_request', request_id: '1' })
    expect(withdrawn.answer('1', { behavior: 'allow', updatedInput: input })).toBe('approveWithChanges')
    expect(onLink(question('1')).answer('2', { behavior: 'allow', updatedInput: input })).toBe('approveWithChanges')
  })

  test('answers of a person to AskUserQuestion do not count as a change, only for that tool', () => {
    const asked = { questions: [{ question: 'Which colour?' }] }
    const answered = { ...asked, answers: { 'Which colour?': 'Blue' } }
    expect(onLink(question('1', 'AskUserQuestion', asked)).answer('1', { behavior: 'allow', updatedInput: answered })).toBe(
      'approve',
    )
    const other = { questions: [], answers: {} }
    expect(onLink(question('1', 'AskUserQuestion', asked)).answer('1', { behavior: 'allow', updatedInput: other })).toBe(
      'approveWithChanges',
    )
    expect(onLink(question('1', 'Bash', asked)).answer('1', { behavior: 'allow', updatedInput: answered })).toBe(
      'approveWithChanges',
    )
  })

  test('a hook that changes the input needs approveWithChanges too', () => {
    const output = {
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow', updatedInput: { command: 'x' } },
    }
    expect(onLink().answer('1', output)).toBe('approveWithChanges')
  })

  test('questions are read from any chunks, also with split characters', () => {
    const asked = { command: 'echo grüße 🚂' }
    const bytes = encodeNdjson(question('1', 'Bash', asked))
    const { link, answer } = onLink()
    for (const byte of bytes) link.received(Uint8Array.of(byte))
    expect(answer('1', { behavior: 'allow', updatedInput: asked })).toBe('approve')
    link.received(new TextEncoder().encode(`not JSON "can_use_tool"\n${'x'.repeat(5 * 1024 * 1024)}`))
    link.received(new TextEncoder().encode('"can_use_tool"\n'))
    link.received(encodeNdjson(question('2')))
    expect(answer('2', { behavior: 'allow', updatedInput: input })).toBe('approve')
  })

  test('admin covers it, approveWithChanges covers approve, approve does not cover it', () => {
    expect(allows({ id: 'g', scopes: ['admin'] }, 'approveWithChanges')).toBe(true)
    expect(allows({ id: 'g', scopes: ['approveWithChanges'] }, 'approve')).toBe(true)
    expect(allows({ id: 'g', scopes: ['approve'] }, 'approveWithChanges')).toBe(false)
    expect(allows({ id: 'g', scopes: ['approveWithChanges'] }, 'send')).toBe(false)
  })
})

describe('sessions of others [gateway.policy.own-sessions]', () => {
  const id = '0a000000-0000-4000-8000-000000000001'
  const worst = (launch: Record<string, unknown>, own: readonly string[]): string => {
    const verdicts = claudePolicy.classifyLaunch?.(launch, { startedSession: (each) => own.includes(each) }) ?? []
    return verdicts.some(({ needs }) => needs === 'admin') ? 'admin' : (verdicts[0]?.needs ?? '')
  }

  test('a credential resumes only its own sessions, and with admin every session', () => {
    expect(worst({ resume: id }, [id])).toBe('send')
    expect(worst({ resume: id.toUpperCase() }, [id])).toBe('send')
    expect(worst({ resume: id }, [])).toBe('admin')
    // A title can belong to a session of another credential, and so can the latest session of the folder.
    expect(worst({ resume: 'a title' }, ['a title'])).toBe('admin')
    expect(worst({ continueSession: true }, [id])).toBe('admin')
    expect(worst({ continueSession: false }, [id])).toBe('send')
  })

  test('the id of a session is taken from the output of the CLI', () => {
    expect(onLink({ type: 'system', subtype: 'init', session_id: id }).sessions).toEqual([id])
    expect(onLink({ type: 'assistant', subtype: 'init', session_id: id }).sessions).toEqual([])
  })
})
