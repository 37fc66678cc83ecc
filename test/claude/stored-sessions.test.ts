/** The sessions of the CLI on disk, changed without a CLI. The shapes of the lines are those that the CLIs 2.0.76 and 2.1.332 write. */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { storedSessions, type StoredSessions } from '../../transports/node/claude/stored-sessions.js'

const ID = '6c359d7d-c882-4cdc-8b82-9272161718ea'
const at = (second: number): string => new Date(Date.UTC(2026, 10, 29, 15, 0, second)).toISOString()
let configDir: string
let project: string
let sessions: StoredSessions

const common = { isSidechain: false, cwd: '/work', version: '2.1.332', gitBranch: 'main', sessionId: ID }
const user = (uuid: string, parentUuid: string | null, content: unknown, second: number, more: object = {}) => ({
  ...common,
  type: 'user',
  uuid,
  parentUuid,
  message: { role: 'user', content },
  timestamp: at(second),
  ...more,
})
const assistant = (uuid: string, parentUuid: string, id: string, content: readonly object[], second: number) => ({
  ...common,
  type: 'assistant',
  uuid,
  parentUuid,
  message: { id, role: 'assistant', model: 'm', content },
  timestamp: at(second),
})
const call = (id: string) => ({ type: 'tool_use', id, name: 'Bash', input: {} })
const result = (id: string) => [{ type: 'tool_result', tool_use_id: id, content: 'ok' }]

const LINES: readonly object[] = [
  { type: 'queue-operation', operation: 'enqueue', sessionId: ID, timestamp: at(0) },
  user('u1', null, 'first prompt', 1),
  { ...common, type: 'attachment', uuid: 'x1', parentUuid: 'u1', attachment: {}, timestamp: at(1) },
  assistant('a1', 'x1', 'msg1', [call('t1')], 2),
  // Two tools that ran in parallel. Only one of their results is an ancestor of the last message.
  assistant('a2', 'a1', 'msg1', [call('t2')], 2),
  user('r1', 'a1', result('t1'), 3),
  user('r2', 'a2', result('t2'), 3),
  assistant('a3', 'r2', 'msg2', [{ type: 'text', text: 'done' }], 4),
  // A branch that does not lead to the last message.
  user('left', 'a3', 'a prompt that was taken back', 5),
  user('u2', 'a3', [{ type: 'text', text: 'second prompt' }], 6),
  user('meta', 'u2', 'a note', 6, { isMeta: true }),
  assistant('a4', 'meta', 'msg3', [{ type: 'text', text: 'again' }], 7),
  { type: 'last-prompt', lastPrompt: 'second prompt', sessionId: ID },
]

