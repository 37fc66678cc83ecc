/** The messages to an editor for events and asks of the hub, and the meaning of its responses. */
import { describe, expect, test } from 'vitest'
import { abilitiesOf, questionFor, type EditorAbilities } from '../../src/acp/serve/questions.js'
import { promptResponse } from '../../src/acp/serve/serve.js'
import { promptText } from '../../src/acp/serve/prompt-text.js'
import { createUpdateWriter } from '../../src/acp/serve/updates.js'
import type { Ask } from '../../src/hub/model/ask.js'
import type { EndEvent, HubEvent, HubEventBody, MessageEvent } from '../../src/hub/model/event.js'

const at = '2026-01-01T00:00:00.000Z'
const event = (body: HubEventBody): HubEvent => ({ v: 1, seq: 1, epoch: 'e', at, agent: 'ccc/a', origin: 'live', ...body })
const words = (how: MessageEvent['how'], text: string, partial = true, id = 'm1'): HubEvent =>
  event({ kind: 'message', id, role: 'agent', text, how, partial })
const texts = (updates: readonly object[]): string[] =>
  updates.map((update) => (update as { content: { text: string } }).content.text)

describe('updates for an editor', () => {
  test('a closing replace with the same text sends nothing, and a longer one sends the rest [acp.serve-messages]', () => {
    const writer = createUpdateWriter({ notices: false })
    expect(texts(writer.write(words('append', 'Hel')))).toEqual(['Hel'])
    expect(texts(writer.write(words('append', 'lo')))).toEqual(['lo'])
    expect(writer.write(words('replace', 'Hello', false))).toEqual([])
    expect(texts(writer.write(words('replace', 'Hello, world', false)))).toEqual([', world'])
  })

  test('changed and withdrawn text is sent with a sentence that names the change [acp.serve-messages]', () => {
    const writer = createUpdateWriter({ notices: false })
    writer.write(words('append', 'One'))
    expect(texts(writer.write(words('replace', 'Two', false)))).toEqual([expect.stringMatching(/was changed[\s\S]*Two$/)])
    expect(texts(writer.write(words('retract', '', false)))).toEqual([expect.stringContaining('taken back')])
    expect(writer.write(words('retract', '', false, 'never sent'))).toEqual([])
  })

  test('cost is sent only with the size of the context, and never for one turn [acp.serve-usage]', () => {
    const writer = createUpdateWriter({ notices: false })
    const usage = (more: Partial<Extract<HubEventBody, { kind: 'usage' }>>) =>
      writer.write(event({ kind: 'usage', scope: 'session', basis: 'reported', costUsd: 1, ...more }))
    expect(usage({})).toEqual([])
    expect(usage({ scope: 'turn', context: { used: 1, size: 2 } })).toEqual([])
    expect(usage({ context: { used: 1, size: 2 } })).toEqual([
      { sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: 1, currency: 'USD' } },
    ])
  })

  test('gaps and outcomes of asks are notices, or thoughts for an editor without notices [acp.serve-notices]', () => {
    const gap = event({ kind: 'gap', reason: 'expired' })
    expect(createUpdateWriter({ notices: true }).write(gap)).toMatchObject([{ sessionUpdate: 'notice', severity: 'warning' }])
    expect(createUpdateWriter({ notices: false }).write(gap)).toMatchObject([{ sessionUpdate: 'agent_thought_chunk' }])
    const resolved = event({ kind: 'ask_resolved', askId: 'a', outcome: 'answered', by: 'ann', delivered: 'written' })
    expect(createUpdateWriter({ notices: true }).write(resolved)).toMatchObject([{ title: expect.stringContaining('ann') }])
  })

  test('the first event of a tool creates it, later ones update it [acp.serve-tools]', () => {
    const writer = createUpdateWriter({ notices: false })
    const tool = (more: object) => writer.write(event({ kind: 'tool', id: 't', status: 'running', ...more }))
    expect(tool({ name: 'Bash', toolKind: 'execute' })).toMatchObject([
      { sessionUpdate: 'tool_call', title: 'Bash', kind: 'execute' },
    ])
    const [update] = tool({ status: 'done', output: 'ok', diff: [{ path: 'a', newText: 'b' }] })
    expect(update).toMatchObject({
      sessionUpdate: 'tool_call_update',
      status: 'completed',
      content: [{ type: 'content' }, { type: 'diff', path: 'a' }],
    })
    expect(update).not.toHaveProperty('title')
  })
})

