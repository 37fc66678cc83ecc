/** The events of our source for each line of a real agent. The recordings are replayed to the source. */
import { describe, expect, test } from 'vitest'
import { acpSource } from '../../src/acp/index.js'
import type { Ask } from '../../src/hub/model/ask.js'
import type { SourceEvent } from '../../src/hub/source.js'
import { eventually } from '../eventually.js'
import { acpRecording, recordingNames, type Json } from './recordings.js'
import { replay } from './replay.js'
import { checkedLines } from './schema-check.js'

const STATUS: Readonly<Record<string, string>> = { pending: 'pending', in_progress: 'running', completed: 'done', failed: 'failed' }
const ROLES: Readonly<Record<string, string>> = {
  agent_message_chunk: 'agent',
  agent_thought_chunk: 'thought',
  user_message_chunk: 'user',
}
const KEPT_RAW = ['available_commands_update', 'config_option_update', 'current_mode_update', 'session_info_update']

/** The event that docs/acp.md promises for an update. */
function promised(update: Json): object {
  const { sessionUpdate, content, messageId, toolCallId, status, entries, used, size, title } = update
  const kind = String(sessionUpdate)
  if (ROLES[kind]) return { kind: 'message', role: ROLES[kind], id: messageId, text: (content as Json).text, how: 'append' }
  if (kind === 'tool_call' || kind === 'tool_call_update') {
    return { kind: 'tool', id: toolCallId, ...(status === undefined ? {} : { status: STATUS[String(status)] }) }
  }
  if (kind === 'plan') return { kind: 'plan', entries: (entries as Json[]).map((entry) => ({ text: entry.content })) }
  if (kind === 'usage_update') return { kind: 'usage', scope: 'session', context: { used, size } }
  if (kind === 'notice') return { kind: 'notice', text: title }
  expect(KEPT_RAW).toContain(kind)
  return { kind: 'unknown', name: kind }
}

/** Plays the prompts of a recording, with the answers of the recording, and gives what the source pushed. */
async function played(name: string) {
  const recording = acpRecording(name)
  const { lines } = recording
  const { transport, received } = replay(recording)
  const events: SourceEvent[] = []
  const responses = lines.filter(({ from, message }) => from === 'client' && message.result !== undefined)
  const source = acpSource({ transport, cwd: '/srv/ann/work', ...(name === 'sessions' ? {} : { mode: 'default' }) })
  const push = (event: SourceEvent): void => {
    events.push(event)
    const cancelNow = name === 'cancel-while-streaming' && event.kind === 'message'
    if (event.kind !== 'ask') return cancelNow ? void source.cancel?.({ agent: 'acp/main', turn: event.turn ?? '' }) : undefined
    const { outcome, content } = Object(responses.shift()?.message.result) as { outcome?: Json; content?: Record<string, string> }
    const { nativeId } = event.ask
    const ask = { ...event.ask, id: nativeId, agent: 'acp/main', askedAt: '', status: 'open' } as Ask
    if (outcome?.outcome === 'cancelled') void source.cancel?.({ agent: 'acp/main', turn: event.turn ?? '' })
    else if (outcome) void source.answer?.(ask, nativeId, { option: String(outcome.optionId) }, 'ann')
    else void source.answer?.(ask, nativeId, { answers: content ?? {} }, 'ann')
  }
  await source.open({ push })
  const prompts = lines.filter(({ from, message }) => from === 'client' && message.method === 'session/prompt').length
  // The second prompt of the recording `sessions` goes to a fork, which the test below opens.
  for (let turn = 1; turn <= (name === 'sessions' ? 1 : prompts); turn += 1) {
    await source.prompt?.({ promptId: `p${turn}`, agent: 'acp/main', text: 'x', by: 'ann' })
    await eventually(() => events.find((event) => event.kind === 'end' && event.turn === `p${turn}`) ?? expect.fail('not ended'))
  }
  return { recording, received, events, source, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() }
}

/** The recordings with a prompt. */
const prompted = recordingNames().filter((name) => name !== 'logout' && name !== 'options')