beforeEach(() => {
  configDir = mkdtempSync(join(tmpdir(), 'signalbox-stored-'))
  project = join(configDir, 'projects', '-work')
  mkdirSync(join(project, ID, 'subagents'), { recursive: true })
  writeFileSync(join(project, `${ID}.jsonl`), LINES.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const sub = { ...user('s1', null, 'say hi', 3), isSidechain: true, agentId: 'abc' }
  writeFileSync(join(project, ID, 'subagents', 'agent-abc.jsonl'), `${JSON.stringify(sub)}\n`)
  sessions = storedSessions({ configDir })
})
afterEach(() => rmSync(configDir, { recursive: true, force: true }))

test('[claude.stored-sessions] a session is listed with its prompts, folder and dates; a file without a message is no session', async () => {
  writeFileSync(join(project, `${crypto.randomUUID()}.jsonl`), '{"type":"summary","summary":"x"}\n')
  const list = await sessions.list()
  expect(list).toHaveLength(1)
  expect(list[0]).toMatchObject({
    sessionId: ID,
    summary: 'second prompt',
    title: undefined,
    firstPrompt: 'first prompt',
    tag: undefined,
    archived: false,
    cwd: '/work',
    gitBranch: 'main',
    createdAt: Date.parse(at(1)),
  })
  expect(await sessions.list({ offset: 1 })).toEqual([])
  expect(await sessions.list({ limit: 0 })).toEqual([])
})

test('[claude.stored-sessions] the messages are those that lead to the last one, with every tool result, and without notes', async () => {
  const messages = await sessions.messages(ID)
  expect(messages.map(({ uuid }) => uuid)).toEqual(['u1', 'a1', 'a2', 'r1', 'r2', 'a3', 'u2', 'a4'])
  expect((await sessions.messages(ID, { offset: 1, limit: 2 })).map(({ uuid }) => uuid)).toEqual(['a1', 'a2'])
  expect(await sessions.messages(crypto.randomUUID())).toEqual([])
})

test('[claude.stored-sessions] subagents are found in the folder of the session and, as 2.0 writes them, beside its file', async () => {
  const line = (sessionId: string) => `${JSON.stringify({ ...user('o1', null, 'hi', 1), sessionId, isSidechain: true })}\n`
  writeFileSync(join(project, 'agent-old1.jsonl'), line(ID))
  writeFileSync(join(project, 'agent-other.jsonl'), line(crypto.randomUUID()))
  expect(await sessions.subagents(ID)).toEqual(['abc', 'old1'])
  expect((await sessions.subagentMessages(ID, 'abc')).map(({ uuid }) => uuid)).toEqual(['s1'])
  expect((await sessions.subagentMessages(ID, 'old1')).map(({ uuid }) => uuid)).toEqual(['o1'])
  expect(await sessions.subagentMessages(ID, '../../x')).toEqual([])
})

test('[claude.stored-sessions] a title, a tag and the archive mark are stored, and a later prompt ends the archive', async () => {
  await sessions.rename(ID, ' My title ')
  await sessions.tag(ID, 'blue')
  await sessions.archive(ID)
  expect(await sessions.info(ID)).toMatchObject({ summary: 'My title', title: 'My title', tag: 'blue', archived: true })
  await sessions.tag(ID, null)
  await sessions.unarchive(ID)
  expect(await sessions.info(ID)).toMatchObject({ tag: undefined, archived: false })
  await sessions.archive(ID)
  const later = user('u3', 'a4', 'third prompt', 0, { timestamp: new Date(Date.now() + 60_000).toISOString() })
  appendFileSync(join(project, `${ID}.jsonl`), `${JSON.stringify(later)}\n`)
  expect(await sessions.info(ID)).toMatchObject({ archived: false })
})

test('[claude.stored-sessions] a change after a line that was not finished leaves both readable', async () => {
  const path = join(project, `${ID}.jsonl`)
  appendFileSync(path, '{"type":"user","uuid":"half')
  await sessions.rename(ID, 'Title')
  expect(await sessions.info(ID)).toMatchObject({ title: 'Title', firstPrompt: 'first prompt' })
  expect(readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)).toBe(
    JSON.stringify({ type: 'custom-title', customTitle: 'Title', sessionId: ID }),
  )
})

test('[claude.stored-sessions] a fork has new ids, the same messages up to the one that is named, and leaves the session unchanged', async () => {
  const before = readFileSync(join(project, `${ID}.jsonl`), 'utf8')
  const copy = await sessions.fork(ID, { upTo: 'a3', title: 'The fork' })
  expect(readFileSync(join(project, `${ID}.jsonl`), 'utf8')).toBe(before)
  const messages = await sessions.messages(copy)
  const texts = (await sessions.messages(ID)).slice(0, 6).map(({ message }) => message?.content)
  expect(messages.map(({ message }) => message?.content)).toEqual(texts)
  expect(messages.some(({ uuid }) => LINES.some((line) => (line as { uuid?: string }).uuid === uuid))).toBe(false)
  expect(messages[0]?.entry).toMatchObject({ parentUuid: null, sessionId: copy, forkedFrom: { sessionId: ID, messageUuid: 'u1' } })
  expect(await sessions.info(copy)).toMatchObject({ title: 'The fork' })
  expect(await sessions.info(await sessions.fork(ID))).toMatchObject({ title: 'second prompt (fork)' })
})

test('[claude.stored-sessions] a deleted session leaves no file, and an unknown session, message or id is refused', async () => {
  writeFileSync(join(project, 'agent-old1.jsonl'), `${JSON.stringify({ ...user('o1', null, 'hi', 1), isSidechain: true })}\n`)
  await expect(sessions.fork(ID, { upTo: 'nothing' })).rejects.toMatchObject({ code: 'not_found' })
  await sessions.delete(ID)
  expect([
    existsSync(join(project, `${ID}.jsonl`)),
    existsSync(join(project, ID)),
    existsSync(join(project, 'agent-old1.jsonl')),
  ]).toEqual([false, false, false])
  for (const change of [
    () => sessions.delete(ID),
    () => sessions.rename(ID, 'x'),
    () => sessions.tag(ID, 'x'),
    () => sessions.archive(ID),
    () => sessions.fork(ID),
  ])
    await expect(change()).rejects.toMatchObject({ code: 'not_found', sent: 'no' })
  await expect(sessions.delete('../../etc')).rejects.toMatchObject({ code: 'invalid_argument' })
  await expect(sessions.rename(ID, '  ')).rejects.toMatchObject({ code: 'invalid_argument' })
})