describe('the response to a prompt', () => {
  const end = (body: Partial<EndEvent>): EndEvent => ({ kind: 'end', outcome: 'completed', sent: 'yes', ...body })

  test('stop reasons of the protocol pass, others become end_turn [acp.serve-ends]', () => {
    expect(promptResponse(end({ stopReason: 'max_tokens' }))).toEqual({ stopReason: 'max_tokens' })
    expect(promptResponse(end({ stopReason: 'stop_sequence' }))).toEqual({ stopReason: 'end_turn' })
    expect(promptResponse(end({ outcome: 'cancelled' }))).toEqual({ stopReason: 'cancelled' })
    expect(promptResponse(end({ outcome: 'refused' }))).toEqual({ stopReason: 'refusal' })
  })

  test.each(['failed', 'lost', 'unanswered'] as const)(
    'a turn that is %s is an error of the protocol [acp.serve-ends]',
    (outcome) => {
      expect(() => promptResponse(end({ outcome, sent: 'maybe' }))).toThrow(
        expect.objectContaining({ code: -32603, data: expect.objectContaining({ outcome, sent: 'maybe' }) }),
      )
    },
  )
})

describe('questions for an editor', () => {
  const nothing: EditorAbilities = { forms: false, urls: false, notices: false }
  const everything: EditorAbilities = { forms: true, urls: true, notices: true }
  const ask = (more: Partial<Ask>): Ask => ({
    id: 'ask-1',
    kind: 'permission',
    agent: 'ccc/a',
    title: 'Run it?',
    askedAt: at,
    status: 'open',
    ...more,
  })
  const asked = (given: Ask, abilities: EditorAbilities, page?: (ask: Ask) => string) => {
    const question = questionFor(given, 's1', abilities, page)
    if ('impossible' in question) throw new Error(question.impossible)
    return question
  }

  test('no choice gives no answer, and never a refusal [acp.serve-asks]', () => {
    const question = asked(ask({ options: [{ id: 'y', label: 'Yes', kind: 'allow_once' }] }), nothing)
    expect(question.read({ outcome: { outcome: 'cancelled' } })).toBeUndefined()
    expect(question.read({ outcome: { outcome: 'selected', optionId: 'y' } })).toEqual({ option: 'y' })
    expect(question.params).toMatchObject({ sessionId: 's1', options: [{ optionId: 'y', name: 'Yes', kind: 'allow_once' }] })
  })

  test('an ask without options offers yes and no [acp.serve-asks]', () => {
    const question = asked(ask({ kind: 'confirm' }), nothing)
    expect(question.read({ outcome: { outcome: 'selected', optionId: 'no' } })).toEqual({ accept: false })
  })

  test('several questions are a form, or impossible for an editor without forms [acp.serve-asks]', () => {
    const questions = [
      { id: 'a', text: 'A?', options: [{ id: 'x', label: 'X' }] },
      { id: 'b', text: 'B?', options: [], freeText: true },
    ]
    const several = ask({ kind: 'question', questions })
    const question = asked(several, everything)
    expect(question.read({ action: 'accept', content: { a: 'x', b: 'text' } })).toEqual({ answers: { a: 'x', b: 'text' } })
    expect(question.read({ action: 'decline' })).toEqual({ accept: false })
    expect(question.read({ action: 'cancel' })).toBeUndefined()
    expect(questionFor(several, 's1', nothing)).toHaveProperty('impossible')
    const single = asked(ask({ kind: 'question', questions: questions.slice(0, 1) }), nothing)
    expect(single.read({ outcome: { outcome: 'selected', optionId: 'x' } })).toEqual({ answers: { a: 'x' } })
  })

  test('a secret is entered on a page and never in a form [acp.serve-secret]', () => {
    const pin = ask({ kind: 'secret', title: 'PIN of m-1' })
    expect(questionFor(pin, 's1', everything)).toHaveProperty('impossible')
    expect(questionFor(pin, 's1', nothing, () => 'https://gateway.example/pin')).toHaveProperty('impossible')
    const question = asked(pin, everything, () => 'https://gateway.example/pin')
    expect(question.params).toMatchObject({ mode: 'url', url: 'https://gateway.example/pin' })
    expect(question.read({ action: 'accept', content: { pin: '1234' } })).toBeUndefined()
  })

  test('what an editor can show is read from its answer to initialize [acp.serve-asks]', () => {
    expect(abilitiesOf({ clientCapabilities: { elicitation: { form: {} }, session: { notices: {} } } })).toEqual({
      forms: true,
      urls: false,
      notices: true,
    })
    expect(abilitiesOf({})).toEqual(nothing)
  })
})

describe('the text of a prompt', () => {
  test('text, links and embedded files are joined; images are refused [acp.serve-prompt]', () => {
    expect(
      promptText([
        { type: 'text', text: 'Look at' },
        { type: 'resource_link', name: 'a.ts', uri: 'file:///a.ts' },
        { type: 'resource', resource: { uri: 'file:///b.ts', text: 'b' } },
      ]),
    ).toBe('Look at\n[a.ts](file:///a.ts)\n<file path="file:///b.ts">\nb\n</file>')
    const refused = expect.objectContaining({ code: 'invalid_argument', sent: 'no' })
    expect(() => promptText([{ type: 'image', data: 'x', mimeType: 'image/png' }])).toThrow(refused)
    expect(() => promptText([])).toThrow(refused)
  })
})