describe('a recording of claude-agent-acp', () => {
  test.each(prompted)('%s: each update becomes the event that the documents name [acp.recorded]', async (name) => {
    await using held = await played(name)
    const { recording, events } = held
    expect(recording.about).toMatchObject({ agent: '@agentclientprotocol/claude-agent-acp', version: '0.101.0' })
    const updates = recording.lines.flatMap(({ message }) => {
      const { update } = Object(message.params) as { update?: Json }
      return update ? [update] : []
    })
    // The event of an update carries it as raw. A `replace` closes the message before it.
    const seen = events.filter(({ raw, ...event }) => raw !== undefined && !(event.kind === 'message' && event.how === 'replace'))
    expect(seen.length).toBeGreaterThan(3)
    if (name !== 'sessions') expect(seen.length).toBe(updates.length)
    for (const { raw, ...event } of seen) expect(event).toMatchObject(promised(raw as Json))
  })

  test.each(recordingNames())('%s: every line of the agent is valid against the schema of the SDK [acp.recorded]', (name) => {
    expect(checkedLines(acpRecording(name).lines)).toEqual([])
  })

  const endsOf = async (name: string) => {
    await using held = await played(name)
    return held.events.flatMap((event) => (event.kind === 'end' ? [event] : []))
  }

  test('each response to a prompt is one end with its outcome [acp.recorded]', async () => {
    expect(await endsOf('prompt')).toMatchObject([
      { outcome: 'completed', stopReason: 'end_turn', text: 'Hello from the fake model.' },
    ])
    expect(await endsOf('thinking')).toMatchObject([{ outcome: 'completed', text: 'The answer is 4.' }])
    expect(await endsOf('permission-allowed')).toMatchObject([{ outcome: 'completed' }])
    expect(await endsOf('permission-cancelled')).toMatchObject([{ outcome: 'cancelled', stopReason: 'cancelled' }])
    expect(await endsOf('cancel-while-streaming')).toMatchObject([{ outcome: 'cancelled', stopReason: 'cancelled' }])
    expect(await endsOf('errors')).toMatchObject([
      { outcome: 'failed', error: { code: 'not_found' }, sent: 'no' },
      { outcome: 'failed', error: { code: 'remote', remoteCode: '-32603' }, sent: 'yes' },
      { outcome: 'refused', stopReason: 'refusal' },
      { outcome: 'failed', error: { code: 'remote' } },
    ])
  })

  test('a permission request is an ask with its options, and the chosen option reaches the agent [acp.recorded]', async () => {
    await using held = await played('permission-denied')
    expect(held.events.find(({ kind }) => kind === 'ask')).toMatchObject({
      turn: 'p1',
      ask: { kind: 'permission', tool: 'Bash', title: 'touch denied.txt', danger: 'high', input: { command: 'touch denied.txt' } },
    })
    expect(held.received.at(-1)).toMatchObject({ id: 0, result: { outcome: { outcome: 'selected', optionId: 'reject' } } })
    const tools = held.events.flatMap((event) => (event.kind === 'tool' ? [event.status] : []))
    expect(tools).toEqual(['pending', 'pending', 'pending', 'failed'])
  })

  test('a question is an ask with two questions, of which one may stay without an answer [acp.recorded]', async () => {
    await using held = await played('question')
    expect(held.events.find(({ kind }) => kind === 'ask')).toMatchObject({
      ask: {
        kind: 'question',
        title: 'Which colour?',
        questions: [
          { id: 'question_0', options: [{ id: 'Red' }, { id: 'Blue' }] },
          { id: 'question_0_custom', freeText: true },
        ],
      },
    })
    expect(held.received.at(-1)).toMatchObject({ result: { action: 'accept', content: { question_0: 'Red' } } })
  })

  test('an edit has the diff of the new file [acp.recorded]', async () => {
    await using held = await played('edit')
    const [tool] = held.events.filter((event) => event.kind === 'tool' && event.diff !== undefined)
    expect(tool).toMatchObject({ diff: [{ path: '/srv/ann/edit/work/new.txt', newText: 'written by the fake model\n' }] })
  })

  test('sessions are listed, forked, closed and loaded [acp.recorded]', async () => {
    await using held = await played('sessions')
    const { source, received } = held
    const [listed] = (await source.sessions?.('acp/main', {})) ?? []
    expect(listed).toMatchObject({ title: 'hello there', facts: { cwd: '/srv/ann/sessions/work' } })
    const fork = await source.openSession?.('acp/main', { fork: listed?.id }, {})
    expect(fork?.id).not.toBe(listed?.id)
    await source.closeSession?.('acp/main', fork?.id ?? '', {})
    const past = await source.history?.('acp/main', { session: listed?.id })
    expect(past?.events.flatMap((event) => (event.kind === 'message' && !event.partial ? [[event.role, event.text]] : []))).toEqual(
      [
        ['user', 'hello there'],
        ['agent', 'Hello from the fake model.'],
      ],
    )
    expect(received.map(({ method }) => method)).toContain('session/fork')
  })
})
